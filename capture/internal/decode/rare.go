package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Link types and tunnels of older or rarer networks, which gopacket does not know.

// frameRelay decodes Q.922 and what RFC 2427 puts behind it, or the EtherType of
// Cisco's own encapsulation.
func (d *Decoder) frameRelay(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const unnumbered, snap, ipv4, ipv6, bridged = 0x03, 0x80, 0xcc, 0x8e, 0x0080c2
	size := 1
	for size <= len(data) && size < 4 && data[size-1]&1 == 0 { // the last byte of the address says so
		size++
	}
	if size+2 > len(data) {
		return Undecoded
	}
	data, wire = data[size:], wire-size
	if data[0] != unnumbered {
		return d.network(binary.BigEndian.Uint16(data), data[2:], wire-2, linkID, seg)
	}
	data, wire = data[1:], wire-1
	if data[0] == 0 && len(data) > 1 { // padding
		data, wire = data[1:], wire-1
	}
	switch data[0] {
	case ipv4:
		return d.ipv4(data[1:], wire-1, linkID, seg)
	case ipv6:
		return d.ipv6(data[1:], wire-1, linkID, seg)
	case snap:
		if len(data) < 6 {
			return Undecoded
		}
		pid := binary.BigEndian.Uint16(data[4:])
		switch oui := binary.BigEndian.Uint32(data) & 0xffffff; {
		case oui == 0:
			return d.network(pid, data[6:], wire-6, linkID, seg)
		case oui == bridged && (pid == 1 || pid == 7): // IEEE 802.3, with and without its checksum
			return d.inner(etherTypeBridge, data, wire, 6, linkID, seg)
		}
	}
	return NotTCP
}

// tokenRing decodes IEEE 802.5, with source routing if the source address says so.
func (d *Decoder) tokenRing(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const llcFrame = 0x40
	size := 14
	if len(data) <= size {
		return Undecoded
	}
	if data[1]&0xc0 != llcFrame {
		return NotTCP
	}
	if data[8]&0x80 != 0 {
		size += int(data[14] & 0x1f)
	}
	if size > len(data) {
		return Undecoded
	}
	return d.llc(data[size:], wire-size, linkID, seg)
}

// arcnet decodes RFC 1201, or RFC 1051 of old. address is the length of what precedes
// the protocol.
func (d *Decoder) arcnet(data []byte, wire, address int, linkID uint32, seg *flows.Segment) Verdict {
	const ipv4, ipv6, oldIPv4, oldARP, exception = 212, 196, 240, 241, 0xff
	if len(data) < address+4 {
		return Undecoded
	}
	protocol, size := data[address], address+1
	if protocol != oldIPv4 && protocol != oldARP {
		flag := data[size]
		size += 3 // a flag and a sequence number
		if flag == exception && address == 2 {
			size += 4
		}
	}
	if size > len(data) {
		return Undecoded
	}
	switch protocol {
	case ipv4, oldIPv4:
		return d.ipv4(data[size:], wire-size, linkID, seg)
	case ipv6:
		return d.ipv6(data[size:], wire-size, linkID, seg)
	}
	return NotTCP
}

// ipOverInfiniband decodes RFC 4391, 6, behind the global routing header, of which
// captures have the destination or nothing but its room.
func (d *Decoder) ipOverInfiniband(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const routing, size = 40, 44
	if len(data) < size {
		return Undecoded
	}
	return d.network(binary.BigEndian.Uint16(data[routing:]), data[size:], wire-size, linkID, seg)
}

// ipnet decodes the header of Solaris' observation of IP, between zones, too.
func (d *Decoder) ipnet(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const size = 24
	if len(data) < size {
		return Undecoded
	}
	return d.raw(data[size:], wire-size, linkID, seg)
}

// juniper decodes the header of JUNOS before an Ethernet frame or, where a flag says so,
// before an IP packet.
func (d *Decoder) juniper(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const magic, noLink, extended = 0x4d4743, 0x02, 0x80
	if len(data) < 6 || binary.BigEndian.Uint32(data)>>8 != magic {
		return Undecoded
	}
	flags, size := data[3], 4
	if flags&extended != 0 {
		size += 2 + int(binary.BigEndian.Uint16(data[4:]))
	}
	if flags&noLink != 0 {
		size += 4 // the protocol, of which the packet tells as much
	}
	if size > len(data) {
		return Undecoded
	}
	if flags&noLink != 0 {
		return d.raw(data[size:], wire-size, linkID, seg)
	}
	return d.ethernet(data[size:], wire-size, linkID, seg)
}

// gre decodes what is mirrored by GRE in ways of its own, and leaves the versions of
// GRE, and what else comes in them, to gopacket.
func (d *Decoder) gre(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const checksum, key, sequence = 0x80, 0x20, 0x10
	d.depth++
	if len(data) < 4 || d.depth > maxDepth {
		return Undecoded
	}
	linkID = mixLink(linkID, protoGRE<<24)
	size := 4
	for _, bit := range [...]byte{checksum, key, sequence} {
		if data[0]&bit != 0 {
			size += 4
		}
	}
	protocol := binary.BigEndian.Uint16(data[2:])
	switch {
	case size > len(data):
		return Undecoded
	case protocol>>4 == 0x820: // Aruba's access points: IEEE 802.11
		return d.slow(layers.LinkTypeIEEE802_11, data[size:], wire-size, linkID, seg)
	case protocol == 0x88be && data[0]&sequence == 0: // ERSPAN type I has no header of its own
		return d.ethernet(data[size:], wire-size, linkID, seg)
	case protocol == 0x22eb: // ERSPAN type III
		size += 12
		if size <= len(data) && data[size-1]&1 != 0 { // an optional subheader
			size += 8
		}
		if size > len(data) {
			return Undecoded
		}
		return d.ethernet(data[size:], wire-size, linkID, seg)
	}
	return d.slow(layers.LayerTypeGRE, data, wire, linkID, seg)
}

// l2tp decodes data messages of version 2 (RFC 2661, 3.1), which carry PPP.
func (d *Decoder) l2tp(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const control, length, sequence, offset = 0x80, 0x40, 0x08, 0x02
	d.depth++
	if len(data) < 8 || d.depth > maxDepth {
		return Undecoded
	}
	flags := data[0]
	if flags&control != 0 || data[1]&15 != 2 {
		return NotTCP
	}
	size := 6
	if flags&length != 0 {
		size += 2
		data, wire = clip(data, wire, int(binary.BigEndian.Uint16(data[2:])))
	}
	if flags&sequence != 0 {
		size += 4
	}
	if flags&offset != 0 && size+2 <= len(data) {
		size += 2 + int(binary.BigEndian.Uint16(data[size:]))
	}
	if size > len(data) {
		return Undecoded
	}
	return d.ppp(data[size:], wire-size, mixLink(linkID, 1701), seg)
}
