package decode

import (
	"encoding/binary"

	"github.com/kaanalyze/kaanalyze/flows"
)

// network decodes what an EtherType announces: tags are taken off, IP is
// decoded, and anything else holds no segment.
func (d *Decoder) network(etherType uint16, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	for {
		switch etherType {
		case etherTypeIPv4:
			return d.ipv4(data, wire, linkID, seg)
		case etherTypeIPv6:
			return d.ipv6(data, wire, linkID, seg)
		case 0x8100, 0x88a8, 0x9100, 0x9200, 0x9300: // IEEE 802.1Q and 802.1ad, and what came before that
			if len(data) < 4 {
				return Undecoded
			}
			if id := binary.BigEndian.Uint16(data) & 0xfff; id != 0 { // 0 is a priority, not a VLAN
				linkID = mixLink(linkID, uint32(id))
			}
			etherType = binary.BigEndian.Uint16(data[2:])
			data, wire = data[4:], wire-4
		case 0x8847, 0x8848:
			return d.mpls(data, wire, linkID, seg)
		case 0x8864:
			return d.pppoe(data, wire, linkID, seg)
		case 0x88e7: // IEEE 802.1ah: an I-TAG, and the customer's frame
			return d.inner(etherTypeBridge, data, wire, 4, linkID, seg)
		case etherTypeBridge:
			return d.inner(etherTypeBridge, data, wire, 0, linkID, seg)
		default:
			if etherType > 1500 {
				return NotTCP
			}
			data, wire = clip(data, wire, int(etherType)) // a length: IEEE 802.3
			return d.llc(data, wire, linkID, seg)
		}
	}
}

// inner decodes what a tunnel carries behind a header of size bytes. The tunnel
// counts as another link, as the same packet may be seen inside and outside of it.
func (d *Decoder) inner(etherType uint16, data []byte, wire, size int, linkID uint32, seg *flows.Segment) Verdict {
	d.depth++
	if size > len(data) || d.depth > maxDepth {
		return Undecoded
	}
	data, wire, linkID = data[size:], wire-size, mixLink(linkID, uint32(etherType)<<16)
	if etherType == etherTypeBridge {
		return d.ethernet(data, wire, linkID, seg)
	}
	return d.network(etherType, data, wire, linkID, seg)
}

// innerIP is inner for a tunnel that leaves it to the packet which IP it is.
func (d *Decoder) innerIP(data []byte, wire, size int, linkID uint32, seg *flows.Segment) Verdict {
	etherType := uint16(etherTypeIPv4)
	if size < len(data) && data[size]>>4 == 6 {
		etherType = etherTypeIPv6
	}
	return d.inner(etherType, data, wire, size, linkID, seg)
}

// llc decodes IP behind IEEE 802.2 headers (RFC 1042).
func (d *Decoder) llc(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const snap = 0xaaaa03
	if len(data) < 8 || binary.BigEndian.Uint32(data)>>8 != snap || binary.BigEndian.Uint32(data[2:])&0xffffff != 0 {
		return NotTCP
	}
	d.depth++
	if d.depth > maxDepth {
		return Undecoded
	}
	return d.network(binary.BigEndian.Uint16(data[6:]), data[8:], wire-8, linkID, seg)
}

// mpls takes the label stack off. What is below it no field says: an IP packet
// begins with its version, and a pseudowire's control word, before an Ethernet
// frame, with 0 (RFC 4385, 3).
func (d *Decoder) mpls(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	for bottom := false; !bottom; {
		if len(data) < 4 {
			return Undecoded
		}
		bottom = data[2]&1 != 0
		data, wire = data[4:], wire-4
	}
	if len(data) == 0 {
		return Undecoded
	}
	switch data[0] >> 4 {
	case 4:
		return d.ipv4(data, wire, linkID, seg)
	case 6:
		return d.ipv6(data, wire, linkID, seg)
	case 0:
		return d.inner(etherTypeBridge, data, wire, 4, linkID, seg)
	}
	return NotTCP
}

// pppoe decodes a session packet (RFC 2516, 4).
func (d *Decoder) pppoe(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 8 {
		return Undecoded
	}
	if data[1] != 0 { // the code: not session data
		return NotTCP
	}
	data, wire = clip(data[6:], wire-6, int(binary.BigEndian.Uint16(data[4:])))
	return d.ppp(data, wire, linkID, seg)
}

// clip shortens data to the length that a header gives, if that is less.
func clip(data []byte, wire, length int) ([]byte, int) {
	wire = min(wire, length)
	return data[:min(len(data), wire)], wire
}

// ppp decodes a frame, with or without HDLC's address and control (RFC 1662,
// 3.1), whose protocol field may be compressed to a byte (RFC 1661, 6.5).
func (d *Decoder) ppp(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) >= 2 && data[0] == 0xff && data[1] == 3 {
		data, wire = data[2:], wire-2
	}
	if len(data) < 2 {
		return Undecoded
	}
	protocol, size := binary.BigEndian.Uint16(data), 2
	if data[0]&1 != 0 {
		protocol, size = uint16(data[0]), 1
	}
	data, wire = data[size:], wire-size
	switch protocol {
	case 0x21:
		return d.ipv4(data, wire, linkID, seg)
	case 0x57:
		return d.ipv6(data, wire, linkID, seg)
	case 0x281, 0x283:
		return d.mpls(data, wire, linkID, seg)
	}
	return NotTCP
}

