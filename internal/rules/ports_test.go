package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestPortBudget runs a client near the end of the ports that it is known to
// have, and far from that of those that Linux has by default.
func TestPortBudget(t *testing.T) {
	var s strings.Builder
	for i := range 80 {
		at := float64(i)
		fmt.Fprintf(&s, "conn %d\n%.3f > S 0:0(0)\n%.3f < S. 0:0(0) ack 1\n%.3f > . ack 1\n", 2000+i, at, at+.001, at+.002)
		fmt.Fprintf(&s, "%.3f > F.\n%.3f < F.\n%.3f > .\n", at+.005, at+.006, at+.007)
	}
	segs := capturetest.Segments(t, s.String())
	for ports, want := range map[int64]bool{0: false, 80: true, 87: true, 88: false, 1000: false} {
		a := analyze.New(analyze.Options{PortBudget: func(netip.Addr) int64 { return ports }})
		a.Apply(segs)
		d := Run(a.Finish(segs[0].Time, segs[len(segs)-1].Time), 2)
		i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Rule == portBudget })
		if (i >= 0) != want {
			t.Errorf("of %d ports: got %v to fire, want KA1032 %v", ports, firedIn(d), want)
		} else if i >= 0 && !strings.HasPrefix(d.Findings[i].Title, fmt.Sprintf("61 of %d ports of ", ports)) {
			t.Errorf("of %d ports: got %q", ports, d.Findings[i].Title)
		}
	}
}
