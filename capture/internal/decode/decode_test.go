package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// TestScripts decodes the captures of packet scripts: this package and
// capturetest must agree on every field, and on what is equal.
func TestScripts(t *testing.T) {
	for _, test := range []struct{ name, script string }{
		{"an exchange", `
			0.000 > S  0:0(0)       win 64240 mss 1460 wscale 7 tsval 1 tsecr 0
			0.001 < S. 0:0(0) ack 1 win 65160 mss 1460 wscale 200
			0.002 > .
			0.003 > P. "GET / HTTP/1.1\r\n\r\n" tsval 2 tsecr 1
			0.004 < P. 1:2000(1999) "HTTP/1.1 200 OK\r\n" cut 100
			0.005 > PUEW. "x"
			0.006 < F.
			0.007 > R 20:20(0)
			0.008 > none`},
		{"copies", `
			0 > P. "x" id 7
			0 > P. 0:1(1) "x" id 7 ttl 63
			0 > P. 0:1(1) "x" id 7 vlan 5
			0 > P. 0:1(1) "x" id 7 vlan 6
			0 > P. 0:1(1) "x" id 8`},
		{"interfaces", `
			0 > P. "x" id 7 iface 1
			0 > P. 0:1(1) "x" id 7 iface 2
			0 > P. 0:1(1) "x" id 7 iface 2 vlan 1`},
		{"ipv6", `
			client 2001:db8::1
			server [2001:db8::2]:443
			0 > S mss 1440 wscale 0
			0 < S. vlan 9
			0 > P. "hello"`},
		{"longer than IP can say", `0 > P. 0:100000(100000) "x" cut 10`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := capturetest.Segments(t, test.script)
			var got []flows.Segment
			decodeAll(filetest.ReadPcap(capturetest.Pcap(t, test.script)), func(_ *filetest.Recorded, s *flows.Segment) { got = append(got, *s) })
			if len(got) != len(want) {
				t.Fatalf("got %d segments, want %d", len(got), len(want))
			}
			for i := range got {
				checkSegment(t, got[i], want[i])
				if made := flows.NewSegment(got[i].Src().AddrPort(), got[i].Dst().AddrPort(), 0, got[i]); made.Hash != got[i].Hash {
					t.Errorf("packet %d: hash is %#x, want %#x as of a segment that is not captured", i+1, got[i].Hash, made.Hash)
				}
				for j := range i {
					g := [3]bool{got[i].Hash == got[j].Hash, got[i].Link == got[j].Link, got[i].Print == got[j].Print}
					w := [3]bool{want[i].Hash == want[j].Hash, want[i].Link == want[j].Link, want[i].Print == want[j].Print}
					if g != w {
						t.Errorf("packets %d and %d: hash, link, print are equal: %v, want %v", j+1, i+1, g, w)
					}
				}
			}
		})
	}
}

// edit returns the IP packet of scriptIPv4 after a change.
func edit(t *testing.T, change func(p []byte)) []byte {
	p := filetest.IPOf(t, filetest.ScriptIPv4)
	change(p)
	return p
}

