package flows_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

const (
	v6       = "client 2001:db8::1\nserver [2001:db8::2]:80\n"
	v6twice  = v6 + "0.0000 > S 0:0(0)\n0.0001 > S 0:0(0)\n0.0010 < S. 0:0(0) ack 1\n0.0011 < S. 0:0(0) ack 1\n"
	v6once   = v6 + "0.0000 > S 0:0(0)\n0.0010 < S. 0:0(0) ack 1\n"
	v6onVLAN = v6 + "0.0000 > S 0:0(0)\n0.0001 > S 0:0(0) vlan 7\n"
)

// TestCopies holds which of the packets that look the same are copies.
func TestCopies(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		copies       uint64
	}{
		{"IPv6, three acknowledgements alike", v6once + "0.0020 > . ack 1\n0.0021 > . ack 1\n0.0022 > . ack 1", 0},
		{"IPv6, data", v6once + "0.0020 > . ack 1\n0.0021 > P. 1:4(3) ack 1 \"abc\"\n0.0022 > P. 1:4(3) ack 1 \"abc\"", 1},
		{"IPv6, an acknowledgement where all is captured twice", v6twice + "0.0020 > . ack 1\n0.0021 > . ack 1", 3},
		{"IPv6, two acknowledgements alike, each captured twice", v6twice + "0.0020 > . ack 1\n0.0021 > . ack 1\n0.0022 > . ack 1\n0.0023 > . ack 1", 4},
		{"IPv6, an acknowledgement on another VLAN that shows all again", v6onVLAN + "0.0020 > . ack 1\n0.0021 > . ack 1 vlan 7", 2},
		{"IPv6, acknowledgements alike on the first VLAN, each shown again", v6onVLAN + "0.0020 > . ack 1\n0.0021 > . ack 1\n0.0022 > . ack 1 vlan 7\n0.0023 > . ack 1 vlan 7", 3},
		{"IPv6, acknowledgements on two VLANs, of which none shows the other's", v6once + "0.0020 > . ack 1\n0.0021 > . ack 1 vlan 7", 0},
		{"IPv6, a probe answered at once after another", v6once + "0.0020 > . ack 1\n5.0000 > . 0:0(0) ack 1\n5.0001 < . ack 1\n10.0000 > . 0:0(0) ack 1\n10.0001 < . ack 1", 0},
		{"identification 0, acknowledgements alike", "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.0020 > . ack 1 id 0\n0.0021 > . ack 1 id 0", 0},
		{"identification 0, SYN-ACK", "0.000 > S 0:0(0)\n0.0010 < S. 0:0(0) ack 1 id 0\n0.0011 < S. 0:0(0) ack 1 id 0", 1},
		{"an acknowledgement with an identification", "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.0020 > . ack 1 id 9\n0.0021 > . ack 1 id 9", 1},
		{"RSTs alike", opening + "1.0000 < R 1:1(0) id 5\n1.0001 < R 1:1(0) id 5", 0},
		{"RSTs alike, one of many packets doubled by the network", opening + "0.1 > P. 1:2(1) ack 1 \"a\" id 3\n0.1001 > P. 1:2(1) ack 1 \"a\" id 3\n" +
			many(100) + "5.0000 > R 200:200(0) id 0\n5.0001 > R 200:200(0) id 0", 1},
		{"1 ms later on the same link", opening + "1.0000 > P. 1:4(3) ack 1 \"abc\" id 3\n1.0010 > P. 1:4(3) ack 1 \"abc\" id 3", 1},
		{"more than 1 ms later on the same link", opening + "1.0000 > P. 1:4(3) ack 1 \"abc\" id 3\n1.0011 > P. 1:4(3) ack 1 \"abc\" id 3", 0},
		{"100 ms later with another TTL", opening + "1.0 > P. 1:4(3) ack 1 \"abc\" id 3 ttl 64\n1.1 > P. 1:4(3) ack 1 \"abc\" id 3 ttl 63", 1},
		{"more than 100 ms later with another TTL", opening + "1.0 > P. 1:4(3) ack 1 \"abc\" id 3 ttl 64\n1.101 > P. 1:4(3) ack 1 \"abc\" id 3 ttl 63", 0},
		{"captured before the original", opening + "1.05 > P. 1:4(3) ack 1 \"abc\" id 3 vlan 2\n1.0 > P. 1:4(3) ack 1 \"abc\" id 3", 1},
		{"on three links", opening + "1.0 > P. 1:4(3) ack 1 \"abc\" id 3\n1.01 > P. 1:4(3) ack 1 \"abc\" id 3 vlan 2\n1.02 > P. 1:4(3) ack 1 \"abc\" id 3 vlan 3", 2},
	} {
		e, _, _ := follow(t, tc.script)
		if got := e.Counts().Duplicates; got != tc.copies {
			t.Errorf("%s: got %d copies, want %d", tc.name, got, tc.copies)
		}
	}
}

