package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestWords tells flags from words.
func TestWords(t *testing.T) {
	for _, tt := range []struct{ args, read, words string }{
		{"a.pcap", "", "a.pcap"},
		{"- udp port 53", "", "- udp port 53"},
		{"-r a.pcap -r b.pcap udp", "a.pcap b.pcap", "udp"},
		{"-n -r a.pcap -c 5 port 80 -v", "a.pcap", "port 80"},
		{"a.pcap -- ip[0] - 64 = 5", "", "a.pcap ip[0] - 64 = 5"},
		{"a.pcap --json port 80", "", "a.pcap port 80"},
		{"", "", ""},
		{"--demo port 80", "", "port 80"},
	} {
		c, err := parse(strings.Fields(tt.args))
		if err != nil {
			t.Errorf("%q: %v", tt.args, err)
			continue
		}
		if read, words := strings.Join(c.Read, " "), strings.Join(c.Words, " "); read != tt.read || words != tt.words {
			t.Errorf("%q: got files %q, words %q; want %q, %q", tt.args, read, words, tt.read, tt.words)
		}
		if demo := strings.Contains(tt.args, "--demo"); demo != (c.Demo != nil) {
			t.Errorf("%q: got %d bytes of the demo", tt.args, len(c.Demo))
		}
	}
}

// TestHelpListsFlags finds every flag of the manual in the help and every flag
// of the help in the manual or its own words.
func TestHelpListsFlags(t *testing.T) {
	help := usage()
	for _, want := range []string{"--read", "--filter-file", "--count", "--conn", "--server", "--json-schema", "ndjson", "Exit codes: 0"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help lacks %s", want)
		}
	}
	if lines := strings.Split(help, "\n"); slices.ContainsFunc(lines, func(l string) bool { return len(l) > 90 }) {
		t.Error("the help has lines of more than 90 columns")
	}
	if got := versionText(); !strings.HasPrefix(got, "kaanalyze "+app.Version) {
		t.Errorf("version: got %q", got)
	}
}
