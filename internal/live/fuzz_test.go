package live_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// same compares what is told, not how it is kept and numbered.
var same = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs(),
	cmpopts.IgnoreUnexported(analyze.Result{}, live.Snapshot{}), cmpopts.IgnoreFields(live.Snapshot{}, "Diagnosis"),
	cmpopts.IgnoreFields(analyze.Evidence{}, "Pair", "Server"), cmpopts.IgnoreFields(analyze.Pair{}, "Num", "ServerNum"),
	cmpopts.IgnoreFields(analyze.ServerSummary{}, "Num"),
}

// FuzzSession compares a live session with an analysis of the same packets: its
// sums are the same however little it keeps, looks at it change nothing, and
// where it keeps all, so are its connections and what they were found to be.
func FuzzSession(f *testing.F) {
	opened := []byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0, 8, 2, 0, 0x81, 0, 12, 2, 0, 0x87, 0}
	f.Add(opened, uint8(0), uint8(0))
	f.Add(slices.Concat(opened, []byte{44, 6, 0, 0, 0, 8, 6, 0, 0, 0, 12, 0, 0, 0, 0}, opened), uint8(1), uint8(0))
	f.Add(slices.Concat(opened, []byte{9, 4, 0, 0, 0, 60, 7, 0, 0, 0, 58, 4, 0, 0, 0, 14, 8, 0, 0, 0}, opened), uint8(3), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, batch, keep uint8) {
		if len(data) > 4000 {
			return
		}
		defer capturetest.Limit(10 * time.Second)()
		segs := capturetest.FromBytes(data).Segments()
		if len(segs) == 0 {
			return
		}
		first, last := segs[0].Time, segs[0].Time
		for i := range segs {
			first, last = min(first, segs[i].Time), max(last, segs[i].Time)
		}
		apply := func(take func([]flows.Segment), between func()) {
			for part := range slices.Chunk(segs, int(batch)%20+1) {
				take(part)
				between()
			}
		}
		session := func(keep int, look bool) *live.Snapshot {
			s := live.NewSession(analyze.Options{}, keep, 0)
			apply(s.Apply, func() {
				if look {
					s.Peek().Snapshot(first, last)
				}
			})
			return s.Finish(first, last)
		}
		few := session(int(keep)%9+1, false)
		if diff := cmp.Diff(few, session(int(keep)%9+1, true), same); diff != "" {
			t.Errorf("never looked at (-) and often (+):\n%s", diff)
		}
		if n := few.Result.Totals.Connections; int64(few.Len())+few.Left != n {
			t.Errorf("%d connections kept and %d not, want %d in all", few.Len(), few.Left, n)
		}
		all := session(1<<20, false)
		if diff := cmp.Diff(all.Result, few.Result, same); diff != "" {
			t.Errorf("sums with all (-) and few connections (+) kept:\n%s", diff)
		}
		a := analyze.New(analyze.Options{})
		apply(a.Apply, func() {})
		compareWhole(t, all, live.Whole(a.Finish(first, last), nil))
	})
}

// compareWhole compares the end of a session that kept all with the analysis of a
// file.
func compareWhole(t *testing.T, all, file *live.Snapshot) {
	t.Helper()
	want := make([]analyze.Connection, file.Len())
	for i := range want {
		file.Connection(i, &want[i])
	}
	if !slices.EqualFunc(all.Connections, want, samePackets) {
		return // packets came long after the end of their connection
	}
	if diff := cmp.Diff(want, all.Connections, same); diff != "" {
		t.Errorf("connections of a file (-) and live (+):\n%s", diff)
	}
	d := rules.Run(file.Result, 1)
	if diff := cmp.Diff(d.Verdict, all.Diagnosis.Verdict); diff != "" {
		t.Errorf("verdict of a file (-) and live (+):\n%s", diff)
	}
	if diff := cmp.Diff(d.Causes, all.Diagnosis.Causes); diff != "" {
		t.Errorf("causes of a file (-) and live (+):\n%s", diff)
	}
}

// samePackets reports whether two records are of the same packets, and as much was known
// of the next life of the ports.
func samePackets(x, y analyze.Connection) bool {
	return x.Stream == y.Stream && x.Start == y.Start && x.End == y.End && x.Evidence.Superseded == y.Evidence.Superseded &&
		x.PacketsClient+x.PacketsServer == y.PacketsClient+y.PacketsServer
}
