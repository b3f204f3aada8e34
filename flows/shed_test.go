package flows_test

import (
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// TestShed forgets the oldest of those that nobody answered or that have ended, then the
// idlest.
func TestShed(t *testing.T) {
	segs := capturetest.Segments(t, `
conn 1
0.0 > S 0:0(0)
0.1 < S. 0:0(0) ack 1
0.2 > . ack 1
9.0 > P. 1:2(1) ack 1
conn 2
1.0 > S 0:0(0)
1.1 < S. 0:0(0) ack 1
1.2 > . ack 1
conn 3
2.0 > S 0:0(0)
2.1 < S. 0:0(0) ack 1
2.2 > . ack 1
2.3 > F. 1:1(0) ack 1
2.4 < F. 1:1(0) ack 2
2.5 > . ack 2
conn 4
3.0 > S 0:0(0)
conn 5
1.5 > S 0:0(0)
`)
	for _, late := range []bool{false, true} {
		l := &leavers{}
		e := flows.NewEngine(flows.Options{Evict: !late}, l)
		for i := range segs {
			e.Segment(&segs[i])
		}
		if e.BeginEviction(); e.Kept() != 5 || e.Bytes() < 5*400 {
			t.Fatalf("%d kept in %d bytes, want 5", e.Kept(), e.Bytes())
		}
		calls := 0
		s := e.Shed(4, 2, func() { calls++ })
		if want := (flows.Shed{HalfOpen: 2, Ended: 1, Idle: 1}); s != want || calls != 2 {
			t.Errorf("got %+v, want %+v; told %d times, want twice", s, want, calls)
		}
		// By first packet: 1, then 2, 5 (the second SYN alone), 3 and 4.
		if want := []uint64{3, 4, 5, 2}; !slices.Equal(l.gone, want) {
			t.Errorf("forgot %v, want %v", l.gone, want)
		}
		if s := e.Shed(9, 0, nil); s.Idle != 1 || e.Kept() != 0 {
			t.Errorf("got %+v and %d kept, want none left", s, e.Kept())
		}
	}
}
