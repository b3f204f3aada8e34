package rules

import (
	"strings"
	"testing"
)

// TestPerRequestBrief holds that a client which uses some of its connections
// again is not said to need one for each request.
func TestPerRequestBrief(t *testing.T) {
	const (
		once = `
conn 40001..40008 every 0.1
0.000 $open
0.002 > P. $get
0.010 < P. $ok
0.011 > F.
0.012 < F.
0.013 > .
`
		twice = `
conn 41001..41004 every 0.1
2.000 $open
2.002 > P. $get
2.010 < P. $ok
2.012 > P. $get
2.020 < P. $ok
2.021 > F.
2.022 < F.
2.023 > .
`
	)
	for _, c := range []struct{ name, text, want string }{
		{"none is reused", once, "uses a new connection"},
		{"a third is", once + twice, "closes its connections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, c.text)
			if !strings.Contains(p.Verdict.Text, c.want) {
				t.Errorf("got verdict %q, want %q in it", p.Verdict.Text, c.want)
			}
		})
	}
}
