package filetest

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
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// The packets that the frames of these tests carry.
const (
	ScriptIPv4 = `isn 100 200
		0 > P. 1:19(18) ack 1 win 512 tsval 7 tsecr 8 id 9 "GET / HTTP/1.1\r\n\r\n"`
	ScriptIPv6 = "client 2001:db8::1\nserver [2001:db8::2]:80\n" + ScriptIPv4
)

// IP protocol numbers (IANA).
const (
	protoHopByHop    = 0
	protoIPv4        = 4
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoAH          = 51
	protoDestination = 60
	protoEtherIP     = 97
	protoIPComp      = 108
	protoMPLS        = 137
)

// IPOf returns the IP packet of a script's first line.
func IPOf(t testing.TB, script string) []byte {
	t.Helper()
	return ReadPcap(capturetest.Pcap(t, script))[0].Data[14:]
}

// Hex reads hexadecimal digits, among which blanks do not count.
func Hex(digits string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// Concat returns the parts as one slice.
func Concat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// IPv4Packet puts an IPv4 header before a payload.
func IPv4Packet(proto uint8, payload []byte) []byte {
	h := Hex("4500 0000 0001 0000 40 00 0000 0a000001 0a000002")
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	h[9] = proto
	return Concat(h, payload)
}

// IPv6Packet puts an IPv6 header before a payload.
func IPv6Packet(next uint8, payload []byte) []byte {
	h := Hex("60000000 0000 00 40 20010db8000000000000000000000003 20010db8000000000000000000000004")
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	h[6] = next
	return Concat(h, payload)
}

// UDPPacket puts a UDP header before a payload.
func UDPPacket(src, dst uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return Concat(append(b, 0, 0), payload)
}

// EtherFrame puts an Ethernet header before a payload.
func EtherFrame(etherType uint16, payload []byte) []byte {
	return Concat(Hex("020000000002 020000000001"), binary.BigEndian.AppendUint16(nil, etherType), payload)
}

// WithNext returns an IPv6 packet with extension headers before its payload.
func WithNext(packet []byte, first uint8, headers []byte) []byte {
	p := Concat(packet[:40], headers, packet[40:])
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

// An Encapsulation is a frame that carries the segment of ScriptIPv4 or ScriptIPv6.
type Encapsulation struct {
	Name  string
	Link  pcapfile.LinkType
	Frame []byte
}

// Encapsulations returns a frame for each way to carry a segment that is decoded.
func Encapsulations(t testing.TB) []Encapsulation {
	v4, v6 := IPOf(t, ScriptIPv4), IPOf(t, ScriptIPv6)
	return slices.Concat(linkFrames(v4, v6), rareFrames(v4, v6), taggedFrames(v4, v6), extendedFrames(v4, v6), tunnelFrames(t, v4, v6))
}

// linkFrames has one frame at least of each link type.
func linkFrames(v4, v6 []byte) []Encapsulation {
	dot11 := Concat(Hex("0801 0000 020000000001 020000000002 020000000003 0000  aaaa03 000000 0800"), v4)
	dot11 = binary.LittleEndian.AppendUint32(dot11, crc32.ChecksumIEEE(dot11))
	return []Encapsulation{
		{"ethernet ipv4", pcapfile.LinkEthernet, EtherFrame(0x0800, v4)},
		{"ethernet ipv6", pcapfile.LinkEthernet, EtherFrame(0x86dd, v6)},
		{"null little-endian", pcapfile.LinkNull, Concat(Hex("02000000"), v4)},
		{"null big-endian", pcapfile.LinkNull, Concat(Hex("00000002"), v4)},
		{"null ipv6 freebsd", pcapfile.LinkNull, Concat(Hex("1c000000"), v6)},
		{"null ipv6 macos", pcapfile.LinkNull, Concat(Hex("1e000000"), v6)},
		{"null ipv6 netbsd", pcapfile.LinkNull, Concat(Hex("00000018"), v6)},
		{"loop", pcapfile.LinkLoop, Concat(Hex("00000002"), v4)},
		{"loop ipv6", pcapfile.LinkLoop, Concat(Hex("00000018"), v6)},
		{"raw ipv4", pcapfile.LinkRaw, v4},
		{"raw ipv6", pcapfile.LinkRaw, v6},
		{"raw, the number of BSD", pcapfile.LinkRawBSD, v6},
		{"raw, the number of OpenBSD", pcapfile.LinkRawOpenBSD, v4},
		{"ipv4", pcapfile.LinkIPv4, v4},
		{"ipv6", pcapfile.LinkIPv6, v6},
		{"sll", pcapfile.LinkSLL, Concat(Hex("0000 0001 0006 020000000001 0000 0800"), v4)},
		{"sll ipv6", pcapfile.LinkSLL, Concat(Hex("0004 0304 0006 000000000000 0000 86dd"), v6)},
		{"sll llc", pcapfile.LinkSLL, Concat(Hex("0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800"), v4)},
		{"sll2", pcapfile.LinkSLL2, Concat(Hex("0800 0000 00000003 0001 00 06 0200000000010000"), v4)},
		{"sll2 vlan ipv6", pcapfile.LinkSLL2, Concat(Hex("8100 0000 00000003 0001 00 06 0200000000010000 0007 86dd"), v6)},
		{"ppp", pcapfile.LinkPPP, Concat(Hex("0021"), v4)},
		{"ppp compressed protocol", pcapfile.LinkPPP, Concat(Hex("21"), v4)},
		{"ppp hdlc ipv6", pcapfile.LinkPPPHDLC, Concat(Hex("ff03 0057"), v6)},
		{"ppp hdlc as cisco's", pcapfile.LinkPPPHDLC, Concat(Hex("0f00 0800"), v4)},
		{"chdlc", pcapfile.LinkCiscoHDLC, Concat(Hex("8f00 86dd"), v6)},
		{"ppp_ether", pcapfile.LinkPPPoE, Concat(Hex("1100 0001 0048 0021"), v4)},
		{"atm", pcapfile.LinkATM, Concat(Hex("aaaa03 000000 0800"), v4)},
		{"nflog", pcapfile.LinkNFLOG, Concat(Hex("02 00 0001  0800 0100 08000001  0500 0a00 61000000"), nflogPayload(binary.LittleEndian, v4))},
		{"nflog big-endian", pcapfile.LinkNFLOG, Concat(Hex("0a 00 0001  0008 0001 08000001"), nflogPayload(binary.BigEndian, v6))},
		{"ppi", pcapfile.LinkPPI, Concat(Hex("00 00 0c00 01000000 ffffffff"), EtherFrame(0x0800, v4))},
		{"802.11", 105, dot11},
		{"802.11 radiotap", 127, Concat(Hex("00 00 0900 02000000 10"), dot11)},
		{"ppi of 802.11", pcapfile.LinkPPI, Concat(Hex("00 00 0800 69000000"), dot11)},
		{"prism", 119, Concat(Hex("44000000 90000000"), make([]byte, 136), dot11)},
		{"pflog", 117, Concat(Hex("3d 02 00 00"), make([]byte, 60), v4)},
		{"fddi", 10, Concat(Hex("50 020000000002 020000000001 aaaa03 000000 0800"), v4)},
		{"pktap", pcapfile.LinkPKTAP, Concat(Hex("6c000000 01000000 01000000"), make([]byte, 96), EtherFrame(0x86dd, v6))},
		{"enc", pcapfile.LinkEnc, Concat(Hex("02000000 00001234 00000000"), v4)},
	}
}

func nflogPayload(order binary.AppendByteOrder, packet []byte) []byte {
	b := order.AppendUint16(nil, uint16(4+len(packet)))
	return Concat(order.AppendUint16(b, 9), packet)
}

// taggedFrames are Ethernet frames with something before the packet.
func taggedFrames(v4, v6 []byte) []Encapsulation {
	return []Encapsulation{
		{"vlan", pcapfile.LinkEthernet, EtherFrame(0x8100, Concat(Hex("6007 0800"), v4))},
		{"qinq", pcapfile.LinkEthernet, EtherFrame(0x88a8, Concat(Hex("0007 8100 0008 86dd"), v6))},
		{"qinq before its time", pcapfile.LinkEthernet, EtherFrame(0x9100, Concat(Hex("0007 8100 0008 0800"), v4))},
		{"three tags", pcapfile.LinkEthernet, EtherFrame(0x8100, Concat(Hex("0007 8100 0008 8100 0009 0800"), v4))},
		{"mpls", pcapfile.LinkEthernet, EtherFrame(0x8847, Concat(Hex("00010040 00012140"), v4))},
		{"mpls ipv6", pcapfile.LinkEthernet, EtherFrame(0x8848, Concat(Hex("00012140"), v6))},
		{"mpls pseudowire", pcapfile.LinkEthernet, EtherFrame(0x8847, Concat(Hex("00012140 00000000"), EtherFrame(0x0800, v4)))},
		{"pppoe", pcapfile.LinkEthernet, EtherFrame(0x8864, Concat(Hex("1100 0001 0048 0021"), v4))},
		{"pppoe ipv6", pcapfile.LinkEthernet, EtherFrame(0x8864, Concat(Hex("1100 0001 005c 0057"), v6))},
		{"snap", pcapfile.LinkEthernet, EtherFrame(uint16(8+len(v4)), Concat(Hex("aaaa03 000000 0800"), v4))},
		{"provider backbone", pcapfile.LinkEthernet, EtherFrame(0x88e7, Concat(Hex("00000001"), EtherFrame(0x0800, v4)))},
	}
}

// extendedFrames are IP packets with more headers than one.
func extendedFrames(v4, v6 []byte) []Encapsulation {
	options := Concat(v4[:20], Hex("94040000"), v4[20:])
	options[0] = 0x46
	binary.BigEndian.PutUint16(options[2:], uint16(len(options)))
	ah := Concat(v4[:20], Hex("06 04 0000 00000001 00000001 000000000000000000000000"), v4[20:])
	ah[9] = protoAH
	binary.BigEndian.PutUint16(ah[2:], uint16(len(ah)))
	noLength4 := slices.Clone(v4)
	noLength4[2], noLength4[3] = 0, 0
	jumbo := WithNext(v6, protoHopByHop, Hex("06 00 c2 04 00000000"))
	binary.BigEndian.PutUint32(jumbo[44:], uint32(len(jumbo)-40))
	jumbo[4], jumbo[5] = 0, 0
	return []Encapsulation{
		{"ipv4 options", pcapfile.LinkRaw, options},
		{"ipv4 ah", pcapfile.LinkRaw, ah},
		{"ipv4 to be cut up by the card", pcapfile.LinkRaw, noLength4},
		{"hop by hop", pcapfile.LinkRaw, WithNext(v6, protoHopByHop, Hex("06 00 01 04 00000000"))},
		{"jumbo payload", pcapfile.LinkRaw, jumbo},
		{"routing", pcapfile.LinkRaw, WithNext(v6, protoRouting, Hex("06 00 00 00 00000000"))},
		{"segment routing", pcapfile.LinkRaw, WithNext(v6, protoRouting, Hex("06 02 04 00 00000000 20010db8000000000000000000000002"))},
		{"destination", pcapfile.LinkRaw, WithNext(v6, protoDestination, Hex("06 01 01 0c 000000000000000000000000"))},
		{"ipv6 ah", pcapfile.LinkRaw, WithNext(v6, protoAH, Hex("06 04 0000 00000001 00000001 000000000000000000000000"))},
		{"a fragment that is all", pcapfile.LinkRaw, WithNext(v6, protoFragment, Hex("06 00 0000 00000001"))},
		{"many headers", pcapfile.LinkRaw, WithNext(v6, protoHopByHop,
			Hex("3c 00 01 04 00000000  2b 00 01 04 00000000  33 00 00 00 00000000  06 01 0000 00000001 00000001"))},
	}
}

func tunnelFrames(t testing.TB, v4, v6 []byte) []Encapsulation {
	ether := EtherFrame(0x0800, v4)
	ping := func(port uint16, payload []byte) []byte { return IPv4Packet(protoUDP, UDPPacket(40000, port, payload)) }
	return []Encapsulation{
		{"ip in ip", pcapfile.LinkRaw, IPv4Packet(protoIPv4, v4)},
		{"6in4", pcapfile.LinkRaw, IPv4Packet(protoIPv6, v6)},
		{"4in6", pcapfile.LinkRaw, IPv6Packet(protoIPv4, v4)},
		{"6in6 in 4", pcapfile.LinkRaw, IPv4Packet(protoIPv6, IPv6Packet(protoIPv6, v6))},
		{"gre", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("0000 0800"), v4))},
		{"gre with all fields", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("b000 86dd 0000 0000 00000001 00000002"), v6))},
		{"gre of ethernet", pcapfile.LinkRaw, IPv6Packet(protoGRE, Concat(Hex("2000 6558 00000001"), ether))},
		{"gre of ppp", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("3081 880b 0000 0001 00000001 00000002 ff03 0021"), v4))},
		{"erspan", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("1000 88be 00000001 1001 0001 00000000"), ether))},
		{"gre in gre", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("0000 0800"), IPv4Packet(protoGRE, Concat(Hex("0000 0800"), v4))))},
		{"mpls in ip", pcapfile.LinkRaw, IPv4Packet(protoMPLS, Concat(Hex("00012140"), v4))},
		{"etherip", pcapfile.LinkRaw, IPv4Packet(protoEtherIP, Concat(Hex("3000"), ether))},
		{"ipcomp", pcapfile.LinkRaw, IPv4Packet(protoIPComp, Concat(Hex("04 00 0002"), deflated(t, v4)))},
		{"vxlan", pcapfile.LinkRaw, ping(4789, Concat(Hex("08000000 00000100"), ether))},
		{"vxlan of a vlan", pcapfile.LinkRaw, ping(4789, Concat(Hex("08000000 00000100"), EtherFrame(0x8100, Concat(Hex("0007 86dd"), v6))))},
		{"vxlan of gre of vxlan", pcapfile.LinkRaw, ping(4789, Concat(Hex("08000000 00000100"), EtherFrame(0x0800,
			IPv4Packet(protoGRE, Concat(Hex("0000 0800"), ping(4789, Concat(Hex("08000000 00000100"), ether)))))))},
		{"vxlan gpe", pcapfile.LinkRaw, ping(4790, Concat(Hex("0c000001 00000100"), v4))},
		{"vxlan gpe ipv6", pcapfile.LinkRaw, ping(4790, Concat(Hex("0c000002 00000100"), v6))},
		{"vxlan gpe ethernet", pcapfile.LinkRaw, ping(4790, Concat(Hex("0c000003 00000100"), ether))},
		{"geneve", pcapfile.LinkRaw, ping(6081, Concat(Hex("0000 6558 00000100"), ether))},
		{"geneve of ip, with options", pcapfile.LinkRaw, ping(6081, Concat(Hex("0240 0800 00000100 01028001 00000000"), v4))},
		{"gtp", pcapfile.LinkRaw, ping(2152, Concat(Hex("30ff 0046 00000001"), v4))},
		{"gtp ipv6, with an extension", pcapfile.LinkRaw, ping(2152, Concat(Hex("34ff 0062 00000001 0000 00 85 01 000900"), v6))},
		{"gtp with a sequence number", pcapfile.LinkRaw, ping(2152, Concat(Hex("32ff 004a 00000001 0001 00 00"), v4))},
		{"teredo", pcapfile.LinkRaw, ping(3544, v6)},
		{"teredo with origin", pcapfile.LinkRaw, ping(3544, Concat(Hex("0000 1234 01020304"), v6))},
		{"teredo with authentication", pcapfile.LinkRaw, ping(3544, Concat(Hex("0001 0000 0102030405060708 00"), v6))},
		{"ayiya", pcapfile.LinkRaw, ping(5072, Concat(Hex("41 52 11 29 00000000"), make([]byte, 16+20), v6))},
		{"ayiya from the server", pcapfile.LinkRaw, IPv4Packet(protoUDP, UDPPacket(5072, 40000, Concat(Hex("41 52 11 29 00000000"), make([]byte, 16+20), v6)))},
		{"mpls in udp", pcapfile.LinkRaw, ping(6635, Concat(Hex("00012140"), v6))},
	}
}

// CutUp returns the fragments of an IPv4 packet, of size bytes of payload each.
func CutUp(packet []byte, size int) [][]byte {
	var fragments [][]byte
	payload := packet[20:]
	for off := 0; off < len(payload); off += size {
		end := min(off+size, len(payload))
		f := Concat(packet[:20], payload[off:end])
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		place := uint16(off / 8)
		if end < len(payload) {
			place |= 0x2000
		}
		binary.BigEndian.PutUint16(f[6:], place)
		fragments = append(fragments, f)
	}
	return fragments
}

// CutUp6 is CutUp for IPv6.
func CutUp6(packet []byte, size int) [][]byte {
	var fragments [][]byte
	payload := packet[40:]
	for off := 0; off < len(payload); off += size {
		end := min(off+size, len(payload))
		h := Hex("06 00 0000 00000007")
		place := uint16(off)
		if end < len(payload) {
			place |= 1
		}
		binary.BigEndian.PutUint16(h[2:], place)
		fragments = append(fragments, WithNext(Concat(packet[:40], payload[off:end]), protoFragment, h))
	}
	return fragments
}
