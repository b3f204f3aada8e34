package rules

import (
	"strings"
	"testing"
)

// TestClientLimit holds that a client which closes each connection after as
// many requests is told of that limit, and one that just ends is not.
func TestClientLimit(t *testing.T) {
	const two = `
0.000 $open
0.002 > P. $get
0.010 < P. $ok
0.102 > P. $get
0.110 < P. $ok
0.111 > F.
0.112 < F.
0.113 > .
`
	for _, c := range []struct {
		name, conns string
		limit       bool
	}{
		{"others follow", "conn 40001..40004 every 1", true},
		{"none follows", "conn 40001..40004 every 0.03", false},
		{"one carries more", "conn 40010\n9.000 $open\n9.002 > P. $get\n9.010 < P. $ok\n9.102 > P. $get\n9.110 < P. $ok\n9.202 > P. $get\n9.210 < P. $ok\nconn 40001..40004 every 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := false
			for _, f := range play(t, c.conns+two).Findings {
				if f.Rule == clientPerRequest {
					got = strings.Contains(f.Fix, "keepalive_requests") && strings.HasSuffix(f.brief, "after 2 requests")
				}
			}
			if got != c.limit {
				t.Errorf("KA1014 with a limit: %v, want %v", got, c.limit)
			}
		})
	}
}
