package analyze_test

import (
	"net/netip"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestPortBudget asks how many ports a client has.
func TestPortBudget(t *testing.T) {
	segs := capturetest.Segments(t, request(1, 5_000, 5_010))
	for _, c := range []struct{ here, want int64 }{{1000, 1000}, {0, analyze.PortBudget}} {
		asked := netip.Addr{}
		a := analyze.New(analyze.Options{PortBudget: func(client netip.Addr) int64 {
			asked = client
			return c.here
		}})
		a.Apply(segs)
		p := a.Finish(segs[0].Time, segs[len(segs)-1].Time).Pairs[0]
		if p.PortBudget != c.want || asked != p.Client {
			t.Errorf("told %d of %v: got %d for %v, want %d", c.here, asked, p.PortBudget, p.Client, c.want)
		}
	}
}
