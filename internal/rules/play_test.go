package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// played is a script and what became of it.
type played struct {
	*causetest.Play
	*Diagnosis
}

// play diagnoses a script, at once and as a live capture does, where
// connections are judged one by one: both must agree.
func play(t *testing.T, text string) played {
	t.Helper()
	p := played{Play: causetest.Run(t, text)}
	p.Diagnosis = Run(p.Result, 2)
	d := cause.NewCollector(1)
	streamed := Diagnose(d, p.OneByOne(func(c *analyze.Connection, now int64) { d.Add(c, now) }))
	if got, want := summary(streamed), summary(p.Diagnosis); got != want {
		t.Errorf("judged one by one:\n%s\nwant as when judged together:\n%s", got, want)
	}
	return p
}

// summary writes what a diagnosis comes to.
func summary(d *Diagnosis) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s\n", d.Verdict.Level, d.Verdict.Text)
	for _, r := range d.Records() {
		fmt.Fprintf(&b, "  %d %v by %q: %s\n", r.ID, r.Cause, r.By, r.Observed())
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "  %s [%v] %s\n", f.Rule.ID, f.Severity, f.Title)
	}
	return b.String()
}
