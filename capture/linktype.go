package capture

import (
	"encoding/binary"
	"strconv"

	"github.com/google/gopacket/layers"

	"github.com/kaanalyze/kaanalyze/flows"
)

// linkType is a LINKTYPE_ value as capture files have it
// (https://www.tcpdump.org/linktypes.html), without the bits about an FCS.
type linkType uint32

// The link types that decode without gopacket.
const (
	linkNull     linkType = 0
	linkEthernet linkType = 1
	linkPPP      linkType = 9
	linkRawBSD   linkType = 12
	linkRawOpen  linkType = 14
	linkPPPHDLC  linkType = 50
	linkPPPEther linkType = 51
	linkATM      linkType = 100
	linkRaw      linkType = 101
	linkCHDLC    linkType = 104
	linkLoop     linkType = 108
	linkEnc      linkType = 109
	linkSLL      linkType = 113
	linkPPI      linkType = 192
	linkIPv4     linkType = 228
	linkIPv6     linkType = 229
	linkNFLOG    linkType = 239
	linkPktap    linkType = 258
	linkSLL2     linkType = 276
)

// linkNames are tcpdump's. A type that is not here has a number for a name, and
// decodes if gopacket knows it.
var linkNames = map[linkType]string{
	linkNull:     "NULL",
	linkEthernet: "EN10MB",
	6:            "IEEE802",
	7:            "ARCNET",
	8:            "SLIP",
	linkPPP:      "PPP",
	10:           "FDDI",
	linkRawBSD:   "RAW",
	linkRawOpen:  "RAW",
	linkPPPHDLC:  "PPP_SERIAL",
	linkPPPEther: "PPP_ETHER",
	linkATM:      "ATM_RFC1483",
	linkRaw:      "RAW",
	linkCHDLC:    "C_HDLC",
	105:          "IEEE802_11",
	107:          "FRELAY",
	linkLoop:     "LOOP",
	linkEnc:      "ENC",
	linkSLL:      "LINUX_SLL",
	117:          "PFLOG",
	119:          "PRISM_HEADER",
	122:          "IP_OVER_FC",
	123:          "SUNATM",
	127:          "IEEE802_11_RADIO",
	138:          "APPLE_IP_OVER_IEEE1394",
	163:          "IEEE802_11_RADIO_AVS",
	189:          "USB_LINUX",
	linkPPI:      "PPI",
	220:          "USB_LINUX_MMAPPED",
	linkIPv4:     "IPV4",
	linkIPv6:     "IPV6",
	linkNFLOG:    "NFLOG",
	linkPktap:    "PKTAP",
	linkSLL2:     "LINUX_SLL2",
}

// String returns tcpdump's name, or the number of a type that has none here.
func (l linkType) String() string {
	if name, ok := linkNames[l]; ok {
		return name
	}
	return strconv.FormatUint(uint64(l), 10)
}

// frame decodes a frame of any link type.
func (d *decoder) frame(link linkType, data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	switch link {
	case linkEthernet:
		return d.ethernet(data, wire, at, seg)
	case linkSLL:
		return d.sll(data, wire, at, seg)
	case linkSLL2:
		return d.sll2(data, wire, at, seg)
	case linkNull, linkLoop:
		return d.null(data, wire, at, seg)
	case linkRaw, linkRawBSD, linkRawOpen:
		return d.raw(data, wire, at, seg)
	case linkIPv4:
		return d.ipv4(data, wire, at, seg)
	case linkIPv6:
		return d.ipv6(data, wire, at, seg)
	case linkPPP:
		return d.ppp(data, wire, at, seg)
	case linkPPPHDLC, linkCHDLC:
		return d.hdlc(data, wire, at, seg)
	case linkPPPEther:
		return d.pppoe(data, wire, at, seg)
	case linkATM:
		return d.llc(data, wire, at, seg)
	case linkEnc:
		return d.enc(data, wire, at, seg)
	case linkNFLOG:
		return d.nflog(data, wire, at, seg)
	case linkPPI:
		return d.ppi(data, wire, at, seg)
	case linkPktap:
		return d.pktap(data, wire, at, seg)
	}
	if link > 0xff { // gopacket's type is a byte
		return undecoded
	}
	return d.slow(layers.LinkType(link), data, wire, at, seg)
}

// sll decodes a Linux "cooked" frame, of capture on any interface.
func (d *decoder) sll(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 16 {
		return undecoded
	}
	return d.cooked(binary.BigEndian.Uint16(data[2:]), binary.BigEndian.Uint16(data[14:]), data[16:], wire-16, at, seg)
}

