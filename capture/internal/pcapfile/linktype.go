package pcapfile

import "strconv"

// LinkType is a LINKTYPE_ value as capture files have it
// (https://www.tcpdump.org/linktypes.html), without the bits about an FCS.
type LinkType uint32

// The link types that decode without gopacket.
const (
	LinkNull       LinkType = 0
	LinkEthernet   LinkType = 1
	LinkPPP        LinkType = 9
	LinkRawBSD     LinkType = 12
	LinkRawOpenBSD LinkType = 14
	LinkPPPHDLC    LinkType = 50
	LinkPPPoE      LinkType = 51
	LinkATM        LinkType = 100
	LinkRaw        LinkType = 101
	LinkCiscoHDLC  LinkType = 104
	LinkLoop       LinkType = 108
	LinkEnc        LinkType = 109
	LinkSLL        LinkType = 113
	LinkPPI        LinkType = 192
	LinkIPv4       LinkType = 228
	LinkIPv6       LinkType = 229
	LinkNFLOG      LinkType = 239
	LinkPKTAP      LinkType = 258
	LinkSLL2       LinkType = 276
)

// linkNames are tcpdump's. A type that is not here has a number for a name, and
// decodes if gopacket knows it.
var linkNames = map[LinkType]string{
	LinkNull:       "NULL",
	LinkEthernet:   "EN10MB",
	6:              "IEEE802",
	7:              "ARCNET",
	8:              "SLIP",
	LinkPPP:        "PPP",
	10:             "FDDI",
	LinkRawBSD:     "RAW",
	LinkRawOpenBSD: "RAW",
	LinkPPPHDLC:    "PPP_SERIAL",
	LinkPPPoE:      "PPP_ETHER",
	LinkATM:        "ATM_RFC1483",
	LinkRaw:        "RAW",
	LinkCiscoHDLC:  "C_HDLC",
	105:            "IEEE802_11",
	107:            "FRELAY",
	LinkLoop:       "LOOP",
	LinkEnc:        "ENC",
	LinkSLL:        "LINUX_SLL",
	117:            "PFLOG",
	119:            "PRISM_HEADER",
	122:            "IP_OVER_FC",
	123:            "SUNATM",
	127:            "IEEE802_11_RADIO",
	138:            "APPLE_IP_OVER_IEEE1394",
	163:            "IEEE802_11_RADIO_AVS",
	189:            "USB_LINUX",
	LinkPPI:        "PPI",
	220:            "USB_LINUX_MMAPPED",
	LinkIPv4:       "IPV4",
	LinkIPv6:       "IPV6",
	LinkNFLOG:      "NFLOG",
	LinkPKTAP:      "PKTAP",
	LinkSLL2:       "LINUX_SLL2",
}

// String returns tcpdump's name, or the number of a type that has none here.
func (l LinkType) String() string {
	if name, ok := linkNames[l]; ok {
		return name
	}
	return strconv.FormatUint(uint64(l), 10)
}
