package filetest

import (
	"encoding/binary"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// rareFrames are of link types and tunnels that are seldom met.
func rareFrames(v4, v6 []byte) []Encapsulation {
	ether := EtherFrame(0x0800, v4)
	dot11 := Concat(Hex("0801 0000 020000000001 020000000002 020000000003 0000  aaaa03 000000 0800"), v4)
	udp := func(payload []byte) []byte { return IPv4Packet(protoUDP, UDPPacket(1701, 1701, payload)) }
	l2tp := Concat(Hex("4002 0000 0001 0002 ff03 0021"), v4)
	binary.BigEndian.PutUint16(l2tp[2:], uint16(len(l2tp)))
	return []Encapsulation{
		{"frame relay", pcapfile.LinkFrameRelay, Concat(Hex("1841 03 cc"), v4)},
		{"frame relay ipv6", pcapfile.LinkFrameRelay, Concat(Hex("1841 03 8e"), v6)},
		{"frame relay, snap", pcapfile.LinkFrameRelay, Concat(Hex("1841 03 00 80 000000 0800"), v4)},
		{"frame relay of ethernet", pcapfile.LinkFrameRelay, Concat(Hex("1841 03 00 80 0080c2 0007"), ether)},
		{"frame relay as cisco's", pcapfile.LinkFrameRelay, Concat(Hex("1841 0800"), v4)},
		{"sll of frame relay", pcapfile.LinkSLL, Concat(Hex("0000 0302 0000 0000000000000000 0000 1841 03 cc"), v4)},
		{"token ring", pcapfile.LinkTokenRing, Concat(Hex("10 40 020000000001 020000000002 aaaa03 000000 0800"), v4)},
		{"token ring, source-routed", pcapfile.LinkTokenRing, Concat(Hex("10 40 020000000001 820000000002 0630 0011 0020 aaaa03 000000 86dd"), v6)},
		{"arcnet", pcapfile.LinkARCNET, Concat(Hex("01 02 d4 00 0001"), v4)},
		{"arcnet, exception", pcapfile.LinkARCNET, Concat(Hex("01 02 d4 ff ffff d4 00 0001"), v4)},
		{"arcnet of old", pcapfile.LinkARCNET, Concat(Hex("01 02 f0"), v4)},
		{"arcnet of linux", pcapfile.LinkARCNETLinux, Concat(Hex("01 02 0000 c4 00 0001"), v6)},
		{"ip over infiniband", pcapfile.LinkIPoIB, Concat(make([]byte, 40), Hex("0800 0000"), v4)},
		{"ipnet", pcapfile.LinkIPNET, Concat(Hex("02 02 0001 00000046 00000001 00000000 00000000 00000000"), v4)},
		{"juniper ethernet", pcapfile.LinkJuniperEther, Concat(Hex("4d4743 01"), ether)},
		{"juniper ethernet, extended", pcapfile.LinkJuniperEther, Concat(Hex("4d4743 81 0006 0102 0003 0101"), ether)},
		{"juniper without ethernet", pcapfile.LinkJuniperEther, Concat(Hex("4d4743 02 02000000"), v4)},
		{"gre of 802.11", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("0000 8200"), dot11))},
		{"erspan type I", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("0000 88be"), ether))},
		{"erspan type III", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("1000 22eb 00000001 2001 0001 00000000 00000000"), ether))},
		{"erspan type III, with a subheader", pcapfile.LinkRaw, IPv4Packet(protoGRE, Concat(Hex("1000 22eb 00000001 2001 0001 00000000 00000001 0000000000000000"), ether))},
		{"l2tp", pcapfile.LinkRaw, udp(l2tp)},
		{"l2tp with all fields", pcapfile.LinkRaw, udp(Concat(Hex("0a02 0001 0002 0001 0002 0002 0000 0057"), v6))},
	}
}
