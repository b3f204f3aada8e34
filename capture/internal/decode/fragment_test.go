package decode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

const scriptLong = `isn 100 200
	0 > P. 1:1001(1000) ack 1 tsval 7 tsecr 8 id 9 "POST / HTTP/1.1\r\n\r\n"`

// addAll gives frames to a defragmenter and returns what the last one gave. All
// before must be waiting.
func addAll(t *testing.T, f *Defragmenter, link pcapfile.LinkType, frames [][]byte) (Verdict, flows.Segment) {
	t.Helper()
	var seg flows.Segment
	v := Fragment
	for i, frame := range frames {
		if v != Fragment {
			t.Fatalf("frame %d: verdict was %d before, want %d", i, v, Fragment)
		}
		if v := New().Decode(link, 0, frame, uint32(len(frame)), &seg); v != Fragment {
			t.Fatalf("frame %d: decode says %d, want %d", i, v, Fragment)
		}
		v = f.Add(link, 0, frame, uint32(len(frame)), int64(i), &seg)
	}
	if len(f.waiting) != f.order.Len() {
		t.Errorf("%d datagrams wait, and %d are in order", len(f.waiting), f.order.Len())
	}
	return v, seg
}

func checkEmpty(t *testing.T, f *Defragmenter) {
	t.Helper()
	if len(f.waiting) != 0 || f.order.Len() != 0 || f.bytes != 0 {
		t.Errorf("%d datagrams wait with %d bytes, want none", len(f.waiting), f.bytes)
	}
}

