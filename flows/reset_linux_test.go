package flows_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// TestResetLinux compares what is made of an RST with what Linux did, in every state
// and at every place: testdata/resets/linux.txt, which testdata/lab/resets recorded.
// Where the socket went on it often said so, and that was captured, too.
func TestResetLinux(t *testing.T) {
	table, err := os.ReadFile("../testdata/resets/linux.txt")
	if err != nil {
		t.Fatal(err)
	}
	var state, lead string
	states, rows := 0, 0
	for line := range strings.Lines(string(table)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "state "); ok {
			state, lead = name, ""
			states++
			continue
		}
		place, rest, isRow := strings.Cut(line, " | ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case !isRow:
			lead += line + "\n"
			continue
		}
		rows++
		packet, rest, _ := strings.Cut(rest, " | ")
		outcome, answers, _ := strings.Cut(rest, " | ")
		script := lead + "1.00 " + packet
		for i, answer := range strings.Split(answers, "; ") {
			if answer != "" {
				script += fmt.Sprintf("\n1.%02d %s", 1+i, answer)
			}
		}
		_, conns, _ := follow(t, script)
		by, _, _, _ := conns[0].Resets()
		if got, want := by != flows.NoSide, outcome == "closed"; got != want {
			t.Errorf("%s, %s: %s: accepted: %v, but Linux %s", state, place, packet, got, outcome)
		}
	}
	if states < 13 || rows < 13*27 {
		t.Errorf("got %d states and %d rows, want 13 and 351 at least", states, rows)
	}
}
