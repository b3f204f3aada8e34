package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

const scriptLong = `isn 100 200
	0 > P. 1:1001(1000) ack 1 tsval 7 tsecr 8 id 9 "POST / HTTP/1.1\r\n\r\n"`

// cutUp returns the fragments of an IPv4 packet, of size bytes of payload each.
func cutUp(packet []byte, size int) [][]byte {
	var fragments [][]byte
	payload := packet[20:]
	for off := 0; off < len(payload); off += size {
		end := min(off+size, len(payload))
		f := concat(packet[:20], payload[off:end])
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

// cutUp6 is cutUp for IPv6.
func cutUp6(packet []byte, size int) [][]byte {
	var fragments [][]byte
	payload := packet[40:]
	for off := 0; off < len(payload); off += size {
		end := min(off+size, len(payload))
		h := header("06 00 0000 00000007")
		place := uint16(off)
		if end < len(payload) {
			place |= 1
		}
		binary.BigEndian.PutUint16(h[2:], place)
		fragments = append(fragments, withNext(concat(packet[:40], payload[off:end]), protoFragment, h))
	}
	return fragments
}

// addAll gives frames to a defragmenter and returns what the last one gave. All
// before must be waiting.
func addAll(t *testing.T, f *defragmenter, link linkType, frames [][]byte) (verdict, flows.Segment) {
	t.Helper()
	var seg flows.Segment
	v := fragment
	for i, frame := range frames {
		if v != fragment {
			t.Fatalf("frame %d: verdict was %d before, want %d", i, v, fragment)
		}
		if v := newDecoder().decode(link, 0, frame, uint32(len(frame)), &seg); v != fragment {
			t.Fatalf("frame %d: decode says %d, want %d", i, v, fragment)
		}
		v = f.add(link, 0, frame, uint32(len(frame)), int64(i), &seg)
	}
	if len(f.waiting) != f.order.Len() {
		t.Errorf("%d datagrams wait, and %d are in order", len(f.waiting), f.order.Len())
	}
	return v, seg
}

func checkEmpty(t *testing.T, f *defragmenter) {
	t.Helper()
	if len(f.waiting) != 0 || f.order.Len() != 0 || f.bytes != 0 {
		t.Errorf("%d datagrams wait with %d bytes, want none", len(f.waiting), f.bytes)
	}
}

func TestFragments(t *testing.T) {
	v4, v6 := ipOf(t, scriptLong), ipOf(t, "client 2001:db8::1\nserver [2001:db8::2]:80\n"+scriptLong)
	reverse := func(f [][]byte) [][]byte { slices.Reverse(f); return f }
	wrap := func(f [][]byte, head []byte) [][]byte {
		for i := range f {
			f[i] = concat(head, f[i])
		}
		return f
	}
	udp := func(frame []byte) []byte { return udpPacket(40000, 4789, concat(header("08000000 00000100"), frame)) }
	for _, test := range []struct {
		name   string
		link   linkType
		frames [][]byte
	}{
		{"ipv4", linkRaw, cutUp(v4, 400)},
		{"ipv4 in eights", linkRaw, cutUp(v4, 8)},
		{"ipv4 reversed", linkRaw, reverse(cutUp(v4, 104))},
		{"ipv6", linkRaw, cutUp6(v6, 400)},
		{"ipv6 reversed", linkRaw, reverse(cutUp6(v6, 48))},
		{"behind a vlan", linkEthernet, wrap(cutUp(v4, 400), etherFrame(0x8100, header("0007 0800")))},
		{"cooked", linkSLL, wrap(cutUp6(v6, 400), header("0000 0001 0006 020000000001 0000 86dd"))},
		{"tunnel in fragments", linkRaw, cutUp(ipv4Packet(protoUDP, udp(etherFrame(0x0800, v4))), 400)},
		{"fragments in a tunnel", linkRaw, wrap(cutUp(v4, 1032-8), ipv4Packet(protoGRE, header("0000 0800")))},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "fragments in a tunnel" {
				test.frames = test.frames[:0]
				for _, f := range cutUp(v4, 400) {
					test.frames = append(test.frames, ipv4Packet(protoGRE, concat(header("0000 0800"), f)))
				}
			}
			f := newDefragmenter()
			v, seg := addAll(t, f, test.link, test.frames)
			if v != tcp {
				t.Fatalf("verdict is %d, want %d", v, tcp)
			}
			script := scriptLong
			if seg.SrcIP[0] != 0 {
				script = "client 2001:db8::1\nserver [2001:db8::2]:80\n" + scriptLong
			}
			checkSegment(t, seg, capturetest.Segments(t, script)[0])
			checkEmpty(t, f)
		})
	}
}