// many returns n segments of the client, of one byte each, from number 2 on.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%.3f > P. %d:%d(1) ack 1 \"a\"\n", 0.2+0.01*float64(i), 2+i, 3+i)
	}
	return b.String()
}

// exchangePackets are the packets of a connection with an exchange, as seen by both
// sides.
const exchangePackets = 9

// crowd returns the packets of n connections, one every gap ns, of which two in a row
// are of different connections.
func crowd(n int, gap int64, ipv6 bool) []flows.Segment {
	const aside = 50 // connections at once
	from, to := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("198.51.100.1:80")
	if ipv6 {
		from, to = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddrPort("[2001:db8::2]:80")
	}
	steps := [exchangePackets]struct {
		server   bool
		flags    flows.Flags
		seq, ack uint32
		payload  string
	}{
		{false, flows.SYN, 0, 0, ""}, {true, flows.SYN | flows.ACK, 0, 1, ""}, {false, flows.ACK, 1, 1, ""},
		{false, flows.ACK | flows.PSH, 1, 1, "request"}, {true, flows.ACK, 1, 8, ""}, {true, flows.ACK | flows.PSH, 1, 8, "response"},
		{false, flows.ACK | flows.FIN, 8, 9, ""}, {true, flows.ACK | flows.FIN, 9, 9, ""}, {false, flows.ACK, 9, 10, ""},
	}
	var segs []flows.Segment
	for first := 0; first < n; first += aside {
		for _, step := range steps {
			for c := first; c < min(first+aside, n); c++ {
				src, dst := netip.AddrPortFrom(from, uint16(1024+c)), to
				if step.server {
					src, dst = dst, src
				}
				id := uint32(len(segs)%65535 + 1)
				if ipv6 {
					id = 0
				}
				segs = append(segs, flows.NewSegment(src, dst, id, flows.Segment{
					Time: capturetest.Epoch + int64(len(segs))*gap, Flags: step.flags, Seq: step.seq, Ack: step.ack,
					Payload: []byte(step.payload), Window: 500, WindowScale: flows.NoScale, TTL: 64, NoID: ipv6,
				}))
			}
		}
	}
	return segs
}

// TestCopiesAtAnyRate holds that a second interface that shows all packets again changes
// nothing, neither do copies on the same one.
func TestCopiesAtAnyRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int64{10, 1000, 10_000, 20_000, 200_000}).Draw(t, "packets a second")
		ipv6, link := rapid.Bool().Draw(t, "IPv6"), uint32(rapid.IntRange(0, 2).Draw(t, "link"))
		longest := int64(90e6)
		if link == 0 {
			longest = 0.9e6
		}
		lag := [2]int64{rapid.Int64Range(0, longest).Draw(t, "lag"), rapid.Int64Range(0, longest).Draw(t, "lag back")}
		conns := rapid.SampledFrom([]int{1, 100, 2000}).Draw(t, "connections")
		segs := crowd(conns, 1e9/rate, ipv6)
		for _, s := range slices.Clone(segs) {
			s.Link = link
			s.Time += lag[s.SrcPort%2]
			segs = append(segs, s)
		}
		slices.SortStableFunc(segs, func(a, b flows.Segment) int { return int(a.Time - b.Time) })
		e := flows.NewEngine(flows.Options{}, nil)
		for i := range segs {
			e.Segment(&segs[i])
		}
		e.Finish()
		if n := e.Counts().Duplicates; e.Len() != conns || n != uint64(len(segs)/2) {
			t.Fatalf("got %d connections and %d copies, want %d and %d", e.Len(), n, conns, len(segs)/2)
		}
		e.Each(func(c *flows.Conn) {
			if a, b := c.Packets(flows.Initiator), c.Packets(flows.Responder); a != 5 || b != 4 || c.Retransmissions(flows.Initiator)+c.Retransmissions(flows.Responder) != 0 {
				t.Fatalf("connection %d has %d and %d packets, want 5 and 4, none of them sent again", c.ID, a, b)
			}
		})
		if n, _ := e.Forgotten(); n != 0 {
			t.Fatalf("%d packets were forgotten early", n)
		}
	})
}

// TestTooManyToRemember holds that it is said when a copy might not be recognized.
func TestTooManyToRemember(t *testing.T) {
	e := flows.NewEngine(flows.Options{}, nil)
	segs := crowd(50_000, 200, false) // 5 million packets a second
	for i := range segs {
		e.Segment(&segs[i])
	}
	const remembered = 1 << 18
	n, since := e.Forgotten()
	if want := uint64(len(segs) - remembered); n != want || since != segs[0].Time {
		t.Errorf("got %d forgotten since %d, want %d since %d", n, since, want, segs[0].Time)
	}
}
