package capturetest

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Segments returns the script's segments as the function of that name does.
// They share no memory with the script.
func (s *Script) Segments() []flows.Segment {
	segments := make([]flows.Segment, len(s.packets))
	for i := range s.packets {
		segments[i] = s.packets[i].segment()
		segments[i].Num = uint64(i + 1)
	}
	return segments
}

// segment returns the packet as a segment, but for its number.
func (p *packet) segment() flows.Segment {
	src, dst := flows.EndpointOf(p.src), flows.EndpointOf(p.dst)
	s := flows.Segment{
		Time:    p.time,
		Payload: append([]byte(nil), p.payload[:p.cut]...),
		SrcIP:   src.IP, DstIP: dst.IP, SrcPort: src.Port, DstPort: dst.Port,
		Seq: p.seq, Ack: p.ack, Len: uint32(len(p.payload)), Window: p.window, Flags: p.flags,
		TTL: p.ttl, WindowScale: flows.NoScale,
		HasTS: p.hasTS, TSVal: p.tsVal, TSEcr: p.tsEcr,
		Hash:  flows.HashTuple(flows.HashEndpoint(&src.IP, src.Port), flows.HashEndpoint(&dst.IP, dst.Port)),
		Link:  p.iface<<12 | uint32(p.vlan),
		Print: p.print(),
		NoID:  p.id == 0 || p.src.Addr().Is6(),
	}
	if p.scale >= 0 && p.flags.Has(flows.SYN) {
		s.WindowScale = min(uint8(p.scale), 14) // RFC 7323, 2.3
	}
	return s
}

// print is of the packet without what a router changes.
func (p *packet) print() uint64 {
	c := *p
	c.ttl = 0
	h := fnv.New64a()
	h.Write(c.encodeIP())
	return h.Sum64()
}

// Pcap returns the script's capture file as the function of that name does.
func (s *Script) Pcap() []byte {
	const ethernet, cooked2 = 1, 276
	link := uint32(ethernet)
	for i := range s.packets {
		if s.packets[i].iface != 0 {
			link = cooked2
		}
	}
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d) // nanoseconds
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 1<<18)
	b = binary.LittleEndian.AppendUint32(b, link)
	for i := range s.packets {
		p := &s.packets[i]
		frame := p.encodeLink(link == cooked2)
		frame = append(frame, p.encodeIP()...)
		captured := len(frame) - len(p.payload) + p.cut
		b = binary.LittleEndian.AppendUint32(b, uint32(p.time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(captured))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = append(b, frame[:captured]...)
	}
	return b
}

// encodeLink returns what precedes the IP packet.
func (p *packet) encodeLink(cooked bool) []byte {
	etherType := uint16(0x0800)
	if p.src.Addr().Is6() {
		etherType = 0x86dd
	}
	var tag []byte
	first := etherType
	if p.vlan != 0 {
		first = 0x8100
		tag = binary.BigEndian.AppendUint16(nil, p.vlan)
		tag = binary.BigEndian.AppendUint16(tag, etherType)
	}
	var b []byte
	if cooked {
		b = binary.BigEndian.AppendUint16(b, first)
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint32(b, p.iface)
		b = append(b, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0) // hardware type, packet type and address
	} else {
		b = append(b, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1)
		b = binary.BigEndian.AppendUint16(b, first)
	}
	return append(b, tag...)
}

// encodeIP returns the IP packet, whole.
func (p *packet) encodeIP() []byte {
	t := p.encodeTCP()
	if p.src.Addr().Is6() {
		b := []byte{0x60, 0, 0, 0}
		b = binary.BigEndian.AppendUint16(b, ipLength(len(t)))
		b = append(b, 6, p.ttl)
		b = append(append(b, p.src.Addr().AsSlice()...), p.dst.Addr().AsSlice()...)
		return append(b, t...)
	}
	b := []byte{0x45, 0}
	b = binary.BigEndian.AppendUint16(b, ipLength(20+len(t)))
	b = binary.BigEndian.AppendUint16(b, p.id)
	b = append(b, 0x40, 0, p.ttl, 6, 0, 0) // don't fragment
	b = append(append(b, p.src.Addr().AsSlice()...), p.dst.Addr().AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], ^sum(0, b))
	return append(b, t...)
}

// ipLength is 0 for a packet that is too long for the field: one that the
// network card was still to cut up.
func ipLength(n int) uint16 {
	if n > math.MaxUint16 {
		return 0
	}
	return uint16(n)
}

// encodeTCP returns the TCP segment, whole, with its checksum.
func (p *packet) encodeTCP() []byte {
	b := binary.BigEndian.AppendUint16(nil, p.src.Port())
	b = binary.BigEndian.AppendUint16(b, p.dst.Port())
	b = binary.BigEndian.AppendUint32(b, p.seq)
	b = binary.BigEndian.AppendUint32(b, p.ack)
	b = append(b, 0, byte(p.flags))
	b = binary.BigEndian.AppendUint16(b, p.window)
	b = append(b, 0, 0, 0, 0) // checksum, urgent pointer
	if p.mss >= 0 {
		b = append(b, 2, 4, byte(p.mss>>8), byte(p.mss))
	}
	if p.scale >= 0 {
		b = append(b, 1, 3, 3, byte(p.scale))
	}
	if p.hasTS {
		b = append(b, 1, 1, 8, 10)
		b = binary.BigEndian.AppendUint32(b, p.tsVal)
		b = binary.BigEndian.AppendUint32(b, p.tsEcr)
	}
	b[12] = byte(len(b)/4) << 4
	b = append(b, p.payload...)
	binary.BigEndian.PutUint16(b[16:], ^sum(pseudoHeader(p.src.Addr(), p.dst.Addr(), len(b)), b))
	return b
}

// pseudoHeader sums up what TCP's checksum covers besides the segment (RFC 9293, 3.1).
func pseudoHeader(src, dst netip.Addr, length int) uint32 {
	const tcp = 6
	s := uint32(tcp) + uint32(length)
	return s + uint32(sum(0, src.AsSlice())) + uint32(sum(0, dst.AsSlice()))
}

// sum is the checksum of RFC 1071, not complemented.
func sum(start uint32, b []byte) uint16 {
	total := uint64(start)
	for ; len(b) >= 2; b = b[2:] {
		total += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		total += uint64(b[0]) << 8
	}
	for total > 0xffff {
		total = total&0xffff + total>>16
	}
	return uint16(total)
}