// TestFragmentsOfFragments puts a packet together whose payload is in fragments again.
func TestFragmentsOfFragments(t *testing.T) {
	var frames [][]byte
	for i, f := range cutUp(ipOf(t, scriptLong), 600) {
		outer := ipv4Packet(protoIPv4, f)
		outer[5] = byte(i) // the identification
		frames = append(frames, cutUp(outer, 320)...)
	}
	f := newDefragmenter()
	v, seg := addAll(t, f, linkRaw, frames)
	if v != tcp {
		t.Fatalf("verdict is %d, want %d", v, tcp)
	}
	checkSegment(t, seg, capturetest.Segments(t, scriptLong)[0])
	checkEmpty(t, f)
}

func TestFragmentOverlap(t *testing.T) {
	packet := ipOf(t, scriptLong)
	part := func(from, to int, fill byte) []byte { // of the payload, with other content
		f := concat(packet[:20], packet[20+from:20+to])
		if fill != 0 {
			for i := range f[20:] {
				f[20+i] = fill
			}
		}
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		place := uint16(from / 8)
		if to < len(packet)-20 {
			place |= 0x2000
		}
		binary.BigEndian.PutUint16(f[6:], place)
		return f
	}
	end := len(packet) - 20
	for _, test := range []struct {
		name   string
		frames [][]byte
	}{
		{"the same twice", [][]byte{part(0, 400, 0), part(0, 400, 'x'), part(400, end, 0)}},
		{"overlap before", [][]byte{part(400, end, 0), part(0, 800, 0)}},
		{"overlap behind", [][]byte{part(0, 400, 0), part(200, end, 0)}},
		{"inside", [][]byte{part(0, 800, 0), part(200, 400, 'x'), part(400, end, 0)}},
		{"around two", [][]byte{part(80, 160, 0), part(240, 320, 0), part(0, 800, 0), part(800, end, 0)}},
		{"past the end", [][]byte{part(400, end, 0), concat(part(1016, end, 'x')[:20], make([]byte, 64)), part(0, 400, 0)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newDefragmenter()
			var seg flows.Segment
			var v verdict
			for _, frame := range test.frames {
				v = f.add(linkRaw, 0, frame, uint32(len(frame)), 0, &seg)
			}
			if v != tcp {
				t.Fatalf("verdict is %d, want %d", v, tcp)
			}
			checkSegment(t, seg, capturetest.Segments(t, scriptLong)[0])
			checkEmpty(t, f)
		})
	}
}

// TestFragmentsCut cuts the second of three fragments short: the payload ends
// there, its length does not.
func TestFragmentsCut(t *testing.T) {
	f := newDefragmenter()
	var seg flows.Segment
	var v verdict
	for i, frame := range cutUp(ipOf(t, scriptLong), 400) {
		data := frame
		if i == 1 {
			data = frame[:120]
		}
		v = f.add(linkRaw, 0, data, uint32(len(frame)), 0, &seg)
	}
	if v != tcp || seg.Len != 1000 || len(seg.Payload) != 400-32+100 {
		t.Errorf("verdict %d, %d bytes of which %d captured; want %d, 1000 and 468", v, seg.Len, len(seg.Payload), tcp)
	}
}

