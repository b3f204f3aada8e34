package app

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runOtherSide returns the report of one capture of testdata/bothends beside another one.
func runOtherSide(t *testing.T, format, here, there string, set func(*Config)) string {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "bothends")
	c := Defaults()
	c.Read, c.OtherSide, c.Format, c.Quiet = []string{filepath.Join(dir, here)}, filepath.Join(dir, there), format, true
	if set != nil {
		set(&c)
	}
	var stdout, stderr bytes.Buffer
	j, err := New(&c, strings.NewReader(""), &stdout, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	if code := j.Run(); code != 0 {
		t.Fatalf("got exit code %d\n%s", code, stderr.String())
	}
	return stdout.String()
}

// TestOtherSide holds that every format but CSV and pictures tells of both captures.
func TestOtherSide(t *testing.T) {
	for format, want := range map[string][]string{
		"text":   {"BOTH ENDS", "20 by both initial sequence numbers", "+37.2", "to the server   196    13", "6 RSTs arrived", "no SYN arrived"},
		"md":     {"Both ends", "20 by both initial sequence numbers", "6 RSTs arrived"},
		"html":   {"20 by both initial sequence numbers", "6 RSTs arrived"},
		"ndjson": {`"other_side":{`, `"forged_rst":6`},
	} {
		got := runOtherSide(t, format, "loss.client.pcap", "loss.server.pcap", nil)
		for _, s := range want {
			if !strings.Contains(got, s) {
				t.Errorf("%s: got no %q in\n%.3000s", format, s, got)
			}
		}
	}
}

// TestOtherSideJSON holds some numbers of the contract.
func TestOtherSideJSON(t *testing.T) {
	var r struct {
		OtherSide struct {
			Matched int       `json:"matched"`
			Offset  float64   `json:"offset_seconds"`
			Bounds  []float64 `json:"offset_bounds_seconds"`
			NAT     []struct{ Connections int }
			Lost    struct {
				ToServer int `json:"to_server"`
				ToClient int `json:"to_client"`
			} `json:"lost_packets"`
			Forged []struct{ Packet int }
		} `json:"other_side"`
	}
	if err := json.Unmarshal([]byte(runOtherSide(t, "json", "loss.client.pcap", "loss.server.pcap", nil)), &r); err != nil {
		t.Fatal(err)
	}
	o := &r.OtherSide
	if o.Matched != 20 || len(o.Bounds) != 2 || o.Bounds[0] > 37.25 || o.Bounds[1] < 37.25 || len(o.NAT) != 1 || o.NAT[0].Connections != 20 ||
		o.Lost.ToServer != 13 || o.Lost.ToClient != 9 || len(o.Forged) != 6 {
		t.Errorf("got %+v", o)
	}
}

// TestOtherSideAnonymized holds that neither the name nor the addresses of the other
// capture are told.
func TestOtherSideAnonymized(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		got := runOtherSide(t, format, "loss.client.pcap", "loss.server.pcap", func(c *Config) { c.Anonymize = "a long key that nobody guesses" })
		for _, s := range []string{"10.21.", "loss.server"} {
			if strings.Contains(got, s) {
				t.Errorf("%s has %q", format, s)
			}
		}
		if !strings.Contains(got, "other-side.pcap") {
			t.Errorf("%s does not name the other capture", format)
		}
	}
}

// TestOtherSideRefused holds what it does not go with.
func TestOtherSideRefused(t *testing.T) {
	there := filepath.Join("..", "..", "testdata", "bothends", "loss.server.pcap")
	here := filepath.Join("..", "..", "testdata", "bothends", "loss.client.pcap")
	for want, set := range map[string]func(*Config){
		"--follow exclude": func(c *Config) { c.Follow = true },
		"--each exclude":   func(c *Config) { c.Each = true },
		"--conn exclude":   func(c *Config) { c.Conn = 1 },
		"no such file":     func(c *Config) { c.OtherSide = there + "x" },
		"from a file":      func(c *Config) { c.OtherSide = "-" },
	} {
		c := Defaults()
		c.Read, c.OtherSide = []string{here}, there
		set(&c)
		if _, err := New(&c, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q in it", err, want)
		}
	}
}

// TestOtherSideCorrects holds what the capture of the other end changes of causes and
// findings, seen from either end: an RST of a firewall is no refusal, what it rejected is not
// lost, and where nothing is lost or forged nothing is told.
func TestOtherSideCorrects(t *testing.T) {
	type corrected struct {
		From, To    string
		Connections int
	}
	for _, tc := range []struct {
		here, there string
		corrected   []corrected
		findings    map[string]int64 // connections by rule, 0 for none
		title       string           // part of that of KA1090
	}{
		{"loss.client.pcap", "loss.server.pcap", []corrected{{"refused", "middlebox_reset", 1}},
			map[string]int64{"KA1022": 5, "KA1027": 0, "KA1090": 9}, "8 packets to 10.21.2.2:8080 and 7 packets from 10.21.2.2:8080"},
		{"loss.server.pcap", "loss.client.pcap", []corrected{{"", "middlebox_reset", 3}}, map[string]int64{"KA1022": 3, "KA1090": 10}, "9 packets to"},
		{"reset.client.pcap", "reset.server.pcap", nil, map[string]int64{"KA1022": 12, "KA1090": 0}, ""},
		{"reset.server.pcap", "reset.client.pcap", []corrected{{"", "middlebox_reset", 6}, {"no_request", "middlebox_reset", 6}}, map[string]int64{"KA1022": 12, "KA1044": 0, "KA1090": 0}, ""},
		{"merged.client.pcap", "merged.server.pcap", nil, map[string]int64{"KA1022": 0, "KA1090": 0}, ""},
		{"stripped.server.pcap", "stripped.client.pcap", nil, map[string]int64{"KA1022": 0, "KA1090": 0}, ""},
		{"loss.client.pcap", "loss.client.pcap", nil, map[string]int64{"KA1022": 4, "KA1027": 1, "KA1090": 0}, ""}, // the same packets prove nothing
	} {
		var r struct {
			OtherSide struct {
				Corrected []corrected `json:"corrected_causes"`
			} `json:"other_side"`
			Findings []struct {
				Rule, Title string
				Connections int64
			}
		}
		if err := json.Unmarshal([]byte(runOtherSide(t, "json", tc.here, tc.there, nil)), &r); err != nil {
			t.Fatal(err)
		}
		if got := r.OtherSide.Corrected; len(got) != len(tc.corrected) || len(got) > 0 && !slices.Equal(got, tc.corrected) {
			t.Errorf("%s beside %s: corrected %v, want %v", tc.here, tc.there, got, tc.corrected)
		}
		got := map[string]int64{}
		for _, f := range r.Findings {
			got[f.Rule] += f.Connections
			if f.Rule == "KA1090" && !strings.Contains(f.Title, tc.title) {
				t.Errorf("%s beside %s: got %q, want %q in it", tc.here, tc.there, f.Title, tc.title)
			}
		}
		for rule, want := range tc.findings {
			if got[rule] != want {
				t.Errorf("%s beside %s: %s has %d connections, want %d", tc.here, tc.there, rule, got[rule], want)
			}
		}
	}
}
