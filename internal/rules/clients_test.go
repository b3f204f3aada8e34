package rules

import (
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// TestIdleTimeoutShown holds that the idle timeout of a client is inferred from
// closes by a timer, also where others are opened at these moments by chance, and
// not from closes that wait for the next request.
func TestIdleTimeoutShown(t *testing.T) {
	const life = `
0.000 $open
0.002 > P. $get
0.008 < P. $ok
2.0085 > F.
2.009 < F.
2.0095 > .
`
	for _, tc := range []struct {
		name, conns string
		want        int64 // ns
	}{
		{"a timer, few connections", "conn 40001..40006 every 3", 2000500000},
		{"a timer, and always another one opens", "conn 42001..42500 every 0.01\n0.000 $open\nconn 40001..40100 every 0.01", 2000500000},
		{"closed as another one opens", "conn 40001..40006 every 2.009", 0},
	} {
		p := play(t, tc.conns+life)
		got := int64(0)
		if i := slices.IndexFunc(p.Policies, func(p cause.Policy) bool { return p.Kind == cause.IdleTimeout && p.By == analyze.Client }); i >= 0 {
			got = p.Policies[i].Value
		}
		if got != tc.want {
			t.Errorf("%s: got an idle timeout of %d ns, want %d", tc.name, got, tc.want)
		}
		if n := len(p.Diagnosis.Pairs()[0].Having([]cause.Cause{cause.ClientIdleTimeout})); n < 5 {
			t.Errorf("%s: got %d connections with cause %v, want 5 or more", tc.name, n, cause.ClientIdleTimeout)
		}
	}
}
