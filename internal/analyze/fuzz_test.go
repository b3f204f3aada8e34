package analyze

import (
	"cmp"
	"net/netip"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// fuzzPayloads are what the segments of a fuzzed capture carry, whole, in
// parts, or one over the other.
var fuzzPayloads = []string{
	"x",
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHo",
	"st: a\r\n\r\n",
	"POST /p HTTP/1.1\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123",
	"HEAD / HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
	"CONNECT a:1 HTTP/1.1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
	"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nuntil the close",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9\r\nContent-Length: 0\r\n\r\nHTTP/1.1 2",
	"\x16\x03\x01\x00\x05hello",
	"\r\n",
}

// fuzzSegmentLen is how many bytes of input make one segment.
const fuzzSegmentLen = 5

// fuzzSegments makes a capture of a few tuples: mostly what follows from what
// came before on the tuple, with jumps, losses, cuts and any flags.
func fuzzSegments(data []byte) []flows.Segment {
	var segs []flows.Segment
	var next [4][2]uint32
	now := int64(1e18)
	steps := [...]int64{0, 1e3, 1e5, 2e6, 5e7, 1e9, 15e9, 70e9}
	places := [...]int32{0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -5, 10, 1000, -1000, 1 << 30, -1 << 30}
	flagSets := [...]flows.Flags{
		flows.ACK, flows.ACK, flows.ACK | flows.PSH, flows.ACK | flows.PSH, flows.SYN, flows.SYN | flows.ACK,
		flows.FIN | flows.ACK, flows.RST, flows.RST | flows.ACK, flows.FIN, 0, flows.SYN | flows.FIN, flows.ACK, flows.ACK, flows.ACK, flows.ACK,
	}
	for ; len(data) >= fuzzSegmentLen; data = data[fuzzSegmentLen:] {
		tuple, from := int(data[0]&3), int(data[0]>>2&1)
		now += steps[data[0]>>3&7]
		s := flows.Segment{
			Time: now, Num: uint64(len(segs) + 1), Flags: flagSets[data[1]&15], Window: uint16(data[1]>>4) * 100,
			WindowScale: flows.NoScale, Hash: uint32(tuple), Print: uint64(len(segs)) << 16,
			HasTS: data[0]&64 != 0, TSVal: uint32(now / 1e6),
		}
		ports := [2]uint16{uint16(40000 + tuple/2), uint16(80 + tuple%2)}
		s.SrcPort, s.DstPort = ports[from], ports[1-from]
		s.SrcIP[15], s.DstIP[15] = byte(1+from), byte(2-from)
		if data[3]&0x80 != 0 {
			p := fuzzPayloads[data[3]&15]
			s.Len = uint32(len(p))
			if s.Flags&(flows.SYN|flows.ACK) == flows.SYN {
				p, s.Len = "", 0 // in flight for ever where kept, until the eviction where not
			}
			s.Payload = []byte(p)[:len(p)*(8-int(data[3]>>4&7))/8]
		}
		s.Seq = next[tuple][from] + uint32(places[data[2]&15])
		s.Ack = next[tuple][1-from] + uint32(places[data[2]>>4])
		if s.Flags.Has(flows.SYN) && data[4] < 64 {
			s.Seq = uint32(data[4]) << 26
		}
		if data[2]&15 < 9 || data[4] > 250 {
			next[tuple][from] = s.Seq + s.SeqLen()
		}
		if data[4] == 128 && len(segs) > 0 {
			s.Print = segs[len(segs)-1].Print
		}
		segs = append(segs, s)
	}
	return segs
}

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
		if len(data) > 4000 {
			return
		}
		segs := fuzzSegments(data)
		a, r, conns := fuzzRun(t, segs, false)
		consistent(t, r, conns, len(segs))
		if got := len(r.Exchanges()); int64(got) != sum(conns, func(c *Connection) int64 { return max(0, requestsSeen(a, c)) }) {
			t.Errorf("got %d exchanges, not one for each request", got)
		}
		_, sr, streamed := fuzzRun(t, segs, true)
		consistent(t, sr, streamed, len(segs))
		if !slices.EqualFunc(conns, streamed, samePackets) {
			return // packets came after an eviction
		}
		if diff := gocmp.Diff(conns, streamed, cmpopts.IgnoreFields(Evidence{}, "Pair", "Server"), cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("kept, then streamed (-kept +streamed):\n%s", diff)
		}
		if diff := gocmp.Diff(r.Totals, sr.Totals, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("totals kept, then streamed (-kept +streamed):\n%s", diff)
		}
	})
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
		{"closed first", x.ClosedFirst.Client + x.ClosedFirst.Server + x.ClosedFirst.Both + x.ClosedFirst.None, x.Connections},
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
	want := make([]int32, len(a.pools.pairs))
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
		if got := a.pools.pairs[i].open; got != want[i] {
			t.Errorf("pair %d: %d exchanges in flight, want %d", i, got, want[i])
		}
	}
}