func TestFragments(t *testing.T) {
	v4, v6 := filetest.IPOf(t, scriptLong), filetest.IPOf(t, "client 2001:db8::1\nserver [2001:db8::2]:80\n"+scriptLong)
	reverse := func(f [][]byte) [][]byte { slices.Reverse(f); return f }
	wrap := func(f [][]byte, head []byte) [][]byte {
		for i := range f {
			f[i] = filetest.Concat(head, f[i])
		}
		return f
	}
	udp := func(frame []byte) []byte {
		return filetest.UDPPacket(40000, 4789, filetest.Concat(filetest.Hex("08000000 00000100"), frame))
	}
	for _, test := range []struct {
		name   string
		link   pcapfile.LinkType
		frames [][]byte
	}{
		{"ipv4", pcapfile.LinkRaw, filetest.CutUp(v4, 400)},
		{"ipv4 in eights", pcapfile.LinkRaw, filetest.CutUp(v4, 8)},
		{"ipv4 reversed", pcapfile.LinkRaw, reverse(filetest.CutUp(v4, 104))},
		{"ipv6", pcapfile.LinkRaw, filetest.CutUp6(v6, 400)},
		{"ipv6 reversed", pcapfile.LinkRaw, reverse(filetest.CutUp6(v6, 48))},
		{"behind a vlan", pcapfile.LinkEthernet, wrap(filetest.CutUp(v4, 400), filetest.EtherFrame(0x8100, filetest.Hex("0007 0800")))},
		{"cooked", pcapfile.LinkSLL, wrap(filetest.CutUp6(v6, 400), filetest.Hex("0000 0001 0006 020000000001 0000 86dd"))},
		{"tunnel in fragments", pcapfile.LinkRaw, filetest.CutUp(filetest.IPv4Packet(protoUDP, udp(filetest.EtherFrame(0x0800, v4))), 400)},
		{"fragments in a tunnel", pcapfile.LinkRaw, wrap(filetest.CutUp(v4, 1032-8), filetest.IPv4Packet(protoGRE, filetest.Hex("0000 0800")))},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "fragments in a tunnel" {
				test.frames = test.frames[:0]
				for _, f := range filetest.CutUp(v4, 400) {
					test.frames = append(test.frames, filetest.IPv4Packet(protoGRE, filetest.Concat(filetest.Hex("0000 0800"), f)))
				}
			}
			f := NewDefragmenter()
			v, seg := addAll(t, f, test.link, test.frames)
			if v != TCP {
				t.Fatalf("verdict is %d, want %d", v, TCP)
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
	for i, f := range filetest.CutUp(filetest.IPOf(t, scriptLong), 600) {
		outer := filetest.IPv4Packet(protoIPv4, f)
		outer[5] = byte(i) // the identification
		frames = append(frames, filetest.CutUp(outer, 320)...)
	}
	f := NewDefragmenter()
	v, seg := addAll(t, f, pcapfile.LinkRaw, frames)
	if v != TCP {
		t.Fatalf("verdict is %d, want %d", v, TCP)
	}
	checkSegment(t, seg, capturetest.Segments(t, scriptLong)[0])
	checkEmpty(t, f)
}

func TestFragmentOverlap(t *testing.T) {
	packet := filetest.IPOf(t, scriptLong)
	part := func(from, to int, fill byte) []byte { // of the payload, with other content
		f := filetest.Concat(packet[:20], packet[20+from:20+to])
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
		{"past the end", [][]byte{part(400, end, 0), filetest.Concat(part(1016, end, 'x')[:20], make([]byte, 64)), part(0, 400, 0)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := NewDefragmenter()
			var seg flows.Segment
			var v Verdict
			for _, frame := range test.frames {
				v = f.Add(pcapfile.LinkRaw, 0, frame, uint32(len(frame)), 0, &seg)
			}
			if v != TCP {
				t.Fatalf("verdict is %d, want %d", v, TCP)
			}
			checkSegment(t, seg, capturetest.Segments(t, scriptLong)[0])
			checkEmpty(t, f)
		})
	}
}

// TestFragmentsCut cuts the second of three fragments short: the payload ends
// there, its length does not.
func TestFragmentsCut(t *testing.T) {
	f := NewDefragmenter()
	var seg flows.Segment
	var v Verdict
	for i, frame := range filetest.CutUp(filetest.IPOf(t, scriptLong), 400) {
		data := frame
		if i == 1 {
			data = frame[:120]
		}
		v = f.Add(pcapfile.LinkRaw, 0, data, uint32(len(frame)), 0, &seg)
	}
	if v != TCP || seg.Len != 1000 || len(seg.Payload) != 400-32+100 {
		t.Errorf("verdict %d, %d bytes of which %d captured; want %d, 1000 and 468", v, seg.Len, len(seg.Payload), TCP)
	}
}

func TestFragmentNonsense(t *testing.T) {
	packet := filetest.IPOf(t, scriptLong)
	with := func(place uint16, n int) []byte {
		p := filetest.Concat(packet[:20], make([]byte, n))
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[6:], place)
		return p
	}
	for _, test := range []struct {
		name  string
		frame []byte
		want  Verdict
	}{
		{"beyond 65535 bytes", with(0x1fff, 64), Undecoded},
		{"empty", with(0x2000, 0), Undecoded},
		{"not a multiple of eight", with(0x2000, 13), Undecoded},
		{"the end before what is there", with(1, 8), Fragment},
		{"of another datagram", with(0x2001, 8), Fragment},
	} {
		f := NewDefragmenter()
		var seg flows.Segment
		first := with(0x2000|4, 64)
		f.Add(pcapfile.LinkRaw, 0, first, uint32(len(first)), 0, &seg)
		if got := f.Add(pcapfile.LinkRaw, 0, test.frame, uint32(len(test.frame)), 0, &seg); got != test.want {
			t.Errorf("%s: verdict is %d, want %d", test.name, got, test.want)
		}
	}
	var seg flows.Segment
	icmp := with(0x2000, 64)
	icmp[9] = 1
	if v := New().Decode(pcapfile.LinkRaw, 0, icmp, uint32(len(icmp)), &seg); v != NotTCP {
		t.Errorf("a fragment of ICMP: verdict is %d, want %d", v, NotTCP)
	}
}

func TestFragmentTimeout(t *testing.T) {
	frames := filetest.CutUp(filetest.IPOf(t, scriptLong), 600)
	for _, test := range []struct {
		after int64
		want  Verdict
	}{{30e9, TCP}, {30e9 + 1, Fragment}} {
		f := NewDefragmenter()
		var seg flows.Segment
		f.Add(pcapfile.LinkRaw, 0, frames[0], uint32(len(frames[0])), 1e9, &seg)
		if got := f.Add(pcapfile.LinkRaw, 0, frames[1], uint32(len(frames[1])), 1e9+test.after, &seg); got != test.want {
			t.Errorf("%d ns later: verdict is %d, want %d", test.after, got, test.want)
		}
	}
}

// TestFragmentBounds floods a defragmenter: what it holds stays small, and what
// came last can still be completed.
func TestFragmentBounds(t *testing.T) {
	packet := filetest.IPOf(t, scriptLong)
	random := rand.New(rand.NewPCG(1, 2))
	f := NewDefragmenter()
	var seg flows.Segment
	for i := range 20000 {
		size := 8 * (1 + random.IntN(400))
		p := filetest.Concat(packet[:20], make([]byte, size))
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[4:], uint16(random.IntN(300)))
		binary.BigEndian.PutUint16(p[6:], 0x2000|uint16(random.IntN(7000)))
		if i%3 == 0 {
			p[6] &^= 0x20
		}
		f.Add(pcapfile.LinkRaw, 0, p, uint32(len(p)), int64(i), &seg)
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
	frames := filetest.CutUp(packet, 600)
	if v, _ := addAll(t, f, pcapfile.LinkRaw, frames); v != TCP {
		t.Errorf("verdict is %d, want %d", v, TCP)
	}
}

// TestFragmentMemory checks that the segment shares no memory with the frames.
func TestFragmentMemory(t *testing.T) {
	f := NewDefragmenter()
	var seg flows.Segment
	for _, frame := range filetest.CutUp(filetest.IPOf(t, scriptLong), 400) {
		f.Add(pcapfile.LinkRaw, 0, frame, uint32(len(frame)), 0, &seg)
		clear(frame)
	}
	if !bytes.HasPrefix(seg.Payload, []byte("POST / ")) {
		t.Errorf("payload begins with %q, want %q", seg.Payload[:7], "POST / ")
	}
}
