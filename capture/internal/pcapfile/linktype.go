package pcapfile

import "strconv"

// LinkType is a LINKTYPE_ value as capture files have it
// (https://www.tcpdump.org/linktypes.html), without the bits about an FCS.
type LinkType uint32

// The link types that decode without gopacket.
const (
	LinkNull         LinkType = 0
	LinkEthernet     LinkType = 1
	LinkTokenRing    LinkType = 6
	LinkARCNET       LinkType = 7
	LinkPPP          LinkType = 9
	LinkRawBSD       LinkType = 12
	LinkRawOpenBSD   LinkType = 14
	LinkPPPHDLC      LinkType = 50
	LinkPPPoE        LinkType = 51
	LinkATM          LinkType = 100
	LinkRaw          LinkType = 101
	LinkCiscoHDLC    LinkType = 104
	LinkFrameRelay   LinkType = 107
	LinkLoop         LinkType = 108
	LinkEnc          LinkType = 109
	LinkSLL          LinkType = 113
	LinkARCNETLinux  LinkType = 129
	LinkJuniperEther LinkType = 178
	LinkPPI          LinkType = 192
	LinkIPNET        LinkType = 226
	LinkIPv4         LinkType = 228
	LinkIPv6         LinkType = 229
	LinkNFLOG        LinkType = 239
	LinkIPoIB        LinkType = 242
	LinkPKTAP        LinkType = 258
	LinkSLL2         LinkType = 276
)

// linkNames are tcpdump's. A type that is not here has a number for a name, and
// decodes if gopacket knows it.
var linkNames = map[LinkType]string{
	LinkNull:         "NULL",
	LinkEthernet:     "EN10MB",
	3:                "AX25",
	LinkTokenRing:    "IEEE802",
	LinkARCNET:       "ARCNET",
	8:                "SLIP",
	LinkPPP:          "PPP",
	10:               "FDDI",
	LinkRawBSD:       "RAW",
	LinkRawOpenBSD:   "RAW",
	LinkPPPHDLC:      "PPP_SERIAL",
	LinkPPPoE:        "PPP_ETHER",
	LinkATM:          "ATM_RFC1483",
	LinkRaw:          "RAW",
	LinkCiscoHDLC:    "C_HDLC",
	105:              "IEEE802_11",
	99:               "SYMANTEC_FIREWALL",
	LinkFrameRelay:   "FRELAY",
	LinkLoop:         "LOOP",
	LinkEnc:          "ENC",
	LinkSLL:          "LINUX_SLL",
	114:              "LTALK",
	117:              "PFLOG",
	119:              "PRISM_HEADER",
	122:              "IP_OVER_FC",
	123:              "SUNATM",
	127:              "IEEE802_11_RADIO",
	LinkARCNETLinux:  "ARCNET_LINUX",
	130:              "JUNIPER_MLPPP",
	131:              "JUNIPER_MLFR",
	132:              "JUNIPER_ES",
	133:              "JUNIPER_GGSN",
	134:              "JUNIPER_MFR",
	135:              "JUNIPER_ATM2",
	136:              "JUNIPER_SERVICES",
	137:              "JUNIPER_ATM1",
	138:              "APPLE_IP_OVER_IEEE1394",
	139:              "MTP2_WITH_PHDR",
	140:              "MTP2",
	141:              "MTP3",
	142:              "SCCP",
	143:              "DOCSIS",
	144:              "LINUX_IRDA",
	163:              "IEEE802_11_RADIO_AVS",
	189:              "USB_LINUX",
	177:              "LINUX_LAPD",
	LinkJuniperEther: "JUNIPER_ETHER",
	179:              "JUNIPER_PPP",
	180:              "JUNIPER_FRELAY",
	181:              "JUNIPER_CHDLC",
	187:              "BLUETOOTH_HCI_H4",
	LinkPPI:          "PPI",
	195:              "IEEE802_15_4_WITHFCS",
	197:              "ERF",
	201:              "BLUETOOTH_HCI_H4_WITH_PHDR",
	204:              "PPP_WITH_DIR",
	206:              "FRELAY_WITH_DIR",
	220:              "USB_LINUX_MMAPPED",
	224:              "FC_2",
	LinkIPNET:        "IPNET",
	227:              "CAN_SOCKETCAN",
	LinkIPv4:         "IPV4",
	LinkIPv6:         "IPV6",
	230:              "IEEE802_15_4_NOFCS",
	LinkNFLOG:        "NFLOG",
	LinkIPoIB:        "IPOIB",
	247:              "INFINIBAND",
	249:              "USBPCAP",
	251:              "BLUETOOTH_LE_LL",
	252:              "WIRESHARK_UPPER_PDU",
	253:              "NETLINK",
	LinkPKTAP:        "PKTAP",
	LinkSLL2:         "LINUX_SLL2",
}

// String returns tcpdump's name, or the number of a type that has none here.
func (l LinkType) String() string {
	if name, ok := linkNames[l]; ok {
		return name
	}
	return strconv.FormatUint(uint64(l), 10)
}
