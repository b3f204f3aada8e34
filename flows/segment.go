package flows

import "net/netip"

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

// String writes the flags as tcpdump does: S, F, R, P, U, and a dot for ACK.
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

// Endpoint is one side of a 4-tuple in a form that holds no pointer and
// compares fast. IP is in network order; an IPv4 address is kept in its
// IPv4-mapped form (RFC 4291, 2.5.5.2).
type Endpoint struct {
	IP   [16]byte
	Port uint16
}

// AddrPort returns the endpoint as netip has it, for printing.
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.IP).Unmap(), e.Port)
}

// EndpointOf is the inverse of [Endpoint.AddrPort].
func EndpointOf(a netip.AddrPort) Endpoint {
	return Endpoint{IP: a.Addr().As16(), Port: a.Port()}
}

// Note is what a scanner that ran beside the reader has noted about a
// segment's payload, so that the engine need not look at it again. Its
// meaning is the scanner's; the zero Note says nothing.
type Note struct{ A, B, C uint64 }

// NoScale is the value of [Segment.WindowScale] without that option.
const NoScale = 0xff

// Segment is one TCP segment as a capture recorded it. A reader fills it and
// may reuse it: Payload is valid only until the consumer's call returns.
type Segment struct {
	Time    int64  // capture time, nanoseconds since the Unix epoch
	Num     uint64 // frame number as Wireshark counts, from 1
	Payload []byte // the captured bytes of the payload, at most Len of them

	SrcIP, DstIP     [16]byte // as in Endpoint
	SrcPort, DstPort uint16

	Seq, Ack uint32
	Len      uint32 // payload bytes on the wire; more than len(Payload) if the packet was cut
	Window   uint16 // as in the header, unscaled
	Flags    Flags

	TTL         uint8 // of IPv4, or the hop limit of IPv6
	WindowScale uint8 // shift count of a SYN's option (RFC 7323, 2), or NoScale
	HasTS       bool  // the timestamps option is present (RFC 7323, 3)
	TSVal       uint32
	TSEcr       uint32

	Hash  uint32 // of the 4-tuple, the same for both directions
	Link  uint32 // interface and VLANs it was seen on; differs where those differ
	Print uint64 // of the IP packet without TTL and checksums: equal for copies of one packet

	Note Note
}

// Src returns the sender.
func (s *Segment) Src() Endpoint { return Endpoint{s.SrcIP, s.SrcPort} }

// Dst returns the receiver.
func (s *Segment) Dst() Endpoint { return Endpoint{s.DstIP, s.DstPort} }

// SeqLen returns the sequence space that the segment takes: its payload, and
// one each for SYN and FIN (RFC 9293, 3.4).
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
