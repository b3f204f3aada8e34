package text

import (
	"math"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

func TestHost(t *testing.T) {
	r := reporttest.Hosted()
	text := string(reporttest.Render(t, Write, r))
	for _, want := range []string{
		"THIS HOST", "TIME_WAIT", "DIFFER", "match", "the kernel dropped 77 of them early",
		"28,232 to one server and port (32768 to 60999, ip_local_port_range)", "unknown in use", "ListenOverflows 3",
		"10.1.0.7 -> 10.1.0.5:8080", `\x1b[31m`, "and 1 more", "(unknown: it has ended, or",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
	if strings.ContainsRune(text, '\x1b') {
		t.Error("got an escape of a process's name on the terminal")
	}
}

// TestOtherBudgets tells of ports where they are not the default.
func TestOtherBudgets(t *testing.T) {
	r := reporttest.Incident()
	r.Result.Pairs[0].PortBudget = 1000
	want := "of 28,232 by default, 1,000 at " + r.Result.Pairs[0].Client.String()
	if text := string(reporttest.Render(t, Write, r)); !strings.Contains(text, want) {
		t.Errorf("got no %q in\n%s", want, text)
	}
	if !math.IsNaN(r.Result.Pairs[1].ReuseRatio) {
		t.Error("the second pair is not the one without requests")
	}
}
