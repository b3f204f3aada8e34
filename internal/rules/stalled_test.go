package rules

import (
	"strings"
	"testing"
)

// TestFixForLeftResponses holds that a client that opens others while it leaves
// responses unread is told so, and one that only reads slowly is not.
func TestFixForLeftResponses(t *testing.T) {
	const stall = `
0.000 $open
0.002 > P. $get
0.010 < P. $part
0.011 > . win 0
0.411 < . 48:48(0)
0.412 > . win 0
3.011 > . win 65535
`
	for _, c := range []struct {
		every string
		left  bool
	}{{"1", true}, {"0.0001", false}} {
		p := play(t, "conn 40001..40005 every "+c.every+stall)
		if len(p.Findings) == 0 || p.Findings[0].Rule != stalled {
			t.Fatalf("every %s s: got %s, want %s", c.every, summary(p.Diagnosis), stalled.ID)
		}
		if got := strings.HasPrefix(p.Findings[0].Fix, "read each response to its end"); got != c.left {
			t.Errorf("every %s s: got the fix %q, want to read responses: %v", c.every, p.Findings[0].Fix, c.left)
		}
	}
}
