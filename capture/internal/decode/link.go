package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// frame decodes a frame of any link type.
func (d *Decoder) frame(link pcapfile.LinkType, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	switch link {
	case pcapfile.LinkEthernet:
		return d.ethernet(data, wire, linkID, seg)
	case pcapfile.LinkSLL:
		return d.sll(data, wire, linkID, seg)
	case pcapfile.LinkSLL2:
		return d.sll2(data, wire, linkID, seg)
	case pcapfile.LinkNull, pcapfile.LinkLoop:
		return d.null(data, wire, linkID, seg)
	case pcapfile.LinkRaw, pcapfile.LinkRawBSD, pcapfile.LinkRawOpenBSD:
		return d.raw(data, wire, linkID, seg)
	case pcapfile.LinkIPv4:
		return d.ipv4(data, wire, linkID, seg)
	case pcapfile.LinkIPv6:
		return d.ipv6(data, wire, linkID, seg)
	case pcapfile.LinkPPP:
		return d.ppp(data, wire, linkID, seg)
	case pcapfile.LinkPPPHDLC, pcapfile.LinkCiscoHDLC:
		return d.hdlc(data, wire, linkID, seg)
	case pcapfile.LinkPPPoE:
		return d.pppoe(data, wire, linkID, seg)
	case pcapfile.LinkATM:
		return d.llc(data, wire, linkID, seg)
	case pcapfile.LinkEnc:
		return d.enc(data, wire, linkID, seg)
	case pcapfile.LinkNFLOG:
		return d.nflog(data, wire, linkID, seg)
	case pcapfile.LinkPPI:
		return d.ppi(data, wire, linkID, seg)
	case pcapfile.LinkPKTAP:
		return d.pktap(data, wire, linkID, seg)
	}
	return d.rareFrame(link, data, wire, linkID, seg)
}

// rareFrame is frame for link types that hardly anybody has.
func (d *Decoder) rareFrame(link pcapfile.LinkType, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	switch link {
	case pcapfile.LinkFrameRelay:
		return d.frameRelay(data, wire, linkID, seg)
	case pcapfile.LinkTokenRing:
		return d.tokenRing(data, wire, linkID, seg)
	case pcapfile.LinkARCNET:
		return d.arcnet(data, wire, 2, linkID, seg)
	case pcapfile.LinkARCNETLinux:
		return d.arcnet(data, wire, 4, linkID, seg)
	case pcapfile.LinkIPoIB:
		return d.ipOverInfiniband(data, wire, linkID, seg)
	case pcapfile.LinkIPNET:
		return d.ipnet(data, wire, linkID, seg)
	case pcapfile.LinkJuniperEther:
		return d.juniper(data, wire, linkID, seg)
	}
	if link > 0xff { // gopacket's type is a byte
		return Undecoded
	}
	return d.slow(layers.LinkType(link), data, wire, linkID, seg)
}

// sll decodes a Linux "cooked" frame, of capture on any interface.
func (d *Decoder) sll(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 16 {
		return Undecoded
	}
	return d.cooked(binary.BigEndian.Uint16(data[2:]), binary.BigEndian.Uint16(data[14:]), data[16:], wire-16, linkID, seg)
}

// sll2 is sll with the index of the interface, which tells copies of a packet apart.
func (d *Decoder) sll2(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 20 {
		return Undecoded
	}
	linkID = mixLink(linkID, binary.BigEndian.Uint32(data[4:]))
	return d.cooked(binary.BigEndian.Uint16(data[8:]), binary.BigEndian.Uint16(data), data[20:], wire-20, linkID, seg)
}

// cooked decodes what a protocol field of Linux announces, which is an
// EtherType except on some kinds of hardware (ARPHRD_) and for 802.2.
func (d *Decoder) cooked(hardware, protocol uint16, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const netlink, radiotap, frameRelay = 824, 803, 770
	const llc = 4
	switch {
	case hardware == netlink:
		return NotTCP
	case hardware == frameRelay:
		return d.frameRelay(data, wire, linkID, seg)
	case hardware == radiotap:
		return d.slow(layers.LinkTypeIEEE80211Radio, data, wire, linkID, seg)
	case protocol == llc:
		return d.llc(data, wire, linkID, seg)
	case protocol <= 1500: // other numbers of Linux's own
		return NotTCP
	}
	return d.network(protocol, data, wire, linkID, seg)
}

