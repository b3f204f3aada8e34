package flows_test

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/flows"
)

func TestStrings(t *testing.T) {
	for _, tc := range []struct {
		value fmt.Stringer
		want  string
	}{
		{flows.Flags(0), "none"},
		{flows.SYN | flows.ACK, "S."},
		{flows.FIN | flows.SYN | flows.RST | flows.PSH | flows.ACK | flows.URG, "SFRPU."},
		{flows.EndpointOf(netip.MustParseAddrPort("192.0.2.1:80")), "192.0.2.1:80"},
		{flows.EndpointOf(netip.MustParseAddrPort("[2001:db8::1]:443")), "[2001:db8::1]:443"},
		{flows.Initiator, "initiator"},
		{flows.Responder, "responder"},
		{flows.NoSide, "none"},
		{flows.InitiatorSide, "initiator"},
		{flows.ResponderSide, "responder"},
		{flows.BothSides, "both"},
		{flows.TimeWaitNull, "null"},
		{flows.TimeWaitHeld, "held"},
		{flows.TimeWaitNone, "none"},
		{flows.TimeWaitPending, "pending"},
		{flows.TimeWaitUnknown, "unknown"},
		{flows.CloseOpen, "open"},
		{flows.CloseSilent, "silent"},
		{flows.ResetNoSocket, "no_socket"},
		{flows.HandshakeSplit, "split"},
	} {
		if got := tc.value.String(); got != tc.want {
			t.Errorf("%T: got %q, want %q", tc.value, got, tc.want)
		}
	}
	for k := range flows.CloseKinds {
		if k.String() == "" {
			t.Errorf("close kind %d has no name", k)
		}
	}
}

func TestFlagsHas(t *testing.T) {
	f := flows.SYN | flows.ACK
	if !f.Has(flows.SYN) || !f.Has(flows.SYN|flows.ACK) || f.Has(flows.SYN|flows.RST) {
		t.Errorf("%v: got %v %v %v, want true true false", f, f.Has(flows.SYN), f.Has(flows.SYN|flows.ACK), f.Has(flows.SYN|flows.RST))
	}
}

// drawSegment returns a segment between two endpoints.
func drawSegment(t *rapid.T, id uint32) flows.Segment {
	addrs := []netip.AddrPort{client, server, netip.MustParseAddrPort("[2001:db8::1]:443"), netip.MustParseAddrPort("192.0.2.1:40001")}
	src := rapid.SampledFrom(addrs).Draw(t, "src")
	dst := rapid.SampledFrom(addrs).Draw(t, "dst")
	return flows.NewSegment(src, dst, id, flows.Segment{
		Seq: rapid.Uint32().Draw(t, "seq"), Ack: rapid.Uint32Range(0, 1).Draw(t, "ack"),
		Flags: flows.Flags(rapid.Uint8Range(0, 63).Draw(t, "flags")), Window: rapid.Uint16Range(0, 1).Draw(t, "window"),
		TSVal: rapid.Uint32Range(0, 1).Draw(t, "tsval"), TSEcr: rapid.Uint32Range(0, 1).Draw(t, "tsecr"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "payload"),
	})
}

func TestNewSegment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t, 1)
		src, dst := s.Src().AddrPort(), s.Dst().AddrPort()
		if int(s.Len) != len(s.Payload) {
			t.Errorf("length: got %d, want %d", s.Len, len(s.Payload))
		}
		if back := flows.NewSegment(dst, src, 2, flows.Segment{}); back.Hash != s.Hash {
			t.Errorf("hash of the other direction: got %#x, want %#x", back.Hash, s.Hash)
		}
		same := s
		same.Time, same.TTL, same.Hash, same.Print, same.Num, same.Link = 7, 63, 0, 0, 9, 3
		if same = flows.NewSegment(src, dst, 1, same); same.Print != s.Print || same.Hash != s.Hash {
			t.Errorf("seen elsewhere: got print %#x and hash %#x, want %#x and %#x", same.Print, same.Hash, s.Print, s.Hash)
		}
		for what, change := range map[string]func(x *flows.Segment){
			"seq": func(x *flows.Segment) { x.Seq++ }, "ack": func(x *flows.Segment) { x.Ack++ },
			"flags": func(x *flows.Segment) { x.Flags ^= flows.PSH }, "window": func(x *flows.Segment) { x.Window++ },
			"length": func(x *flows.Segment) { x.Len++ }, "scale": func(x *flows.Segment) { x.WindowScale++ },
			"timestamp": func(x *flows.Segment) { x.TSVal++ }, "echo": func(x *flows.Segment) { x.TSEcr++ },
			"payload": func(x *flows.Segment) { x.Payload = append([]byte("x"), x.Payload...) },
		} {
			other := s
			change(&other)
			if other = flows.NewSegment(src, dst, 1, other); other.Print == s.Print {
				t.Errorf("another %s: got the same print %#x", what, s.Print)
			}
		}
		if other := flows.NewSegment(src, dst, 2, s); other.Print == s.Print {
			t.Errorf("another id: got the same print %#x", s.Print)
		}
		if other := flows.NewSegment(dst, src, 1, s); other.Print == s.Print && src != dst {
			t.Errorf("the other direction: got the same print %#x", s.Print)
		}
	})
}

// Hashes of the 4-tuples of one client are spread over the low bits, which the
// table of the Engine uses.
func TestNewSegmentSpread(t *testing.T) {
	const n = 1 << 12
	used := map[uint32]int{}
	for port := range uint16(n) {
		s := flows.NewSegment(netip.AddrPortFrom(client.Addr(), port), server, 0, flows.Segment{})
		used[s.Hash%n]++
	}
	if len(used) < n/2 { // 63 % if they are random
		t.Errorf("%d tuples have %d hashes, want at least %d", n, len(used), n/2)
	}
}

func TestSeqLen(t *testing.T) {
	s := flows.Segment{Flags: flows.SYN | flows.FIN, Len: 5}
	if got := s.SeqLen(); got != 7 {
		t.Errorf("got %d, want 7: SYN and FIN take a number each", got)
	}
}
