package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recordedWithKeys holds what the rules make of recordings of HTTP/2 over TLS with their
// key logs.
var recordedWithKeys = map[string]judged{
	"grpc-tls-unary":          {"ok", ""},
	"h2-apache-idle":          {"problem", "KA1008"},
	"h2-caddy-mux":            {"ok", ""},
	"h2-caddy-reload":         {"ok", ""},
	"h2-curl-parallel":        {"ok", ""},
	"h2-go-cancel":            {"ok", ""},
	"h2-go-drain":             {"ok", ""},
	"h2-go-kept-after-goaway": {"ok", ""},
	"h2-go-loss":              {"ok", ""},
	"h2-go-midstream":         {"ok", ""},
	"h2-go-mux":               {"ok", ""},
	"h2-go-next-mux":          {"ok", ""},
	"h2-go-pings":             {"ok", ""},
	"h2-go-refused":           {"ok", "KA1063 KA1064 KA1072"},
	"h2-haproxy-stop":         {"ok", ""},
	"h2-nginx-age":            {"ok", ""},
	"h2-nginx-refused":        {"ok", ""},
	"h2-nginx-reload":         {"ok", ""},
	"h2-nginx-requests":       {"problem", "KA1006 KA1061"},
	"h2-node-next-cancel":     {"ok", ""},
	"h2-node-next-pings":      {"ok", ""},
	"h2-undici7":              {"ok", "KA1080"},
	"h2-undici8":              {"ok", ""},
	"h2-websocket":            {"ok", ""},
}

// TestRecordingsAreJudgedWithKeys compares it. Of what is healthy nothing is more than low.
func TestRecordingsAreJudgedWithKeys(t *testing.T) {
	for name, want := range recordedWithKeys {
		file := filepath.Join(recordings, name)
		c := reading(file + ".pcap")
		c.TLSKeyLog = file + ".keylog"
		got := ask(t, c)
		rules := make([]string, len(got.Findings))
		for i := range got.Findings {
			rules[i] = got.Findings[i].Rule
		}
		slices.Sort(rules)
		if is := (judged{got.Verdict.Level, strings.Join(rules, " ")}); is != want {
			t.Errorf("%s: got %v, want %v", name, is, want)
		}
		b, err := os.ReadFile(file + ".truth.json")
		if err != nil {
			t.Fatal(err)
		}
		var truth truth
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
		}
		checkHealth(t, got, &truth)
	}
}

// TestHTTP2HasItsRow finds recordings of HTTP/2 with keys that the table lacks.
func TestHTTP2HasItsRow(t *testing.T) {
	for _, name := range captures(t, recordings) {
		if _, err := os.Stat(filepath.Join(recordings, name+".keylog")); err != nil || !strings.HasPrefix(name, "h2-") && !strings.HasPrefix(name, "grpc-") {
			continue
		}
		if _, ok := recordedWithKeys[name]; !ok {
			t.Errorf("%s: no row in recordedWithKeys", name)
		}
	}
}

// TestHTTP2NeedsAsManyAs holds that a client is told how many connections are enough by what
// its server allows: 3 streams on each, of 9 at once.
func TestHTTP2NeedsAsManyAs(t *testing.T) {
	file := filepath.Join(recordings, "h2-go-refused")
	c := reading(file + ".pcap")
	c.TLSKeyLog = file + ".keylog"
	text := strings.Join(strings.Fields(succeed(t, c)), " ")
	if want := "has up to 7 connections with HTTP/2 to 10.20.0.2:8080 at once, where 3 are enough: 7 in all"; !strings.Contains(text, want) {
		t.Errorf("want %q in\n%s", want, text)
	}
}