func TestVerdicts(t *testing.T) {
	long := make([]byte, 100)
	for _, test := range []struct {
		name  string
		link  pcapfile.LinkType
		frame []byte
		want  Verdict
	}{
		{"nothing", pcapfile.LinkEthernet, nil, Undecoded},
		{"arp", pcapfile.LinkEthernet, filetest.EtherFrame(0x0806, long), NotTCP},
		{"spanning tree", pcapfile.LinkEthernet, filetest.EtherFrame(38, filetest.Concat(filetest.Hex("424203"), long)), NotTCP},
		{"vlan cut", pcapfile.LinkEthernet, filetest.EtherFrame(0x8100, filetest.Hex("00")), Undecoded},
		{"udp", pcapfile.LinkRaw, filetest.IPv4Packet(protoUDP, filetest.UDPPacket(1, 53, long)), NotTCP},
		{"icmp that quotes a segment", pcapfile.LinkRaw, filetest.IPv4Packet(1, filetest.Concat(filetest.Hex("0303 0000 00000000"), filetest.IPOf(t, filetest.ScriptIPv4))), Quoted},
		{"icmp that quotes ports and a sequence number", pcapfile.LinkRaw, filetest.IPv4Packet(1, filetest.Concat(filetest.Hex("0303 0000 00000000"), filetest.IPOf(t, filetest.ScriptIPv4)[:28])), NotTCP},
		{"icmp that is no error", pcapfile.LinkRaw, filetest.IPv4Packet(1, filetest.Concat(filetest.Hex("0800 0000 00000000"), filetest.IPOf(t, filetest.ScriptIPv4))), NotTCP},
		{"icmpv6 that quotes a segment", pcapfile.LinkRaw, filetest.IPv6Packet(58, filetest.Concat(filetest.Hex("0104 0000 00000000"), filetest.IPOf(t, filetest.ScriptIPv6))), Quoted},
		{"no next header", pcapfile.LinkRaw, filetest.IPv6Packet(59, long), NotTCP},
		{"esp", pcapfile.LinkRaw, filetest.IPv6Packet(50, long), NotTCP},
		{"vxlan port, but not vxlan", pcapfile.LinkRaw, filetest.IPv4Packet(protoUDP, filetest.UDPPacket(1, 4789, long)), NotTCP},
		{"ipv4 with version 5", pcapfile.LinkRaw, edit(t, func(p []byte) { p[0] = 0x55 }), Undecoded},
		{"ipv4 header of 16 bytes", pcapfile.LinkRaw, edit(t, func(p []byte) { p[0] = 0x44 }), Undecoded},
		{"ipv4 length less than its header", pcapfile.LinkRaw, edit(t, func(p []byte) { p[3] = 19 }), Undecoded},
		{"ipv4 length less than TCP's header", pcapfile.LinkRaw, edit(t, func(p []byte) { p[3] = 39 }), Undecoded},
		{"data offset of 16 bytes", pcapfile.LinkRaw, edit(t, func(p []byte) { p[32] = 0x40 }), Undecoded},
		{"data offset behind the end", pcapfile.LinkRaw, edit(t, func(p []byte) { p[3], p[32] = 50, 0xf0 }), Undecoded},
		{"ipv6 extension that is too long", pcapfile.LinkRaw, filetest.WithNext(filetest.IPOf(t, filetest.ScriptIPv6), protoHopByHop, filetest.Hex("06 ff 01 04 00000000")), Undecoded},
		{"loopback of another family", pcapfile.LinkNull, filetest.Concat(filetest.Hex("07000000"), long), NotTCP},
		{"netlink", pcapfile.LinkSLL, filetest.Concat(filetest.Hex("0000 0338 0006 000000000000 0000 0800"), filetest.IPOf(t, filetest.ScriptIPv4)), NotTCP},
		{"pppoe, but no session data", pcapfile.LinkEthernet, filetest.EtherFrame(0x8864, filetest.Concat(filetest.Hex("11a7 0001 0048 0021"), filetest.IPOf(t, filetest.ScriptIPv4))), NotTCP},
		{"ppp control", pcapfile.LinkPPP, filetest.Hex("c021 01010004"), NotTCP},
		{"nflog without a packet", pcapfile.LinkNFLOG, filetest.Hex("02000001 08000100 08000001"), NotTCP},
		{"nflog attribute of no length", pcapfile.LinkNFLOG, filetest.Hex("02000001 00000900 08000001"), Undecoded},
		{"unknown link type", 147, long, Undecoded},
		{"unknown link type above a byte", 4711, long, Undecoded},
		{"802.11 cut in its header", 105, filetest.Hex("0801 0000 020000000001"), Undecoded},
		{"802.11 beacon", 105, filetest.Concat(filetest.Hex("8000 0000 ffffffffffff 020000000001 020000000001 0000"), long), NotTCP},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seg flows.Segment
			if got := New().Decode(test.link, 0, test.frame, uint32(len(test.frame)), &seg); got != test.want {
				t.Errorf("verdict is %d, want %d", got, test.want)
			}
		})
	}
}