// sll2 is sll with the index of the interface, which tells copies of a packet apart.
func (d *decoder) sll2(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 20 {
		return undecoded
	}
	at = mixLink(at, binary.BigEndian.Uint32(data[4:]))
	return d.cooked(binary.BigEndian.Uint16(data[8:]), binary.BigEndian.Uint16(data), data[20:], wire-20, at, seg)
}

// cooked decodes what a protocol field of Linux announces, which is an
// EtherType except on some kinds of hardware (ARPHRD_) and for 802.2.
func (d *decoder) cooked(hardware, protocol uint16, data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	const netlink, radiotap, frameRelay = 824, 803, 770
	const llc = 4
	switch {
	case hardware == netlink || hardware == frameRelay:
		return notTCP
	case hardware == radiotap:
		return d.slow(layers.LinkTypeIEEE80211Radio, data, wire, at, seg)
	case protocol == llc:
		return d.llc(data, wire, at, seg)
	case protocol <= 1500: // other numbers of Linux's own
		return notTCP
	}
	return d.network(protocol, data, wire, at, seg)
}

// null decodes BSD's loopback, an address family and a packet. The family is in
// the byte order of the host that captured, or, for LOOP, in the network's.
func (d *decoder) null(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 4 {
		return undecoded
	}
	family := binary.LittleEndian.Uint32(data)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(data)
	}
	return d.family(family, data[4:], wire-4, at, seg)
}

// family decodes by address family, whose number for IPv6 each system made up.
func (d *decoder) family(family uint32, data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	switch family {
	case 2:
		return d.ipv4(data, wire, at, seg)
	case 10, 23, 24, 28, 30: // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		return d.ipv6(data, wire, at, seg)
	}
	return notTCP
}

func (d *decoder) raw(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) > 0 && data[0]>>4 == 6 {
		return d.ipv6(data, wire, at, seg)
	}
	return d.ipv4(data, wire, at, seg)
}

// hdlc decodes Cisco's HDLC, known by its address, and PPP.
func (d *decoder) hdlc(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	const unicast, multicast = 0x0f, 0x8f
	if len(data) < 4 {
		return undecoded
	}
	if data[0] != unicast && data[0] != multicast {
		return d.ppp(data, wire, at, seg)
	}
	return d.network(binary.BigEndian.Uint16(data[2:]), data[4:], wire-4, at, seg)
}

// enc decodes OpenBSD's view into IPsec: family, SPI and flags, and a packet.
func (d *decoder) enc(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 12 {
		return undecoded
	}
	return d.raw(data[12:], wire-12, at, seg)
}

// nflog decodes what Linux's packet filter logged: a family, and attributes of
// which one holds the packet. Their lengths are in the byte order of the host.
func (d *decoder) nflog(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	const payload = 9 // NFULA_PAYLOAD
	if len(data) < 8 {
		return undecoded
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
			return undecoded
		}
		if kind == payload {
			data, wire = clip(data, wire, size)
			return d.family(family, data[4:], wire-4, at, seg)
		}
		size = (size + 3) &^ 3
		if size > len(data) {
			return undecoded
		}
		data, wire = data[size:], wire-size
	}
	return notTCP
}

// ppi decodes a per-packet information header, which tells the link type.
func (d *decoder) ppi(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 8 {
		return undecoded
	}
	return d.wrapped(binary.LittleEndian.Uint32(data[4:]), data, wire, int(binary.LittleEndian.Uint16(data[2:])), 8, at, seg)
}

// pktap decodes the header of macOS, which tells the link type.
func (d *decoder) pktap(data []byte, wire int, at uint32, seg *flows.Segment) verdict {
	if len(data) < 12 {
		return undecoded
	}
	size := uint64(binary.LittleEndian.Uint32(data))
	if size > uint64(len(data)) {
		return undecoded
	}
	return d.wrapped(binary.LittleEndian.Uint32(data[8:]), data, wire, int(size), 12, at, seg)
}

// wrapped decodes a frame of another link type behind a header of size bytes,
// at least least.
func (d *decoder) wrapped(link uint32, data []byte, wire, size, least int, at uint32, seg *flows.Segment) verdict {
	d.depth++
	if size < least || size > len(data) || d.depth > maxDepth {
		return undecoded
	}
	return d.frame(linkType(link), data[size:], wire-size, at, seg)
}
