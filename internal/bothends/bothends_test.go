package bothends

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// TestDeficits holds what was sent more often than it arrived to the ranges.
func TestDeficits(t *testing.T) {
	for name, tt := range map[string]struct {
		sent, arrived []span
		want          int64 // bytes
	}{
		"cut by the network card":              {[]span{{from: 0, to: 4380}}, []span{{from: 0, to: 1460}, {from: 1460, to: 2920}, {from: 2920, to: 4380}}, 0},
		"put together again":                   {[]span{{from: 0, to: 1460}, {from: 1460, to: 2920}}, []span{{from: 0, to: 2920}}, 0},
		"one piece lost":                       {[]span{{from: 0, to: 4380}}, []span{{from: 0, to: 1460}, {from: 2920, to: 4380}}, 1460},
		"lost, sent again":                     {[]span{{from: 0, to: 1460}, {from: 0, to: 1460}}, []span{{from: 0, to: 1460}}, 1460},
		"copied on the path":                   {[]span{{from: 0, to: 1460}}, []span{{from: 0, to: 1460}, {from: 0, to: 1460}}, 0},
		"sent again together with what is new": {[]span{{from: 0, to: 100}, {from: 0, to: 300}}, []span{{from: 0, to: 300}}, 100},
	} {
		got, lack := int64(0), deficits(tt.sent, tt.arrived)
		for _, s := range tt.sent {
			take(lack, s, func(from, to int64) { got += to - from })
		}
		if got != tt.want {
			t.Errorf("%s: got %d bytes lost, want %d", name, got, tt.want)
		}
	}
}

// TestSet holds what a set covers.
func TestSet(t *testing.T) {
	var s set
	for _, x := range [][2]int64{{0, 10}, {20, 30}, {5, 12}, {12, 20}, {40, 50}} {
		s.add(x[0], x[1])
	}
	for _, tt := range []struct {
		from, to int64
		want     bool
	}{{0, 30, true}, {0, 31, false}, {40, 50, true}, {30, 40, false}, {-1, 5, false}, {29, 30, true}} {
		if got := s.covers(tt.from, tt.to); got != tt.want {
			t.Errorf("%d to %d: got %v, want %v, of %v", tt.from, tt.to, got, tt.want, s)
		}
	}
}

// TestClock draws ways and clocks, and holds that the true offset and drift are between
// the bounds, also where one way takes longer than the other.
func TestClock(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		offset, drift := rnd.Int64N(200e9)-100e9, (rnd.Float64()-0.5)*400e-6
		if rnd.IntN(3) == 0 {
			drift = 0
		}
		there, here := rnd.Int64N(20e6), rnd.Int64N(20e6)
		length := 1e9 + rnd.Int64N(3600e9)
		c := newClocks(&Log{first: 0, last: length})
		for range 20 + rnd.IntN(500) {
			at := rnd.Int64N(length)
			late := there + int64(rnd.ExpFloat64()*5e6)
			shown := func(t int64) int64 { return t + offset + int64(drift*float64(t)) }
			c.add(out, at, shown(at+late)-at)
			late = here + int64(rnd.ExpFloat64()*5e6)
			c.add(back, at, shown(at-late)-at)
		}
		middle := float64(length) / 2
		k := c.solve(middle)
		if want := offset + int64(drift*middle); !k.Known || k.Low > want || k.High < want {
			t.Errorf("offset %d, drift %v: got %+v", want, drift, k)
		}
		if k.DriftLow > drift*1e6+0.01 || k.DriftHigh < drift*1e6-0.01 {
			t.Errorf("drift %v ppm: got %v to %v", drift*1e6, k.DriftLow, k.DriftHigh)
		}
		if k.High-k.Low < there+here {
			t.Errorf("got bounds %d apart, though the ways take %d", k.High-k.Low, there+back)
		}
	}
}

// TestClockStepped says so where a clock was set.
func TestClockStepped(t *testing.T) {
	c := newClocks(&Log{first: 0, last: 100e9})
	for i := range int64(100) {
		offset := int64(5e9)
		if i >= 50 {
			offset += 3e9
		}
		c.add(out, i*1e9, offset+1e6)
		c.add(back, i*1e9, offset-1e6)
	}
	if k := c.solve(50e9); k.Known || !k.Stepped {
		t.Errorf("got %+v, want that a clock was set", k)
	}
}

// TestAnything compares captures of packets that were drawn at random, among few
// endpoints and sequence numbers: it must end, and count no more than there is.
func TestAnything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var all []flows.Segment
		for i := range 200 {
			a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rnd.IntN(3))}), uint16(1+rnd.IntN(3)))
			b := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rnd.IntN(3))}), uint16(1+rnd.IntN(3)))
			n := rnd.IntN(60)
			all = append(all, flows.NewSegment(a, b, uint32(i), flows.Segment{
				Time: int64(i)*1e5 + rnd.Int64N(1e6), Num: uint64(i + 1), Seq: uint32(rnd.IntN(100)) - 50, Ack: uint32(rnd.IntN(100)) - 50,
				Flags: flows.Flags(rnd.IntN(64)), Payload: make([]byte, n), WindowScale: flows.NoScale, NoID: rnd.IntN(2) == 0,
			}))
		}
		log := func() *Log {
			l := NewLog(func(*flows.Segment) (ip, tcp []byte) { return nil, nil }, 1+rnd.IntN(300))
			e := flows.NewEngine(flows.Options{}, nil)
			for i := range all {
				if s := all[i]; rnd.IntN(4) > 0 {
					if c := e.Segment(&s); c != nil {
						l.Packet(c, &s)
					}
				}
			}
			return l
		}
		r := Compare(log(), log())
		if n := r.Lost[0].Sent + r.Lost[1].Sent; n > 400 {
			t.Errorf("got %d packets sent of 200", n)
		}
		if r.Matched > 200 || len(r.LostPackets) > MaxRows {
			t.Errorf("got %d matched, %d packets lost", r.Matched, len(r.LostPackets))
		}
	}
}
