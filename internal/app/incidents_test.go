package app

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// incidents are the recordings of what went wrong elsewhere, replayed with real
// programs.
var incidents = filepath.Join(recordings, "incidents")

// TestIncidents holds the causes and findings of the recordings of incidents to
// testdata/incidents/truth.tsv: for each capture how many connections have a cause
// at least and at most, which rule is told first, and a part of its fix: what helped
// where the incident was reported.
func TestIncidents(t *testing.T) {
	rows := readTSV(t, filepath.Join(incidents, "truth.tsv"))
	named := map[string]bool{}
	answers := map[string]*answer{}
	for _, row := range rows {
		name := row["capture"]
		named[name] = true
		if answers[name] == nil {
			answers[name] = ask(t, reading(filepath.Join(incidents, name+".pcap")))
		}
		got := answers[name]
		n := 0
		for i := range got.Connections {
			if got.Connections[i].NotReused.Cause == row["cause"] {
				n++
			}
		}
		least, most := number(t, row["least"]), number(t, row["most"])
		if n < least || n > most {
			t.Errorf("%s: got %d connections with %s, want %d to %d", name, n, row["cause"], least, most)
		}
		first, fix := "none", ""
		if len(got.Findings) > 0 {
			f := &got.Findings[0]
			first, fix = f.Rule, strings.Join(append(f.Alternatives, f.Fix, f.Note), "; ")
		}
		if want := row["first"]; want != "" && first != want || !strings.Contains(fix, row["fix"]) {
			t.Errorf("%s: got %s first, whose advice is %q; want %s, and %q in it", name, first, fix, want, row["fix"])
		}
	}
	for _, name := range captures(t, incidents) {
		if !named[name] {
			t.Errorf("%s has no row in truth.tsv", name)
		}
	}
}

// number reads a count of truth.tsv.
func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