// null decodes BSD's loopback, an address family and a packet. The family is in
// the byte order of the host that captured, or, for LOOP, in the network's.
func (d *Decoder) null(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 4 {
		return Undecoded
	}
	family := binary.LittleEndian.Uint32(data)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(data)
	}
	return d.family(family, data[4:], wire-4, linkID, seg)
}

// family decodes by address family, whose number for IPv6 each system made up.
func (d *Decoder) family(family uint32, data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	switch family {
	case 2:
		return d.ipv4(data, wire, linkID, seg)
	case 10, 23, 24, 28, 30: // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		return d.ipv6(data, wire, linkID, seg)
	}
	return NotTCP
}

// raw decodes IP of either version, without a header before it.
func (d *Decoder) raw(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) > 0 && data[0]>>4 == 6 {
		return d.ipv6(data, wire, linkID, seg)
	}
	return d.ipv4(data, wire, linkID, seg)
}

// hdlc decodes Cisco's HDLC, known by its address, and PPP.
func (d *Decoder) hdlc(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const unicast, multicast = 0x0f, 0x8f
	if len(data) < 4 {
		return Undecoded
	}
	if data[0] != unicast && data[0] != multicast {
		return d.ppp(data, wire, linkID, seg)
	}
	return d.network(binary.BigEndian.Uint16(data[2:]), data[4:], wire-4, linkID, seg)
}

// enc decodes OpenBSD's view into IPsec: family, SPI and flags, and a packet.
func (d *Decoder) enc(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 12 {
		return Undecoded
	}
	return d.raw(data[12:], wire-12, linkID, seg)
}

// nflog decodes what Linux's packet filter logged: a family, and attributes of
// which one holds the packet. Their lengths are in the byte order of the host.
func (d *Decoder) nflog(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	const payload = 9 // NFULA_PAYLOAD
	if len(data) < 8 {
		return Undecoded
	}
	family := uint32(data[0])
	order := binary.ByteOrder(binary.LittleEndian)
	if int(order.Uint16(data[4:])) > wire-4 {
		order = binary.BigEndian
	}
	data, wire = data[4:], wire-4
	for len(data) >= 4 {
		size, kind := int(order.Uint16(data)), order.Uint16(data[2:])&0x7fff
		if size < 4 {
			return Undecoded
		}
		if kind == payload {
			data, wire = clip(data, wire, size)
			return d.family(family, data[4:], wire-4, linkID, seg)
		}
		size = (size + 3) &^ 3
		if size > len(data) {
			return Undecoded
		}
		data, wire = data[size:], wire-size
	}
	return NotTCP
}

// ppi decodes a per-packet information header, which tells the link type.
func (d *Decoder) ppi(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 8 {
		return Undecoded
	}
	return d.wrapped(binary.LittleEndian.Uint32(data[4:]), data, wire, int(binary.LittleEndian.Uint16(data[2:])), 8, linkID, seg)
}

// pktap decodes the header of macOS, which tells the link type.
func (d *Decoder) pktap(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 12 {
		return Undecoded
	}
	size := uint64(binary.LittleEndian.Uint32(data))
	if size > uint64(len(data)) {
		return Undecoded
	}
	return d.wrapped(binary.LittleEndian.Uint32(data[8:]), data, wire, int(size), 12, linkID, seg)
}

// wrapped decodes a frame of another link type behind a header of size bytes,
// at least least.
func (d *Decoder) wrapped(link uint32, data []byte, wire, size, least int, linkID uint32, seg *flows.Segment) Verdict {
	d.depth++
	if size < least || size > len(data) || d.depth > maxDepth {
		return Undecoded
	}
	return d.frame(pcapfile.LinkType(link), data[size:], wire-size, linkID, seg)
}
