package analyze

import (
	"cmp"
	"net/netip"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// fuzzRun analyzes segs, in one batch, or streamed one by one with heads
// scanned beforehand, and checks the exchanges in flight.
func fuzzRun(t *testing.T, segs []flows.Segment, streamed bool) (*Analyzer, *Result, []Connection) {
	var conns []Connection
	opt := Options{Exchanges: !streamed}
	if streamed {
		opt.OnConnection = func(c *Connection) { conns = append(conns, *c) }
	}
	a := New(opt)
	if streamed {
		for i := range segs {
			segs[i].Note = flows.Note(httpparse.Scan(segs[i].Payload))
			a.Apply(segs[i : i+1])
		}
	} else {
		a.Apply(segs)
	}
	first, last := int64(0), int64(0)
	if len(segs) > 0 {
		first, last = segs[0].Time, segs[len(segs)-1].Time
	}
	balanced(t, a)
	r := a.Finish(first, last)
	if !streamed {
		balanced(t, a)
		conns = make([]Connection, r.Len())
		for i := range conns {
			r.Connection(i, &conns[i])
		}
	}
	slices.SortFunc(conns, func(x, y Connection) int { return cmp.Compare(x.ID, y.ID) })
	return a, r, conns
}

func FuzzAnalyzer(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0, 8, 2, 0, 0x81, 0, 12, 2, 0, 0x87, 0, 44, 6, 0, 0, 0, 8, 6, 0, 0, 0, 12, 0, 0, 0, 0})
	f.Add([]byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0, 12, 6, 0, 0, 0, 8, 2, 0, 0x82, 0, 8, 2, 0, 0x83, 0, 12, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		defer capturetest.Limit(10 * time.Second)()
		if len(data) > 4000 {
			return
		}
		segs := capturetest.FromBytes(data).Segments()
		a, r, conns := fuzzRun(t, segs, false)
		consistent(t, r, conns, len(segs))
		if got := len(r.Exchanges()); int64(got) != sum(conns, func(c *Connection) int64 { return max(0, requestsSeen(a, c)) }) {
			t.Errorf("got %d exchanges, not one for each request", got)
		}
		_, sr, streamed := fuzzRun(t, segs, true)
		consistent(t, sr, streamed, len(segs))
		if !slices.EqualFunc(conns, streamed, samePackets) || timeBack(segs) >= time.Minute {
			return // packets came after an eviction
		}
		forgetLater(conns, streamed)
		if diff := gocmp.Diff(conns, streamed, cmpopts.IgnoreFields(Evidence{}, "Pair", "Server"), cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("kept, then streamed (-kept +streamed):\n%s", diff)
		}
		if diff := gocmp.Diff(r.Totals, sr.Totals, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("totals kept, then streamed (-kept +streamed):\n%s", diff)
		}
	})
}

// timeBack returns how far time goes back in segs at most.
func timeBack(segs []flows.Segment) (most time.Duration) {
	latest := int64(0)
	for i := range segs {
		latest = max(latest, segs[i].Time)
		most = max(most, time.Duration(latest-segs[i].Time))
	}
	return most
}

// forgetLater forgets of connections that others use their addresses after them, where
// that was not known yet as they were written.
func forgetLater(kept, streamed []Connection) {
	for i := range kept {
		x := &kept[i]
		if x.Evidence.Superseded && !streamed[i].Evidence.Superseded && slices.ContainsFunc(kept[i+1:], func(y Connection) bool {
			return x.Client == y.Client && x.Server == y.Server || x.Client == y.Server && x.Server == y.Client
		}) {
			x.Evidence.Superseded = false
		}
	}
}

// samePackets reports whether two records are of the same packets.
func samePackets(x, y Connection) bool {
	return x.Stream == y.Stream && x.Start == y.Start && x.End == y.End &&
		x.PacketsClient+x.PacketsServer == y.PacketsClient+y.PacketsServer
}

// requestsSeen returns the requests that were read, also where they do not
// count because the protocol changed.
func requestsSeen(a *Analyzer, c *Connection) int64 {
	return int64(a.states.At(a.engine.Conn(c.ID).User).requests)
}

func sum(conns []Connection, of func(*Connection) int64) (n int64) {
	for i := range conns {
		n += of(&conns[i])
	}
	return n
}

// consistent checks that what is counted in different ways is the same.
func consistent(t *testing.T, r *Result, conns []Connection, segments int) {
	t.Helper()
	x := &r.Totals
	kinds := int64(0)
	for _, n := range x.CloseKinds {
		kinds += n
	}
	var servers, pairs int64
	for i := range r.Servers {
		servers += r.Servers[i].Connections
	}
	for i := range r.Pairs {
		pairs += r.Pairs[i].Connections
		if n := r.Pairs[i].PoolNeed; n != Unknown && (n < 0 || n > r.Pairs[i].Connections) {
			t.Errorf("pool need of a pair is %d of %d connections", n, r.Pairs[i].Connections)
		}
	}
	tw := &x.TimeWait
	for _, c := range []struct {
		what      string
		got, want int64
	}{
		{"connections", int64(len(conns)), x.Connections},
		{"close kinds", kinds, x.Connections},
		{"closed first", x.ClosedFirst.Client + x.ClosedFirst.Server + x.ClosedFirst.Both + x.ClosedFirst.None + x.ClosedFirst.Unknown, x.Connections},
		{"connections of servers", servers, x.Connections},
		{"connections of pairs", pairs, x.Connections},
		{"closes", tw.Client + tw.Server + tw.Both, tw.Closes},
		{"packets", sum(conns, func(c *Connection) int64 { return int64(c.PacketsClient + c.PacketsServer) }) + x.DuplicatePackets, int64(segments)},
		{"new connections in time", total(r.Series.NewConnections), x.Connections},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, c.got, c.want)
		}
	}
	if tw.AtEnd > tw.Peak || tw.Peak > 2*x.Connections {
		t.Errorf("TIME_WAIT: %d at the end, peak %d", tw.AtEnd, tw.Peak)
	}
}

func total(steps []int64) (n int64) {
	for _, k := range steps {
		n += k
	}
	return n
}

// balanced checks that the exchanges in flight of each pair are those that its
// connections have.
func balanced(t *testing.T, a *Analyzer) {
	t.Helper()
	want := make([]int32, a.pools.pairs.Len())
	var scratch httpState
	a.engine.Each(func(c *flows.Conn) {
		x := a.states.read(c, &scratch)
		if !x.has(answersOver) {
			want[x.pair] += int32(x.outstanding)
		}
		if x.has(requestBegun) {
			want[x.pair]++
		}
	})
	for i := range want {
		if got := a.pools.pairs.At(uint32(i)).open; got != want[i] {
			t.Errorf("pair %d: %d exchanges in flight, want %d", i, got, want[i])
		}
	}
}