// tunnel decodes IP protocols that carry packets; others hold no segment.
func (d *Decoder) tunnel(proto uint8, data []byte, wire int, id, linkID uint32, seg *flows.Segment) Verdict {
	switch proto {
	case protoUDP:
		return d.udp(data, wire, linkID, seg)
	case protoIPv4:
		return d.inner(etherTypeIPv4, data, wire, 0, linkID, seg)
	case protoIPv6:
		return d.inner(etherTypeIPv6, data, wire, 0, linkID, seg)
	case protoMPLS: // RFC 4023
		return d.inner(0x8847, data, wire, 0, linkID, seg)
	case protoEtherIP: // RFC 3378
		return d.inner(etherTypeBridge, data, wire, 2, linkID, seg)
	case protoGRE:
		return d.gre(data, wire, linkID, seg)
	case protoIPComp:
		return d.ipcomp(data, wire, id, linkID, seg)
	case protoICMP, protoICMPv6:
		return quotation(proto, data, seg)
	}
	return NotTCP
}

// udp enters a tunnel if a port is one that Wireshark, too, takes for it, and
// looks at nothing else. What turns out not to be a tunnel is plain UDP.
func (d *Decoder) udp(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 8 {
		return NotTCP
	}
	if d.datagram != nil {
		*d.datagram = udpDatagram{binary.BigEndian.Uint16(data), data[8:]}
	}
	v := d.udpTunnel(binary.BigEndian.Uint16(data[2:]), data[8:], wire-8, linkID, seg)
	if v == NotTCP {
		v = d.udpTunnel(binary.BigEndian.Uint16(data), data[8:], wire-8, linkID, seg)
	}
	if v == Undecoded {
		return NotTCP
	}
	return v
}

// udpTunnel decodes what a port, registered or in use, announces.
func (d *Decoder) udpTunnel(port uint16, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	switch port {
	case 1701:
		return d.l2tp(data, wire, linkID, seg)
	case 4789:
		return d.inner(etherTypeBridge, data, wire, 8, linkID, seg) // RFC 7348, 5
	case 4790:
		return d.vxlanGPE(data, wire, linkID, seg)
	case 6081:
		return d.geneve(data, wire, linkID, seg)
	case 2152:
		return d.gtp(data, wire, linkID, seg)
	case 3544:
		return d.teredo(data, wire, linkID, seg)
	case 5072:
		return d.ayiya(data, wire, linkID, seg)
	case 6635:
		return d.inner(0x8847, data, wire, 0, linkID, seg) // RFC 7510, 3
	}
	return NotTCP
}

// vxlanGPE is VXLAN that says what it carries (draft-ietf-nvo3-vxlan-gpe, 3).
func (d *Decoder) vxlanGPE(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 8 {
		return Undecoded
	}
	switch data[3] {
	case 1:
		return d.inner(etherTypeIPv4, data, wire, 8, linkID, seg)
	case 2:
		return d.inner(etherTypeIPv6, data, wire, 8, linkID, seg)
	case 3:
		return d.inner(etherTypeBridge, data, wire, 8, linkID, seg)
	}
	return NotTCP
}

// geneve is RFC 8926, 3.4. (gopacket misreads options of 64 bytes and more.)
func (d *Decoder) geneve(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 8 || data[0]>>6 != 0 {
		return Undecoded
	}
	return d.inner(binary.BigEndian.Uint16(data[2:]), data, wire, 8+int(data[0]&0x3f)*4, linkID, seg)
}

// gtp is the user plane of GTP version 1: 3GPP TS 29.281, 5. (gopacket prints
// to standard output when it meets a wrong extension header.)
func (d *Decoder) gtp(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const version1, userData = 0x30, 0xff
	if len(data) < 8 || data[0]&0xf0 != version1 || data[1] != userData {
		return NotTCP
	}
	data, wire = clip(data, wire, 8+int(binary.BigEndian.Uint16(data[2:])))
	if data[0]&7 == 0 {
		return d.innerIP(data, wire, 8, linkID, seg)
	}
	size := 12
	for size <= len(data) && data[size-1] != 0 { // the next extension's type
		if size == len(data) || data[size] == 0 {
			return Undecoded
		}
		size += int(data[size]) * 4
	}
	return d.innerIP(data, wire, size, linkID, seg)
}

// teredo is RFC 4380, 5.1.1: an authentication and an origin header may precede.
func (d *Decoder) teredo(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	size := 0
	if len(data) >= 4 && data[0] == 0 && data[1] == 1 {
		size = 13 + int(data[2]) + int(data[3])
	}
	if len(data) >= size+2 && data[size] == 0 && data[size+1] == 0 {
		size += 8
	}
	return d.inner(etherTypeIPv6, data, wire, size, linkID, seg)
}

// ayiya is what SixXS used for IPv6 in UDP (draft-massar-v6ops-ayiya, 3): an
// identity of 2^n bytes and a signature of n words follow the fixed header.
func (d *Decoder) ayiya(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const forward = 1
	if len(data) < 8 || data[2]&15 != forward || data[3] != protoIPv6 {
		return NotTCP
	}
	size := 8 + 1<<(data[0]>>4) + int(data[1]>>4)*4
	return d.inner(etherTypeIPv6, data, wire, size, linkID, seg)
}
