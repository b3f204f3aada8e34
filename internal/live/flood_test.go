package live_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// flood gives send the packets of n connections of a client each, 10,000 a second: a
// SYN, a packet of data whose opening is not seen, or a connection with one request.
func flood(kind string, n int, send func(flows.Segment)) {
	server := netip.MustParseAddrPort("172.16.0.1:80")
	num := uint64(0)
	for i := range n {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], 10<<24|uint32(i+1))
		client := netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(1024+i%60000))
		at := int64(1e18) + int64(i)*1e5
		packet := func(by flows.Side, flags flows.Flags, seq, ack uint32, payload string) {
			num++
			s := flows.Segment{Num: num, Time: at, Flags: flags, Seq: seq, Ack: ack, Payload: []byte(payload), Window: 100, WindowScale: flows.NoScale, TTL: 64}
			at += 1e3
			if by == flows.Initiator {
				send(flows.NewSegment(client, server, uint32(num), s))
			} else {
				send(flows.NewSegment(server, client, uint32(num), s))
			}
		}
		const request, response = "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"
		const asked, answered = 1 + uint32(len(request)), 1 + uint32(len(response))
		switch kind {
		case "syn":
			packet(flows.Initiator, flows.SYN, 0, 0, "")
		case "midstream":
			packet(flows.Initiator, flows.ACK, 1, 1, "data")
		case "clients":
			packet(flows.Initiator, flows.SYN, 0, 0, "")
			packet(flows.Responder, flows.SYN|flows.ACK, 0, 1, "")
			packet(flows.Initiator, flows.ACK, 1, 1, "")
			packet(flows.Initiator, flows.ACK, 1, 1, request)
			packet(flows.Responder, flows.ACK, 1, asked, response)
			packet(flows.Initiator, flows.ACK|flows.FIN, asked, answered, "")
			packet(flows.Responder, flows.ACK|flows.FIN, answered, asked+1, "")
			packet(flows.Initiator, flows.ACK, asked+1, answered+1, "")
		}
	}
}

// batches gives apply the packets of flood, a thousand at a time.
func batches(kind string, n int, apply func([]flows.Segment)) {
	var segs []flows.Segment
	flood(kind, n, func(s flows.Segment) {
		if segs = append(segs, s); len(segs) == 1000 {
			apply(segs)
			segs = segs[:0]
		}
	})
	apply(segs)
}

// checkTotals holds that the totals of r are those of want, or are told to be bounds of
// them.
func checkTotals(t *testing.T, r, want *analyze.Result) {
	t.Helper()
	got, w := &r.Totals, &want.Totals
	for _, x := range []struct {
		name      string
		got, want int64
	}{
		{"connections", got.Connections, w.Connections},
		{"unanswered", got.Unanswered, w.Unanswered},
		{"midstream", got.Midstream, w.Midstream},
		{"handshakes_complete", got.HandshakesComplete, w.HandshakesComplete},
		{"syn", got.SYN, w.SYN},
		{"requests", got.Requests, w.Requests},
		{"responses", got.Responses, w.Responses},
		{"pool_need", got.PoolNeed, w.PoolNeed},
		{"time_wait.closes", got.TimeWait.Closes, w.TimeWait.Closes},
		{"time_wait.peak", got.TimeWait.Peak, w.TimeWait.Peak},
		{"time_wait.at_end", got.TimeWait.AtEnd, w.TimeWait.AtEnd},
	} {
		switch {
		case x.got == x.want:
		case x.got > x.want && slices.Contains(r.AtMost, x.name), x.got < x.want && slices.Contains(r.AtLeast, x.name):
		default:
			t.Errorf("%s: got %d, want %d, and it is told to be no bound", x.name, x.got, x.want)
		}
	}
	pairs := r.PairsLeftOut.Connections
	for i := range r.Pairs {
		pairs += r.Pairs[i].Connections
		if p := &r.Pairs[i]; p.Server != netip.MustParseAddrPort("172.16.0.1:80") || !netip.MustParsePrefix("10.0.0.0/8").Contains(p.Client) {
			t.Errorf("a row with a false address: %v to %v", p.Client, p.Server)
		}
	}
	if pairs != got.Connections {
		t.Errorf("pairs, and those left out, have %d connections of %d", pairs, got.Connections)
	}
}

