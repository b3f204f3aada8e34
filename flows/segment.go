package flows

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
)

// Flags are the control bits of a TCP segment, at their place in the header
// (RFC 9293, 3.1).
type Flags uint8

// The control bits that kaanalyze looks at.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Has reports whether every bit of want is set in f.
func (f Flags) Has(want Flags) bool { return f&want == want }

// String writes the flags as tcpdump does: S, F, R, P, U, and a dot for ACK;
// "none" without any.
func (f Flags) String() string {
	var b [8]byte
	n := 0
	for _, x := range [...]struct {
		bit Flags
		c   byte
	}{{SYN, 'S'}, {FIN, 'F'}, {RST, 'R'}, {PSH, 'P'}, {URG, 'U'}, {ACK, '.'}} {
		if f&x.bit != 0 {
			b[n] = x.c
			n++
		}
	}
	if n == 0 {
		return "none"
	}
	return string(b[:n])
}

// Endpoint is the address and port of one side, in a form that holds no pointer
// and compares fast. IP is in network order; an IPv4 address is kept in its
// IPv4-mapped form (RFC 4291, 2.5.5.2). The zone of an IPv6 address is lost.
type Endpoint struct {
	IP   [16]byte
	Port uint16
}

// EndpointOf returns a as an Endpoint.
func EndpointOf(a netip.AddrPort) Endpoint {
	return Endpoint{IP: a.Addr().As16(), Port: a.Port()}
}

// AddrPort returns the endpoint in netip's form, the inverse of [EndpointOf].
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.IP).Unmap(), e.Port)
}

// String returns "192.0.2.1:80", or "[2001:db8::1]:80" for IPv6.
func (e Endpoint) String() string { return e.AddrPort().String() }

// Note is what a scanner that ran beside the reader found in a segment's
// payload, so that the consumer need not scan it again. The Engine passes it on
// unread. Its meaning is the scanner's; the zero Note says nothing.
type Note struct{ A, B, C uint64 }

// NoScale is the value of [Segment.WindowScale] without that option.
const NoScale = 0xff

// Segment is one TCP segment as a capture recorded it. A reader fills it and
// may reuse it for the next one: the Engine keeps no reference to it, and
// copies payload that it has to hold.
type Segment struct {
	Time    int64  // when it was captured, ns since the Unix epoch
	Num     uint64 // frame number as Wireshark counts, from 1
	Payload []byte // the captured bytes of the payload, at most Len of them

	SrcIP, DstIP     [16]byte // in the form of Endpoint
	SrcPort, DstPort uint16

	Seq, Ack uint32
	Len      uint32 // payload bytes on the wire; more than len(Payload) if the packet was cut
	Window   uint16 // as in the header, not scaled
	Flags    Flags

	TTL         uint8 // of IPv4, or the hop limit of IPv6; 0 if not known
	WindowScale uint8 // shift count of a SYN's option (RFC 7323, 2), or NoScale
	HasTS       bool  // the timestamps option is present (RFC 7323, 3)
	// NoID says that the IP header does not tell apart packets that are alike: of
	// IPv6, or of IPv4 with an identification of 0.
	NoID  bool
	TSVal uint32
	TSEcr uint32

	// Hash is of the 4-tuple, the same for both directions, and well spread in
	// its low bits. All segments for one Engine must have it from one function;
	// [HashTuple] is one that nobody can make collisions for.
	Hash uint32
	// Link stands for the interface and VLANs on which the packet was seen.
	Link uint32
	// Print is a fingerprint of the IP packet without TTL and checksums, equal
	// for duplicates of one packet and only for these.
	Print uint64

	Note Note
}

// NewSegment completes a segment that does not come from package capture: it
// returns s with src and dst as its addresses, with Len, if that is 0, set to
// the length of Payload, and with Hash and Print computed. Payload is not
// copied.
//
// Two segments that are alike count as one packet captured twice if little time
// lies between them, see [Counts.Duplicates]. id tells apart those that are
// not: it is the identification of the IPv4 header, or just a number that
// counts up; without either, set NoID.
func NewSegment(src, dst netip.AddrPort, id uint32, s Segment) Segment {
	from, to := EndpointOf(src), EndpointOf(dst)
	s.SrcIP, s.SrcPort, s.DstIP, s.DstPort = from.IP, from.Port, to.IP, to.Port
	if s.Len == 0 {
		s.Len = uint32(len(s.Payload))
	}
	s.Hash = HashTuple(HashEndpoint(&s.SrcIP, s.SrcPort), HashEndpoint(&s.DstIP, s.DstPort))
	a, b := from.hash(), to.hash()
	p := mix(a ^ mix(b))
	p = mix(p ^ uint64(s.Seq)<<32 ^ uint64(s.Ack))
	p = mix(p ^ uint64(s.Len)<<32 ^ uint64(s.Window)<<16 ^ uint64(s.Flags))
	p = mix(p ^ uint64(s.TSVal)<<32 ^ uint64(s.TSEcr))
	p = mix(p ^ uint64(id)<<32 ^ uint64(s.WindowScale))
	for _, c := range s.Payload {
		p = p*prime64 ^ uint64(c)
	}
	s.Print = mix(p)
	return s
}

// hashSeeds make the hashes of a process its own: whoever chooses addresses and
// ports cannot choose many whose hashes are alike, which would make each lookup
// go through all of them. Nothing but the time that a lookup takes depends on
// them.
var hashSeeds = [2]uint64{rand.Uint64(), rand.Uint64()}

// HashTuple returns the hash of a 4-tuple from those of its endpoints, in any
// order, as [Segment.Hash] wants it.
func HashTuple(src, dst uint64) uint32 {
	sum := src + dst
	return uint32((sum ^ sum>>32) * 0x9e3779b97f4a7c15 >> 32)
}

// HashEndpoint spreads an endpoint over 64 bits, for [HashTuple]: it multiplies to
// 128 bits and folds the halves. It differs from process to process.
func HashEndpoint(ip *[16]byte, port uint16) uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(ip[8:])^hashSeeds[0], binary.LittleEndian.Uint64(ip[:8])^uint64(port)^hashSeeds[1])
	return high ^ low
}

// prime64 is the multiplier of the FNV hash.
const prime64 = 1<<40 + 0x1b3

func (e Endpoint) hash() uint64 {
	h := uint64(e.Port)
	for _, c := range e.IP {
		h = h*prime64 ^ uint64(c)
	}
	return mix(h)
}

// mix spreads each bit of x over all bits of the result (the finalizer of
// MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// Src returns the sender.
func (s *Segment) Src() Endpoint { return Endpoint{s.SrcIP, s.SrcPort} }

// Dst returns the receiver.
func (s *Segment) Dst() Endpoint { return Endpoint{s.DstIP, s.DstPort} }

// SeqLen returns how many sequence numbers the segment takes: one for each byte
// of its payload, and one each for SYN and FIN (RFC 9293, 3.4).
func (s *Segment) SeqLen() uint32 {
	n := s.Len
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}
