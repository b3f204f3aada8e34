package rules

import (
	"strings"
	"testing"
)

// TestUnannouncedEach holds that a server which closes after every response
// without saying so is told apart from one that does it now and then.
func TestUnannouncedEach(t *testing.T) {
	const (
		each = `
conn 40001..40004 every 0.1
0.000 $open
0.002 > P. $get
0.010 < P. $ok
0.011 < F.
0.012 > F.
0.013 < .
`
		kept = `
conn 41001
9.000 $open
9.002 > P. $get
9.010 < P. $ok
9.102 > P. $get
9.110 < P. $ok
`
	)
	for _, c := range []struct{ name, text, want string }{
		{"every one", each, "after every response"},
		{"another one carries more", each + kept, "without announcing it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, c.text)
			for _, f := range p.Findings {
				if f.Rule == unannounced {
					if !strings.Contains(f.Title, c.want) || !strings.Contains(f.brief, c.want) {
						t.Errorf("got title %q and brief %q, want %q in both", f.Title, f.brief, c.want)
					}
					return
				}
			}
			t.Errorf("got no finding of %s in\n%s", unannounced.ID, summary(p.Diagnosis))
		})
	}
}