// TestFloodOfFile reads floods with little memory: it is kept within, the totals are
// those of a reading with all, and what was given up is told.
func TestFloodOfFile(t *testing.T) {
	const n, memory = 12_000, 4 << 20
	for _, kind := range []string{"syn", "midstream", "clients"} {
		t.Run(kind, func(t *testing.T) {
			const first, last = int64(1e18), int64(1e18 + n*1e5)
			all := live.NewReading(analyze.Options{}, nil, 1, 0)
			batches(kind, n, all.Apply)
			want, _, kept := all.Finish(first, last)
			if kept != nil || len(want.GivenUp) > 0 {
				t.Fatalf("without a bound: given up %+v", want.GivenUp)
			}
			r := live.NewReading(analyze.Options{}, nil, 1, memory)
			batches(kind, n, func(segs []flows.Segment) {
				r.Apply(segs)
				if used := r.Memory().Sum(); used > memory {
					t.Fatalf("it takes %d bytes, want at most %d", used, memory)
				}
			})
			got, _, kept := r.Finish(first, last)
			if kept == nil || len(got.GivenUp) == 0 || got.GivenUp[0].Count == 0 || got.GivenUp[0].Since < first {
				t.Fatalf("given up: %+v, want something, and since when", got.GivenUp)
			}
			checkTotals(t, got, want)
			if int64(kept.Len())+kept.Left != got.Totals.Connections {
				t.Errorf("%d connections kept and %d not, want %d", kept.Len(), kept.Left, got.Totals.Connections)
			}
			sum := int64(0)
			for _, c := range kept.Diagnosis.Causes {
				sum += c.Connections
			}
			if sum != got.Totals.Connections {
				t.Errorf("causes of %d connections, want %d", sum, got.Totals.Connections)
			}
		})
	}
}

// TestFloodIsNoFloodWithMemory gives up nothing where there is enough.
func TestFloodIsNoFloodWithMemory(t *testing.T) {
	r := live.NewReading(analyze.Options{}, nil, 1, 64<<20)
	batches("clients", 2000, r.Apply)
	if got, _, kept := r.Finish(1e18, 1e18+1e9); kept != nil || len(got.GivenUp)+len(got.AtMost)+len(got.AtLeast) > 0 || len(got.Pairs) != 2000 {
		t.Errorf("got %+v given up and %d pairs, want nothing and 2000", got.GivenUp, len(got.Pairs))
	}
}

// TestTurnsAreBounded holds that what a turn of the window looks at does not grow with
// the connections that are kept.
func TestTurnsAreBounded(t *testing.T) {
	const n, keep = 60_000, 500
	s := live.NewSession(analyze.Options{TimeWait: 3 * time.Second}, keep, 0)
	most := 0
	batches("clients", n, func(segs []flows.Segment) {
		s.Apply(segs)
		most = max(most, s.Looked())
	})
	if c := s.Counts(0); c.Connections != n {
		t.Fatalf("got %d connections, want %d", c.Connections, n)
	}
	if most == 0 || most > 3*keep+1000 {
		t.Errorf("a turn looked at %d connections, want at most three times %d, and what one batch brings", most, keep)
	}
}

// TestFloodLive holds that a live capture keeps the rows that were active last.
func TestFloodLive(t *testing.T) {
	for _, kind := range []string{"syn", "clients"} {
		t.Run(kind, func(t *testing.T) {
			const n = 20_000
			first, last := int64(1e18), int64(1e18+n*1e5)
			s := live.NewSession(analyze.Options{}, 1000, 40<<20)
			batches(kind, n, s.Apply)
			if x := s.Peek().Snapshot(first, last); x.Result.Totals.Connections != n || len(x.Result.Pairs) > analyze.DefaultLimits.Pairs {
				t.Errorf("on the way: got %d connections and %d pairs, want %d and at most %d", x.Result.Totals.Connections, len(x.Result.Pairs), n, analyze.DefaultLimits.Pairs)
			}
			x := s.Finish(first, last)
			if got := len(x.Result.Pairs); got > analyze.DefaultLimits.Pairs || got < 1000 || x.Result.PairsLeftOut.Count < n-int64(got) {
				t.Errorf("got %d pairs, and %+v left out, want the last", got, x.Result.PairsLeftOut)
			}
			whole := live.NewReading(analyze.Options{}, nil, 1, 0)
			batches(kind, n, whole.Apply)
			want, _, _ := whole.Finish(first, last)
			checkTotals(t, x.Result, want)
		})
	}
}
