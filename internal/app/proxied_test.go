package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// TestProxied has a connection with a PROXY protocol header: who speaks through it is in
// every format that shows connections, and nowhere where names are replaced.
func TestProxied(t *testing.T) {
	const client, server = "203.0.113.7:51000", "203.0.113.80:443"
	for name, sent := range map[string]string{
		"whole":     `0.003 > P. "PROXY TCP4 203.0.113.7 203.0.113.80 51000 443\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"`,
		"in pieces": `0.003 > P. "PROXY TCP4 "` + "\n" + `0.003 > P. "203.0.113.7 203.0.113.80 51000 443\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"`,
	} {
		t.Run(name, func(t *testing.T) { proxied(t, sent, client, server, name == "whole") })
	}
}

// proxied looks at the formats of a report on a connection of which that was sent first.
// In evidence a header that is whole is known as one.
func proxied(t *testing.T, sent, client, server string, known bool) {
	t.Helper()
	file := save(t, capturetest.Pcap(t, `
0.000 > S  0:0(0)
0.001 < S. 0:0(0) ack 1
0.002 > .  ack 1
`+sent+`
0.004 < P. "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
9.000 < F. ack 84
9.001 > F. ack 40`))
	dir := t.TempDir()
	for _, c := range []Config{
		{Format: "json"}, {Format: "ndjson"}, {Format: "csv"}, {Format: "html"}, {Format: "text"}, {Format: "md"},
		{Format: "text", Conn: 1}, {Format: "json", Conn: 1},
	} {
		c.Read = []string{file}
		text := succeed(t, c)
		if !strings.Contains(text, client) || !strings.Contains(text, server) {
			t.Errorf("%s, connection %d: got %s\nwant %s and %s in it", c.Format, c.Conn, text, client, server)
		}
		c.Anonymize, c.Evidence = "key", filepath.Join(dir, "proof.pcap")
		if c.Conn != 0 {
			c.Evidence = ""
		}
		if text := succeed(t, c); strings.Contains(text, "203.0.113.") {
			t.Errorf("%s, connection %d: got %s\nwant pseudonyms", c.Format, c.Conn, text)
		}
	}
	proof, err := os.ReadFile(filepath.Join(dir, "proof.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(proof); strings.Contains(text, "203.0.113.") || strings.Contains(text, "PROXY UNKNOWN ") != known || !strings.Contains(text, "GET /") {
		t.Errorf("got evidence %q, want a header that says nothing, and the request", text)
	}
}
