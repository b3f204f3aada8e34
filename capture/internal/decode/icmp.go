package decode

import (
	"encoding/binary"

	"github.com/kaanalyze/kaanalyze/flows"
)

// minQuoted is how much of a TCP header an ICMP error must quote for tshark to number
// its stream. RFC 792 asked for 8 bytes, RFC 1812 (4.3.2.3) for as many as fit.
const minQuoted = 16

// quotation decodes an ICMP error: the header of the segment that it quotes, if it
// does, goes into seg.
func quotation(proto uint8, data []byte, seg *flows.Segment) Verdict {
	if len(data) < 8 || !isError(proto, data[0]) {
		return NotTCP
	}
	v4 := proto == protoICMP
	data = data[8:]
	switch {
	case v4 && len(data) >= 20 && data[0]>>4 == 4 && data[9] == protoTCP && binary.BigEndian.Uint16(data[6:])&0x1fff == 0:
		mapIPv4(&seg.SrcIP, binary.LittleEndian.Uint32(data[12:]))
		mapIPv4(&seg.DstIP, binary.LittleEndian.Uint32(data[16:]))
		data = data[min(len(data), max(20, int(data[0]&15)*4)):]
	case !v4 && len(data) >= 40 && data[0]>>4 == 6 && data[6] == protoTCP:
		seg.SrcIP, seg.DstIP = [16]byte(data[8:24]), [16]byte(data[24:40])
		data = data[40:]
	default:
		return NotTCP
	}
	if len(data) < minQuoted {
		return NotTCP
	}
	seg.SrcPort, seg.DstPort = binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
	seg.Seq, seg.Ack = binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	seg.Flags = flows.Flags(data[13])
	seg.Payload, seg.Len, seg.Quoted = nil, 0, true
	seg.Hash = flows.HashTuple(flows.HashEndpoint(&seg.SrcIP, seg.SrcPort), flows.HashEndpoint(&seg.DstIP, seg.DstPort))
	return Quoted
}

// isError reports whether an ICMP message of that type quotes a packet (RFC 792;
// RFC 4443, 3).
func isError(proto, kind uint8) bool {
	if proto == protoICMPv6 {
		return kind >= 1 && kind <= 4
	}
	switch kind {
	case 3, 4, 5, 11, 12:
		return true
	}
	return false
}