func TestFragmentNonsense(t *testing.T) {
	packet := ipOf(t, scriptLong)
	with := func(place uint16, n int) []byte {
		p := concat(packet[:20], make([]byte, n))
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[6:], place)
		return p
	}
	for _, test := range []struct {
		name  string
		frame []byte
		want  verdict
	}{
		{"beyond 65535 bytes", with(0x1fff, 64), undecoded},
		{"empty", with(0x2000, 0), undecoded},
		{"not a multiple of eight", with(0x2000, 13), undecoded},
		{"the end before what is there", with(1, 8), fragment},
		{"of another datagram", with(0x2001, 8), fragment},
	} {
		f := newDefragmenter()
		var seg flows.Segment
		first := with(0x2000|4, 64)
		f.add(linkRaw, 0, first, uint32(len(first)), 0, &seg)
		if got := f.add(linkRaw, 0, test.frame, uint32(len(test.frame)), 0, &seg); got != test.want {
			t.Errorf("%s: verdict is %d, want %d", test.name, got, test.want)
		}
	}
	var seg flows.Segment
	icmp := with(0x2000, 64)
	icmp[9] = 1
	if v := newDecoder().decode(linkRaw, 0, icmp, uint32(len(icmp)), &seg); v != notTCP {
		t.Errorf("a fragment of ICMP: verdict is %d, want %d", v, notTCP)
	}
}

func TestFragmentTimeout(t *testing.T) {
	frames := cutUp(ipOf(t, scriptLong), 600)
	for _, test := range []struct {
		after int64
		want  verdict
	}{{30e9, tcp}, {30e9 + 1, fragment}} {
		f := newDefragmenter()
		var seg flows.Segment
		f.add(linkRaw, 0, frames[0], uint32(len(frames[0])), 1e9, &seg)
		if got := f.add(linkRaw, 0, frames[1], uint32(len(frames[1])), 1e9+test.after, &seg); got != test.want {
			t.Errorf("%d ns later: verdict is %d, want %d", test.after, got, test.want)
		}
	}
}

// TestFragmentBounds floods a defragmenter: what it holds stays small, and what
// came last can still be completed.
func TestFragmentBounds(t *testing.T) {
	packet := ipOf(t, scriptLong)
	random := rand.New(rand.NewPCG(1, 2))
	f := newDefragmenter()
	var seg flows.Segment
	for i := range 20000 {
		size := 8 * (1 + random.IntN(400))
		p := concat(packet[:20], make([]byte, size))
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[4:], uint16(random.IntN(300)))
		binary.BigEndian.PutUint16(p[6:], 0x2000|uint16(random.IntN(7000)))
		if i%3 == 0 {
			p[6] &^= 0x20
		}
		f.add(linkRaw, 0, p, uint32(len(p)), int64(i), &seg)
		held := 0
		for _, e := range f.waiting {
			g := e.Value.(*datagram)
			held += g.bytes
			if len(g.spans) > maxPieces {
				t.Fatalf("a datagram of %d pieces, want at most %d", len(g.spans), maxPieces)
			}
			for i := range g.spans[1:] {
				if a, b := g.spans[i], g.spans[i+1]; a.end > b.off || b.off >= b.end {
					t.Fatalf("a span of %d:%d is followed by %d:%d", a.off, a.end, b.off, b.end)
				}
			}
		}
		if held != f.bytes || held > maxFragmentBytes || len(f.waiting) > maxDatagrams {
			t.Fatalf("%d datagrams with %d bytes (%d by its count), want at most %d and %d", len(f.waiting), held, f.bytes, maxDatagrams, maxFragmentBytes)
		}
	}
	packet[4] = 0xff // an identification that the flood has not
	frames := cutUp(packet, 600)
	if v, _ := addAll(t, f, linkRaw, frames); v != tcp {
		t.Errorf("verdict is %d, want %d", v, tcp)
	}
}

// TestFragmentMemory checks that the segment shares no memory with the frames.
func TestFragmentMemory(t *testing.T) {
	f := newDefragmenter()
	var seg flows.Segment
	for _, frame := range cutUp(ipOf(t, scriptLong), 400) {
		f.add(linkRaw, 0, frame, uint32(len(frame)), 0, &seg)
		clear(frame)
	}
	if !bytes.HasPrefix(seg.Payload, []byte("POST / ")) {
		t.Errorf("payload begins with %q, want %q", seg.Payload[:7], "POST / ")
	}
}
