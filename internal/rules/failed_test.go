package rules

import "testing"

// TestFailed holds that a finding counts the requests that got no response, not
// the connections that show it.
func TestFailed(t *testing.T) {
	const used = `
conn 40001..40003 every 0.1
0.000 $open
0.002 > P. $get
0.010 < P. $ok
`
	for _, c := range []struct {
		name, script string
		failed       int64
	}{
		{"an idle connection is reset", "4.010 < R 41:41(0) ttl 255", 0},
		{"a request is answered by a reset", "4.010 > P. $get\n4.011 < R 41:41(0) ttl 255", 3},
		{"the close is lost", "4.010 > F.\n4.210 > F. 28:28(0)\n4.610 > F. 28:28(0)\n5.410 > F. 28:28(0)\n7.010 > F. 28:28(0)", 0},
		{"a request is lost", "4.010 > P. $get\n4.210 > P. 28:55(27) $get\n4.610 > P. 28:55(27) $get\n5.410 > P. 28:55(27) $get\n7.010 > P. 28:55(27) $get", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, used+c.script)
			if len(p.Findings) == 0 || p.Findings[0].Failed != c.failed {
				t.Errorf("got, want %d failed requests in the first finding:\n%s", c.failed, summary(p.Diagnosis))
			}
		})
	}
}