// TestNesting puts a packet into tunnels: some are followed, and a frame that
// nests without end costs no more.
func TestNesting(t *testing.T) {
	packet := filetest.IPOf(t, filetest.ScriptIPv4)
	snap := packet
	for depth := range 300 {
		want := TCP
		if depth > maxDepth {
			want = Undecoded
		}
		var seg flows.Segment
		if got := New().Decode(pcapfile.LinkRaw, 0, packet, uint32(len(packet)), &seg); got != want {
			t.Fatalf("in %d tunnels: verdict is %d, want %d", depth, got, want)
		}
		packet = filetest.IPv4Packet(protoIPv4, packet)
		snap = filetest.Concat(filetest.Hex("0007 05dc aaaa03 000000 8100"), snap)
	}
	var seg flows.Segment
	if got := New().Decode(pcapfile.LinkEthernet, 0, filetest.EtherFrame(0x8100, snap), uint32(14+len(snap)), &seg); got != Undecoded {
		t.Errorf("verdict is %d, want %d", got, Undecoded)
	}
}

// TestLengths has frames whose lengths contradict each other.
func TestLengths(t *testing.T) {
	for _, test := range []struct {
		name     string
		frame    []byte
		wireLen  uint32
		length   uint32
		captured int
	}{
		{"ipv4 claims more than there was", edit(t, func(p []byte) { p[2] = 1 }), 70, 18, 18},
		{"ipv4 says 0, cut", edit(t, func(p []byte) { p[2], p[3] = 0, 0 }), 70000, 70000 - 52, 18},
		{"ipv4 says less than the frame", edit(t, func(p []byte) { p[3] = 60 }), 70, 8, 8},
		{"wire length less than captured", edit(t, func([]byte) {}), 10, 18, 18},
		{"cut", edit(t, func([]byte) {})[:60], 70, 18, 8},
		{"options cut", edit(t, func([]byte) {})[:50], 70, 18, 0},
	} {
		var seg flows.Segment
		v := New().Decode(pcapfile.LinkRaw, 0, test.frame, test.wireLen, &seg)
		if v != TCP || seg.Len != test.length || len(seg.Payload) != test.captured {
			t.Errorf("%s: verdict %d, %d bytes of which %d captured; want %d, %d and %d",
				test.name, v, seg.Len, len(seg.Payload), TCP, test.length, test.captured)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		flags   flows.Flags
		options string
		scale   uint8
		val     uint32 // 0 without timestamps
	}{
		{"none", flows.SYN, "", flows.NoScale, 0},
		{"window scale", flows.SYN, "020405b4 0103030e", 14, 0},
		{"window scale larger than allowed", flows.SYN, "010303ff", 14, 0},
		{"window scale without SYN", flows.ACK, "01030307", flows.NoScale, 0},
		{"timestamps unaligned", flows.SYN, "080a 00000005 00000006 0303 07 00", 7, 5},
		{"after the end", flows.SYN, "00 03 03 07", flows.NoScale, 0},
		{"length 0", flows.SYN, "03 03 07 01 05 00 0101 080a000000050000 000601", 7, 0},
		{"too long", flows.SYN, "03 03 07 08 0a 00 00 00", 7, 0},
		{"one byte left", flows.SYN, "010101 03", flows.NoScale, 0},
		{"wrong lengths", flows.SYN, "0304 0700 0806 00000005 0101", flows.NoScale, 0},
	} {
		seg := flows.Segment{Flags: test.flags, WindowScale: flows.NoScale}
		parseOptions(filetest.Hex(test.options), &seg)
		if seg.WindowScale != test.scale || seg.HasTS != (test.val != 0) || seg.TSVal != test.val {
			t.Errorf("%s: scale %d, timestamps %v %d; want %d, %v %d", test.name, seg.WindowScale, seg.HasTS, seg.TSVal, test.scale, test.val != 0, test.val)
		}
	}
}

// TestPrint changes a packet byte by byte: what a router changes leaves Print
// alone, and all else of IP's identification, the addresses and TCP changes it.
func TestPrint(t *testing.T) {
	packet := filetest.Concat(filetest.IPOf(t, filetest.ScriptIPv4), make([]byte, 4)) // padded, so that it can claim to be longer
	print := func(p []byte) (uint64, Verdict) {
		var seg flows.Segment
		v := New().Decode(pcapfile.LinkRaw, 0, p, uint32(len(p)), &seg)
		return seg.Print, v
	}
	want, _ := print(packet)
	for i := range packet[:70] {
		p := bytes.Clone(packet)
		p[i] ^= 1
		got, v := print(p)
		switch {
		case i == 8 || i == 10 || i == 11 || i == 36 || i == 37: // TTL and the checksums
			if got != want {
				t.Errorf("byte %d: print is %#x, want %#x", i, got, want)
			}
		case v != TCP || i == 1 || i == 6: // DSCP, a flag
		case i >= 60 && i < 62: // neither among the payload's first eight nor last eight bytes
		default:
			if got == want {
				t.Errorf("byte %d: print did not change", i)
			}
		}
	}
}

// TestHash wants hashes of similar 4-tuples to look random, and to be the same
// both ways.
func TestHash(t *testing.T) {
	hash := func(src, dst uint32, sport, dport uint16) uint32 {
		var seg flows.Segment
		h := filetest.Hex("00000000 00000000 00000000 50100000 00000000")
		mapIPv4(&seg.SrcIP, src)
		mapIPv4(&seg.DstIP, dst)
		seg.SrcPort, seg.DstPort = sport, dport
		fingerprint((*[20]byte)(h), 0, nil, &seg)
		return seg.Hash
	}
	const buckets = 1 << 10
	var low, high [buckets]int
	flipped, n := 0, 0
	for port := range uint16(1 << 14) {
		h := hash(0x0100000a, 0x0200000a, 32768+port, 80)
		if back := hash(0x0200000a, 0x0100000a, 80, 32768+port); back != h {
			t.Fatalf("port %d: hash is %#x one way and %#x the other", port, h, back)
		}
		low[h%buckets]++
		high[h>>22]++
		for bit := range 16 {
			flipped += bits.OnesCount32(h ^ hash(0x0100000a, 0x0200000a, (32768+port)^1<<bit, 80))
			n++
		}
	}
	for i := range buckets { // 16 are expected, with a deviation of 4
		if low[i] > 40 || high[i] > 40 {
			t.Errorf("bucket %d has %d and %d hashes, want about 16", i, low[i], high[i])
		}
	}
	if mean := float64(flipped) / float64(n); mean < 15.8 || mean > 16.2 {
		t.Errorf("a bit of a port flips %.2f bits of the hash on average, want 16", mean)
	}
}

// TestSlowMemory checks that gopacket, which appends to frames of 802.11
// without a checksum, does not write behind the frame.
func TestSlowMemory(t *testing.T) {
	frame := filetest.Concat(filetest.Hex("00 00 0900 02000000 00  0801 0000 020000000001 020000000002 020000000003 0000  aaaa03 000000 0800"), filetest.IPOf(t, filetest.ScriptIPv4))
	block := filetest.Concat(frame, filetest.Hex("deadbeef"))
	var seg flows.Segment
	v := New().Decode(127, 0, block[:len(frame)], uint32(len(frame)), &seg)
	if got := binary.BigEndian.Uint32(block[len(frame):]); got != 0xdeadbeef {
		t.Errorf("the bytes behind the frame are %#x, want 0xdeadbeef", got)
	}
	if v != TCP {
		t.Fatalf("verdict is %d, want %d", v, TCP)
	}
	checkSegment(t, seg, capturetest.Segments(t, filetest.ScriptIPv4)[0])
}

func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct{ name, script string }{
		{"ack", "0 > . 1:1(0) ack 1 tsval 1 tsecr 2"},
		{"data", "0 > P. 1:301(300) ack 1 tsval 1 tsecr 2"},
		{"syn", "0 > S 0:0(0) mss 1460 wscale 7"},
		{"vlan", "0 > . 1:1(0) ack 1 vlan 7 tsval 1 tsecr 2"},
		{"sll2", "0 > . 1:1(0) ack 1 iface 7 tsval 1 tsecr 2"},
		{"ipv6", "client ::1\nserver [::2]:80\n0 > . 1:1(0) ack 1 tsval 1 tsecr 2"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			fr := filetest.ReadPcap(capturetest.Pcap(b, bench.script))[0]
			d := New()
			var seg flows.Segment
			b.ReportAllocs()
			for b.Loop() {
				if v := d.Decode(fr.Link, fr.Iface, fr.Data, fr.WireLen, &seg); v != TCP {
					b.Fatalf("verdict %d, want %d", v, TCP)
				}
			}
		})
	}
}
