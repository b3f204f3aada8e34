package rules

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// TestLeakedOrCutOff holds that connections which a server has and their far client
// does not use any more are told with both reasons: at the server they look alike.
func TestLeakedOrCutOff(t *testing.T) {
	const used = `
conn 40001..40009 every 10
0.000 > S 0:0(0) ttl TTL
0.001 < S. 0:0(0) ack 1 ttl 64
0.002 > . ack 1 ttl TTL
0.003 > P. $get ttl TTL
0.010 < P. $ok ttl 64
0.011 > . ttl TTL
2.003 > P. $get ttl TTL
2.010 < P. $ok ttl 64
2.011 > . ttl TTL
`
	for ttl, want := range map[string]bool{"61": true, "64": false} {
		p := play(t, strings.ReplaceAll(used, "TTL", ttl))
		var f *Finding
		for i := range p.Findings {
			if p.Findings[i].Rule == leakedConnections {
				f = &p.Findings[i]
			}
		}
		if f == nil {
			t.Fatalf("TTL %s: got no finding of %s in\n%s", ttl, leakedConnections.ID, summary(p.Diagnosis))
		}
		if got := strings.Contains(f.Title, "the path") && strings.Contains(f.Words(), "ss -tn"); got != want {
			t.Errorf("TTL %s: got %q, fix %q; want the path in it: %v", ttl, f.Title, f.Fix, want)
		}
	}
}

// TestPoolsApart holds how many of a client's connections must have been used again,
// though it had opened others, for the rest not to be forgotten.
func TestPoolsApart(t *testing.T) {
	const (
		open  = "conn 40001..40014 every 0.5\n0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n"
		first = "40001: 8.000 > P. $get\n40001: 8.010 < P. $ok\n"
		next  = "40002: 8.100 > P. $get\n40002: 8.110 < P. $ok\n"
		third = "40003: 8.200 > P. $get\n40003: 8.210 < P. $ok\n"
	)
	for _, c := range []struct {
		name, text string
		leaks      bool
	}{
		{"none", open, true},
		{"one", open + first, true},
		{"two, and nine that seem to be forgotten", open + first + next, false},
		{"two, and more than twelve", strings.Replace(open, "40014", "40020", 1) + strings.ReplaceAll(first+next, " 8.", " 12."), true},
		{"three, and fourteen", strings.Replace(open, "40014", "40020", 1) + strings.ReplaceAll(first+next+third, " 8.", " 12."), false},
	} {
		p := play(t, c.text)
		if got := p.count(cause.Leaked) > 0; got != c.leaks {
			t.Errorf("%s: leaked %v, want %v in\n%s", c.name, got, c.leaks, summary(p.Diagnosis))
		}
	}
}

// count returns how many connections have a cause.
func (p *played) count(want cause.Cause) (n int) {
	for _, r := range p.Records() {
		if r.Cause == want {
			n++
		}
	}
	return n
}
