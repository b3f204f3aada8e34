package analyze_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestHalfClosed holds how many sockets are said to be half-closed at once, whose they
// are, and for how long.
func TestHalfClosed(t *testing.T) {
	const (
		second = int64(time.Second)
		open   = "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.002 > . ack 1\n"
		later  = "conn 49000\n100.0 > S 0:0(0)\n" // so that the capture goes on
	)
	conns := func(script string) string { // three connections, a second apart
		var b strings.Builder
		for _, port := range []string{"40001", "40002", "40003"} {
			b.WriteString("conn " + port + "\n" + strings.ReplaceAll(open+script, "\n\n", "\n"))
		}
		return b.String()
	}
	for _, c := range []struct {
		name, text  string
		connections int64
		peak, atEnd int64
		closeWait   string // who is in CLOSE_WAIT; the other one is in FIN_WAIT_2
		finWait2End int64  // of FIN_WAIT_2, which ends after a minute
	}{
		{"the client closes late", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n4.0 > F. 1:1(0) ack 2\n4.001 < . ack 2\n"), 3, 3, 0, "192.0.2.1", 0},
		{"the client never closes", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n"), 3, 3, 3, "192.0.2.1", 3},
		{"and the capture goes on", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n") + later, 3, 3, 3, "192.0.2.1", 0},
		{"the server never closes", conns("1.0 > F. 1:1(0) ack 1\n1.001 < . ack 2\n"), 3, 3, 3, "198.51.100.1", 3},
		{"a reset ends it", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n4.0 > R. 1:1(0) ack 2\n"), 3, 3, 0, "192.0.2.1", 0},
		{"the FIN is not acknowledged", conns("1.0 < F. 1:1(0) ack 1\n1.2 < F. 1:1(0) ack 1\n2.0 < F. 1:1(0) ack 1\n"), 0, 0, 0, "", 0},
		{"10 ms", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n1.010 > F. 1:1(0) ack 2\n1.011 < . ack 2\n"), 3, 3, 0, "192.0.2.1", 0},
		{"shorter", conns("1.0 < F. 1:1(0) ack 1\n1.001 > . ack 2\n1.009 > F. 1:1(0) ack 2\n1.010 < . ack 2\n"), 0, 0, 0, "", 0},
		{"they stay open", conns(""), 0, 0, 0, "", 0},
	} {
		s, err := capturetest.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		segs := s.Segments()
		last := segs[len(segs)-1].Time
		for _, one := range []bool{false, true} {
			a := analyze.New(analyze.Options{Fold: one})
			if one { // as a live capture is read, and what is so far is asked for
				for i := range segs {
					a.Apply(segs[i : i+1])
				}
				x := a.ResultSoFar(segs[0].Time, last, nil)
				if got := x.Totals.CloseWait; got.Connections != c.connections || got.Peak != c.peak || got.AtEnd != c.atEnd {
					t.Errorf("%s: so far: got %d connections, peak %d, %d at the end; want %d, %d, %d", c.name, got.Connections, got.Peak, got.AtEnd, c.connections, c.peak, c.atEnd)
				}
			} else {
				a.Apply(append([]flows.Segment(nil), segs...))
			}
			got := a.Finish(segs[0].Time, last).Totals
			for _, x := range []struct {
				state string
				analyze.HalfClosedTotals
				atEnd int64
				here  bool
			}{{"CLOSE_WAIT", got.CloseWait, c.atEnd, true}, {"FIN_WAIT_2", got.FINWait2, c.finWait2End, false}} {
				if x.Connections != c.connections || x.Peak != c.peak || x.AtEnd != x.atEnd {
					t.Errorf("%s: %s: got %d connections, peak %d, %d at the end; want %d, %d, %d", c.name, x.state, x.Connections, x.Peak, x.AtEnd, c.connections, c.peak, x.atEnd)
				}
				if c.peak == 0 {
					continue
				}
				if len(x.Hosts) != 1 || (x.Hosts[0].Host.String() == c.closeWait) != x.here || x.Hosts[0].Peak != c.peak {
					t.Errorf("%s: %s: got the hosts %v, want them at %s: %v", c.name, x.state, x.Hosts, c.closeWait, x.here)
				}
				if at := x.PeakAt - segs[0].Time; at != second {
					t.Errorf("%s: %s: got the peak after %d ns, want a second", c.name, x.state, at)
				}
			}
		}
	}
}

// TestHalfClosedUnknown holds that nothing is said of half-closed sockets where one
// direction alone was captured.
func TestHalfClosedUnknown(t *testing.T) {
	s, err := capturetest.Parse("0.000 > S 0:0(0)\n0.002 > . ack 1\n1.0 > F. 1:1(0) ack 1\n2.0 > . ack 2\n")
	if err != nil {
		t.Fatal(err)
	}
	segs := s.Segments()
	a := analyze.New(analyze.Options{})
	a.Apply(segs)
	got := a.Finish(segs[0].Time, segs[len(segs)-1].Time).Totals
	for _, x := range []analyze.HalfClosedTotals{got.CloseWait, got.FINWait2} {
		if known := got.TimeWait.Peak != analyze.Unknown; (x.Peak != analyze.Unknown) != known {
			t.Errorf("got a peak of %d, of TIME_WAIT %d; want both known or none", x.Peak, got.TimeWait.Peak)
		}
	}
}
