package analyze_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// busy is a quarter of an hour of connections that the client closes, two open
// ones among them.
func busy() string {
	var s strings.Builder
	for i := range 900 {
		s.WriteString(closed(1000+i, 1000*i+100+i%7*130))
	}
	s.WriteString(request(1, 5_000, 5_010) + request(2, 650_000, 660_000))
	return s.String()
}

var sameResult = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs(),
	cmpopts.IgnoreUnexported(analyze.Result{}), cmpopts.IgnoreFields(analyze.Result{}, "Settled"), cmpopts.IgnoreFields(analyze.ServerSummary{}, "SettledClosers"),
}

// TestFold compares sums that forget with sums that do not.
func TestFold(t *testing.T) {
	segs := capturetest.Segments(t, busy())
	var got [2]*analyze.Result
	for i, fold := range []bool{false, true} {
		a := analyze.New(analyze.Options{Fold: fold, OnConnection: func(*analyze.Connection) {}})
		for from := 0; from < len(segs); from += 10 { // as they come
			a.Apply(segs[from:min(from+10, len(segs))])
		}
		got[i] = a.Finish(segs[0].Time, segs[len(segs)-1].Time)
	}
	if got[0].Totals.TimeWait.Peak < 50 || got[0].Totals.Connections != 902 {
		t.Fatalf("the script shows too little: %+v", got[0].Totals)
	}
	if diff := cmp.Diff(got[0], got[1], sameResult); diff != "" {
		t.Errorf("folded (+) and not (-):\n%s", diff)
	}
}

// TestResultSoFar looks at an analysis again and again, which must not show in the
// end, and compares each look with an analysis of what came before it.
func TestResultSoFar(t *testing.T) {
	segs := capturetest.Segments(t, busy())
	opt := analyze.Options{OnConnection: func(*analyze.Connection) {}}
	a := analyze.New(opt)
	for from := 0; from < len(segs); from += 1000 {
		part := segs[from:min(from+1000, len(segs))]
		a.Apply(part)
		kept := 0
		seen := a.ResultSoFar(segs[0].Time, part[len(part)-1].Time, func(*analyze.Connection) { kept++ })
		b := analyze.New(opt)
		b.Apply(segs[:from+len(part)])
		want := b.Finish(segs[0].Time, part[len(part)-1].Time)
		if diff := cmp.Diff(seen, want, sameResult); diff != "" {
			t.Fatalf("after %d packets: seen (-) and finished (+):\n%s", from+len(part), diff)
		}
		if n := seen.Settled.Connections; n != seen.Totals.Connections-int64(kept) {
			t.Errorf("after %d packets: %d of %d connections do not change any more, but %d are kept", from+len(part), n, seen.Totals.Connections, kept)
		}
		if kept == 0 || kept > 200 {
			t.Errorf("after %d packets: %d connections kept, want those of the last minute", from+len(part), kept)
		}
	}
}
