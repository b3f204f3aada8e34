package rules

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// TestMissedTimeout holds that a server's timeout shows also on connections
// that their clients used once more after it.
func TestMissedTimeout(t *testing.T) {
	p := play(t, `
conn 40001..40003 every 7
0.000 $open
0.002 > P. $get
0.010 < P. $ok
2.010 < F.
2.011 > . ack 42
2.500 > P. $get
2.501 < R 42:42(0)`)
	x, ok := p.PolicyOf(cause.IdleTimeout, analyze.Server, "198.51.100.1:80")
	if !ok || x.Value != 2e9 || x.Samples != 3 {
		t.Errorf("got timeout of %d ns by %d samples, want 2e9 by 3", x.Value, x.Samples)
	}
	if f := p.Findings[0]; f.Rule != lateRequest || !strings.Contains(f.Words(), "now 2.000 s") {
		t.Errorf("got %s with fix %q, want %s with the timeout", f.Rule.ID, f.Fix, lateRequest.ID)
	}
}
