package capture

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// The packets that the frames of these tests carry.
const (
	scriptIPv4 = `isn 100 200
		0 > P. 1:19(18) ack 1 win 512 tsval 7 tsecr 8 id 9 "GET / HTTP/1.1\r\n\r\n"`
	scriptIPv6 = "client 2001:db8::1\nserver [2001:db8::2]:80\n" + scriptIPv4
)

// ipOf returns the IP packet of a script's first line.
func ipOf(t testing.TB, script string) []byte {
	t.Helper()
	return readPcap(capturetest.Pcap(t, script))[0].data[14:]
}

// header reads hexadecimal digits, among which blanks do not count.
func header(digits string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func concat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// ipv4Packet puts an IPv4 header before a payload.
func ipv4Packet(proto uint8, payload []byte) []byte {
	h := header("4500 0000 0001 0000 40 00 0000 0a000001 0a000002")
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	h[9] = proto
	return concat(h, payload)
}

// ipv6Packet puts an IPv6 header before a payload.
func ipv6Packet(next uint8, payload []byte) []byte {
	h := header("60000000 0000 00 40 20010db8000000000000000000000003 20010db8000000000000000000000004")
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	h[6] = next
	return concat(h, payload)
}

// udpPacket puts an UDP header before a payload.
func udpPacket(src, dst uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return concat(append(b, 0, 0), payload)
}

func etherFrame(etherType uint16, payload []byte) []byte {
	return concat(header("020000000002 020000000001"), binary.BigEndian.AppendUint16(nil, etherType), payload)
}

// withNext returns an IPv6 packet with extension headers before its payload.
func withNext(packet []byte, first uint8, headers []byte) []byte {
	p := concat(packet[:40], headers, packet[40:])
	p[6] = first
	binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
	return p
}

// deflated returns b as DEFLATE has it.
func deflated(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// encapsulation is a frame that carries the segment of scriptIPv4 or scriptIPv6.
type encapsulation struct {
	name  string
	link  linkType
	frame []byte
}

func encapsulations(t testing.TB) []encapsulation {
	v4, v6 := ipOf(t, scriptIPv4), ipOf(t, scriptIPv6)
	return slices.Concat(linkFrames(v4, v6), taggedFrames(v4, v6), extendedFrames(v4, v6), tunnelFrames(t, v4, v6))
}

// linkFrames has one frame at least of each link type.
func linkFrames(v4, v6 []byte) []encapsulation {
	dot11 := concat(header("0801 0000 020000000001 020000000002 020000000003 0000  aaaa03 000000 0800"), v4)
	dot11 = binary.LittleEndian.AppendUint32(dot11, crc32.ChecksumIEEE(dot11))
	return []encapsulation{
		{"ethernet ipv4", linkEthernet, etherFrame(0x0800, v4)},
		{"ethernet ipv6", linkEthernet, etherFrame(0x86dd, v6)},
		{"null little-endian", linkNull, concat(header("02000000"), v4)},
		{"null big-endian", linkNull, concat(header("00000002"), v4)},
		{"null ipv6 freebsd", linkNull, concat(header("1c000000"), v6)},
		{"null ipv6 macos", linkNull, concat(header("1e000000"), v6)},
		{"null ipv6 netbsd", linkNull, concat(header("00000018"), v6)},
		{"loop", linkLoop, concat(header("00000002"), v4)},
		{"loop ipv6", linkLoop, concat(header("00000018"), v6)},
		{"raw ipv4", linkRaw, v4},
		{"raw ipv6", linkRaw, v6},
		{"raw, the number of BSD", linkRawBSD, v6},
		{"raw, the number of OpenBSD", linkRawOpen, v4},
		{"ipv4", linkIPv4, v4},
		{"ipv6", linkIPv6, v6},
		{"sll", linkSLL, concat(header("0000 0001 0006 020000000001 0000 0800"), v4)},
		{"sll ipv6", linkSLL, concat(header("0004 0304 0006 000000000000 0000 86dd"), v6)},
		{"sll llc", linkSLL, concat(header("0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800"), v4)},
		{"sll2", linkSLL2, concat(header("0800 0000 00000003 0001 00 06 0200000000010000"), v4)},
		{"sll2 vlan ipv6", linkSLL2, concat(header("8100 0000 00000003 0001 00 06 0200000000010000 0007 86dd"), v6)},
		{"ppp", linkPPP, concat(header("0021"), v4)},
		{"ppp compressed protocol", linkPPP, concat(header("21"), v4)},
		{"ppp hdlc ipv6", linkPPPHDLC, concat(header("ff03 0057"), v6)},
		{"ppp hdlc as cisco's", linkPPPHDLC, concat(header("0f00 0800"), v4)},
		{"chdlc", linkCHDLC, concat(header("8f00 86dd"), v6)},
		{"ppp_ether", linkPPPEther, concat(header("1100 0001 0048 0021"), v4)},
		{"atm", linkATM, concat(header("aaaa03 000000 0800"), v4)},
		{"nflog", linkNFLOG, concat(header("02 00 0001  0800 0100 08000001  0500 0a00 61000000"), nflogPayload(binary.LittleEndian, v4))},
		{"nflog big-endian", linkNFLOG, concat(header("0a 00 0001  0008 0001 08000001"), nflogPayload(binary.BigEndian, v6))},
		{"ppi", linkPPI, concat(header("00 00 0c00 01000000 ffffffff"), etherFrame(0x0800, v4))},
		{"802.11", 105, dot11},
		{"802.11 radiotap", 127, concat(header("00 00 0900 02000000 10"), dot11)},
		{"ppi of 802.11", linkPPI, concat(header("00 00 0800 69000000"), dot11)},
		{"prism", 119, concat(header("44000000 90000000"), make([]byte, 136), dot11)},
		{"pflog", 117, concat(header("3d 02 00 00"), make([]byte, 60), v4)},
		{"fddi", 10, concat(header("50 020000000002 020000000001 aaaa03 000000 0800"), v4)},
		{"pktap", linkPktap, concat(header("6c000000 01000000 01000000"), make([]byte, 96), etherFrame(0x86dd, v6))},
		{"enc", linkEnc, concat(header("02000000 00001234 00000000"), v4)},
	}
}

func nflogPayload(order binary.AppendByteOrder, packet []byte) []byte {
	b := order.AppendUint16(nil, uint16(4+len(packet)))
	return concat(order.AppendUint16(b, 9), packet)
}

// taggedFrames are Ethernet frames with something before the packet.
func taggedFrames(v4, v6 []byte) []encapsulation {
	return []encapsulation{
		{"vlan", linkEthernet, etherFrame(0x8100, concat(header("6007 0800"), v4))},
		{"qinq", linkEthernet, etherFrame(0x88a8, concat(header("0007 8100 0008 86dd"), v6))},
		{"qinq before its time", linkEthernet, etherFrame(0x9100, concat(header("0007 8100 0008 0800"), v4))},
		{"three tags", linkEthernet, etherFrame(0x8100, concat(header("0007 8100 0008 8100 0009 0800"), v4))},
		{"mpls", linkEthernet, etherFrame(0x8847, concat(header("00010040 00012140"), v4))},
		{"mpls ipv6", linkEthernet, etherFrame(0x8848, concat(header("00012140"), v6))},
		{"mpls pseudowire", linkEthernet, etherFrame(0x8847, concat(header("00012140 00000000"), etherFrame(0x0800, v4)))},
		{"pppoe", linkEthernet, etherFrame(0x8864, concat(header("1100 0001 0048 0021"), v4))},
		{"pppoe ipv6", linkEthernet, etherFrame(0x8864, concat(header("1100 0001 005c 0057"), v6))},
		{"snap", linkEthernet, etherFrame(uint16(8+len(v4)), concat(header("aaaa03 000000 0800"), v4))},
		{"provider backbone", linkEthernet, etherFrame(0x88e7, concat(header("00000001"), etherFrame(0x0800, v4)))},
	}
}

// extendedFrames are IP packets with more headers than one.
func extendedFrames(v4, v6 []byte) []encapsulation {
	options := concat(v4[:20], header("94040000"), v4[20:])
	options[0] = 0x46
	binary.BigEndian.PutUint16(options[2:], uint16(len(options)))
	ah := concat(v4[:20], header("06 04 0000 00000001 00000001 000000000000000000000000"), v4[20:])
	ah[9] = protoAH
	binary.BigEndian.PutUint16(ah[2:], uint16(len(ah)))
	noLength4 := slices.Clone(v4)
	noLength4[2], noLength4[3] = 0, 0
	jumbo := withNext(v6, protoHopByHop, header("06 00 c2 04 00000000"))
	binary.BigEndian.PutUint32(jumbo[44:], uint32(len(jumbo)-40))
	jumbo[4], jumbo[5] = 0, 0
	return []encapsulation{
		{"ipv4 options", linkRaw, options},
		{"ipv4 ah", linkRaw, ah},
		{"ipv4 to be cut up by the card", linkRaw, noLength4},
		{"hop by hop", linkRaw, withNext(v6, protoHopByHop, header("06 00 01 04 00000000"))},
		{"jumbo payload", linkRaw, jumbo},
		{"routing", linkRaw, withNext(v6, protoRouting, header("06 00 00 00 00000000"))},
		{"segment routing", linkRaw, withNext(v6, protoRouting, header("06 02 04 00 00000000 20010db8000000000000000000000002"))},
		{"destination", linkRaw, withNext(v6, protoDestination, header("06 01 01 0c 000000000000000000000000"))},
		{"ipv6 ah", linkRaw, withNext(v6, protoAH, header("06 04 0000 00000001 00000001 000000000000000000000000"))},
		{"a fragment that is all", linkRaw, withNext(v6, protoFragment, header("06 00 0000 00000001"))},
		{"many headers", linkRaw, withNext(v6, protoHopByHop,
			header("3c 00 01 04 00000000  2b 00 01 04 00000000  33 00 00 00 00000000  06 01 0000 00000001 00000001"))},
	}
}

func tunnelFrames(t testing.TB, v4, v6 []byte) []encapsulation {
	ether := etherFrame(0x0800, v4)
	ping := func(port uint16, payload []byte) []byte { return ipv4Packet(protoUDP, udpPacket(40000, port, payload)) }
	return []encapsulation{
		{"ip in ip", linkRaw, ipv4Packet(protoIPv4, v4)},
		{"6in4", linkRaw, ipv4Packet(protoIPv6, v6)},
		{"4in6", linkRaw, ipv6Packet(protoIPv4, v4)},
		{"6in6 in 4", linkRaw, ipv4Packet(protoIPv6, ipv6Packet(protoIPv6, v6))},
		{"gre", linkRaw, ipv4Packet(protoGRE, concat(header("0000 0800"), v4))},
		{"gre with all fields", linkRaw, ipv4Packet(protoGRE, concat(header("b000 86dd 0000 0000 00000001 00000002"), v6))},
		{"gre of ethernet", linkRaw, ipv6Packet(protoGRE, concat(header("2000 6558 00000001"), ether))},
		{"gre of ppp", linkRaw, ipv4Packet(protoGRE, concat(header("3081 880b 0000 0001 00000001 00000002 ff03 0021"), v4))},
		{"erspan", linkRaw, ipv4Packet(protoGRE, concat(header("1000 88be 00000001 1001 0001 00000000"), ether))},
		{"gre in gre", linkRaw, ipv4Packet(protoGRE, concat(header("0000 0800"), ipv4Packet(protoGRE, concat(header("0000 0800"), v4))))},
		{"mpls in ip", linkRaw, ipv4Packet(protoMPLS, concat(header("00012140"), v4))},
		{"etherip", linkRaw, ipv4Packet(protoEtherIP, concat(header("3000"), ether))},
		{"ipcomp", linkRaw, ipv4Packet(protoIPComp, concat(header("04 00 0002"), deflated(t, v4)))},
		{"vxlan", linkRaw, ping(4789, concat(header("08000000 00000100"), ether))},
		{"vxlan of a vlan", linkRaw, ping(4789, concat(header("08000000 00000100"), etherFrame(0x8100, concat(header("0007 86dd"), v6))))},
		{"vxlan of gre of vxlan", linkRaw, ping(4789, concat(header("08000000 00000100"), etherFrame(0x0800,
			ipv4Packet(protoGRE, concat(header("0000 0800"), ping(4789, concat(header("08000000 00000100"), ether)))))))},
		{"vxlan gpe", linkRaw, ping(4790, concat(header("0c000001 00000100"), v4))},
		{"vxlan gpe ipv6", linkRaw, ping(4790, concat(header("0c000002 00000100"), v6))},
		{"vxlan gpe ethernet", linkRaw, ping(4790, concat(header("0c000003 00000100"), ether))},
		{"geneve", linkRaw, ping(6081, concat(header("0000 6558 00000100"), ether))},
		{"geneve of ip, with options", linkRaw, ping(6081, concat(header("0240 0800 00000100 01028001 00000000"), v4))},
		{"gtp", linkRaw, ping(2152, concat(header("30ff 0046 00000001"), v4))},
		{"gtp ipv6, with an extension", linkRaw, ping(2152, concat(header("34ff 0062 00000001 0000 00 85 01 000900"), v6))},
		{"gtp with a sequence number", linkRaw, ping(2152, concat(header("32ff 004a 00000001 0001 00 00"), v4))},
		{"teredo", linkRaw, ping(3544, v6)},
		{"teredo with origin", linkRaw, ping(3544, concat(header("0000 1234 01020304"), v6))},
		{"teredo with authentication", linkRaw, ping(3544, concat(header("0001 0000 0102030405060708 00"), v6))},
		{"ayiya", linkRaw, ping(5072, concat(header("41 52 11 29 00000000"), make([]byte, 16+20), v6))},
		{"ayiya from the server", linkRaw, ipv4Packet(protoUDP, udpPacket(5072, 40000, concat(header("41 52 11 29 00000000"), make([]byte, 16+20), v6)))},
		{"mpls in udp", linkRaw, ping(6635, concat(header("00012140"), v6))},
	}
}
