package live_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// good is n requests on one connection of port 1, one a second from a time on.
func good(from, n int) string {
	var s strings.Builder
	fmt.Fprintf(&s, "conn 1\nclient 192.0.2.77\n%d.000 > S 0:0(0)\n%d.001 < S. 0:0(0) ack 1\n%d.002 > . ack 1\n", from, from, from)
	for i := range n {
		fmt.Fprintf(&s, "1: %d.1 > P. \"GET / HTTP/1.1\\r\\n\\r\\n\"\n1: %d.101 < P. \"HTTP/1.1 204 No Content\\r\\n\\r\\n\"\n", from+i, from+i)
	}
	return s.String()
}

// TestWindow judges the last minute beside the whole: a problem that is over is one of
// the whole alone, and one that begins shows in the window first.
func TestWindow(t *testing.T) {
	const span = time.Minute
	segs := capturetest.Segments(t, closing(240)+good(61, 240)) // a minute, then four
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s.AddWindow(analyze.Options{}, span, live.DefaultKeep, 0)
	first := segs[0].Time
	at := func(segment int) time.Duration { return time.Duration(segs[segment].Time - first) }
	for i := range segs {
		s.Apply(segs[i : i+1])
		if i%16 != 0 || at(i) < time.Second {
			continue
		}
		x := s.Peek().Snapshot(first, segs[i].Time)
		w := x.Recent
		if w == nil || w.Span != int64(span) || w.At != segs[i].Time {
			t.Fatalf("after %v: got the window %+v", at(i), w)
		}
		seen := time.Duration(w.At - w.First)
		if most, least := span, min(at(i), span/2); seen > most || seen < least {
			t.Fatalf("after %v: the window has seen %v, want %v to %v", at(i), seen, least, most)
		}
		want := rules.Problem
		if over := at(i) - time.Minute; over > span { // none of its connections is in the window
			want = rules.OK
		} else if over > -time.Second || at(i) < 10*time.Second {
			continue // a part of it is
		}
		if got := w.Diagnosis.Verdict; got.Level != want {
			t.Fatalf("after %v: got %v, want %v", at(i), got.Words(), want)
		}
		if got := x.Diagnosis.Verdict; got.Level != rules.Problem {
			t.Fatalf("after %v: the whole: got %v, want a problem", at(i), got.Words())
		}
		if n := w.Result.Totals.Requests; n > 4*60+1 {
			t.Fatalf("after %v: got %d requests in the window", at(i), n)
		}
	}
	x := s.Finish(first, segs[len(segs)-1].Time)
	if w := x.Recent; w == nil || w.Diagnosis.Verdict.Level != rules.OK || w.Told().Span != span {
		t.Errorf("at the end: got %+v, want OK", w)
	}
}

// TestWindowQuiet moves the window by the clock where no packet comes.
func TestWindowQuiet(t *testing.T) {
	segs := capturetest.Segments(t, closing(200))
	now := segs[0].Time
	opt := analyze.Options{Clock: func() int64 { return now }}
	s := live.NewSession(opt, live.DefaultKeep, 0)
	s.AddWindow(opt, time.Minute, live.DefaultKeep, 0)
	s.Apply(segs)
	turns := s.WindowTurns()
	if got := s.Peek().Snapshot(segs[0].Time, now).Recent.Diagnosis.Verdict; got.Level != rules.Problem {
		t.Errorf("got %v, want a problem", got.Words())
	}
	now = segs[len(segs)-1].Time + int64(2*time.Minute)
	s.Apply(nil)
	if s.WindowTurns() == turns {
		t.Error("the window has not moved")
	}
	x := s.Peek().Snapshot(segs[0].Time, now)
	if got := x.Recent.Diagnosis.Verdict; got.Level != rules.CannotTell || len(x.Recent.Diagnosis.Findings) > 0 {
		t.Errorf("two minutes later: got %v, want nothing to be told of the last one", got.Words())
	}
	if got := x.Diagnosis.Verdict; got.Level != rules.Problem {
		t.Errorf("the whole: got %v, want a problem", got.Words())
	}
}

// TestNoWindow holds that there is none unless it is asked for.
func TestNoWindow(t *testing.T) {
	segs := capturetest.Segments(t, closing(2))
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s.Apply(segs)
	if x := s.Peek().Snapshot(segs[0].Time, segs[0].Time); x.Recent != nil || x.Recent.Told() != nil || s.WindowTurns() != 0 {
		t.Errorf("got %+v", x.Recent)
	}
}

// TestWindowIsBounded holds that a window that moves often takes no more than one.
func TestWindowIsBounded(t *testing.T) {
	const keep = 100
	segs := capturetest.Segments(t, closing(4000))
	s := live.NewSession(analyze.Options{}, keep, 0)
	s.AddWindow(analyze.Options{}, 2*time.Second, keep, 0)
	for from := 0; from < len(segs); from += 7 {
		s.Apply(segs[from:min(from+7, len(segs))])
	}
	x := s.Finish(segs[0].Time, segs[len(segs)-1].Time)
	if got := s.WindowTurns(); got < 900 || got > 1200 {
		t.Errorf("the window moved %d times in 1000 s", got)
	}
	if n := x.Recent.Result.Totals.Connections; n < 4 || n > 12 {
		t.Errorf("got %d connections in the window, four a second", n)
	}
}
