package decode

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A fuzzFragment is what four bytes of input say of a fragment.
type fuzzFragment struct {
	id   uint8 // of its datagram, from 0 to 3
	v6   bool
	more bool
	step int64 // time since the fragment before
	off  int
	data []byte // on the wire
	cut  int    // bytes of it that were not captured
}

// readFuzzFragment reads the next four bytes. Most fragments are parts of packet,
// others have other bytes.
func readFuzzFragment(b []byte, packet []byte) fuzzFragment {
	p := fuzzFragment{
		id: b[0] & 3, v6: b[0]&4 != 0, more: b[0]&8 != 0, step: [...]int64{0, 1e9, 29e9, 31e9}[b[0]>>4&3],
		off: int(b[1]) * 8, data: make([]byte, int(b[2])*8),
	}
	if !p.more {
		p.data = append(p.data, make([]byte, b[3]&7)...)
	}
	if b[0]>>6 == 3 {
		p.data = bytes.Repeat([]byte{b[3]}, len(p.data))
	} else if p.off < len(packet) {
		copy(p.data, packet[p.off:])
	}
	p.cut = min(len(p.data), int(b[3]>>3)*8)
	return p
}

// frame returns the fragment as an IP packet, and how long that was on the wire.
func (p *fuzzFragment) frame() (data []byte, wire uint32) {
	if p.v6 {
		h := filetest.Hex("06 00 0000 00000000")
		place := uint16(p.off)
		if p.more {
			place |= 1
		}
		binary.BigEndian.PutUint16(h[2:], place)
		h[7] = p.id
		data = filetest.WithNext(filetest.IPv6Packet(protoTCP, p.data), protoFragment, h)
	} else {
		data = filetest.IPv4Packet(protoTCP, p.data)
		place := uint16(p.off / 8)
		if p.more {
			place |= 0x2000
		}
		binary.BigEndian.PutUint16(data[6:], place)
		data[5] = p.id
	}
	return data[:len(data)-p.cut], uint32(len(data))
}

// plainDatagram puts fragments together byte by byte.
type plainDatagram struct {
	since int64
	size  int // -1 until the last fragment is there
	have  int
	end   int // of what is there
	bytes [1 << 16]struct {
		there, captured bool
		b               byte
	}
}

// add adds a fragment, and reports whether the datagram is whole.
func (g *plainDatagram) add(p *fuzzFragment) bool {
	end := p.off + len(p.data)
	if g.size >= 0 && end > g.size || !p.more && end < g.end {
		return false
	}
	if !p.more {
		g.size = end
	}
	for i, c := range p.data {
		if x := &g.bytes[p.off+i]; !x.there {
			x.there, x.captured, x.b = true, i < len(p.data)-p.cut, c
			g.have++
		}
	}
	g.end = max(g.end, end)
	return g.have == g.size
}

// packet returns the datagram as one packet, as far as it was captured from its
// beginning on, and how long it was.
func (g *plainDatagram) packet(v6 bool) (data []byte, wire uint32) {
	whole, captured := make([]byte, g.size), 0
	for i := range whole {
		whole[i] = g.bytes[i].b
		if captured == i && g.bytes[i].captured {
			captured++
		}
	}
	data = filetest.IPv4Packet(protoTCP, whole)
	if v6 {
		data = filetest.IPv6Packet(protoTCP, whole)
	}
	return data[:len(data)-len(whole)+captured], uint32(len(data))
}

// FuzzFragments puts fragments together, of a few datagrams, in any order, that
// overlap and contradict each other, and wants of each datagram what its packet in
// one piece gives.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{8, 0, 10, 0, 0, 10, 200, 3})
	f.Add([]byte{12, 0, 10, 0, 4, 10, 20, 0, 1, 10, 20, 0, 9, 0, 10, 0x30})
	f.Add([]byte{8, 4, 4, 0, 0, 20, 1, 0, 0xc8, 2, 10, 'x', 8, 0, 50, 0, 0x3a, 0, 50, 0, 0x18, 0, 8, 0})
	packet := filetest.IPOf(f, scriptLong)[20:]
	f.Fuzz(func(t *testing.T, data []byte) {
		d, now := NewDefragmenter(), int64(0)
		var plain [8]*plainDatagram
		for ; len(data) >= 4; data = data[4:] {
			p := readFuzzFragment(data, packet)
			if p.off == 0 && !p.more {
				continue // it is no fragment
			}
			now += p.step
			frame, wire := p.frame()
			var got flows.Segment
			v := d.Add(pcapfile.LinkRaw, 0, frame, wire, now, &got)
			checkBounds(t, d)
			if len(p.data) == 0 {
				if v != Undecoded {
					t.Fatalf("an empty fragment: verdict is %d, want %d", v, Undecoded)
				}
				continue
			}
			for i, g := range plain {
				if g != nil && now-g.since > 30e9 {
					plain[i] = nil
				}
			}
			at := &plain[int(p.id)*2]
			if p.v6 {
				at = &plain[int(p.id)*2+1]
			}
			if *at == nil {
				*at = &plainDatagram{since: now, size: -1}
			}
			if !(*at).add(&p) {
				if v != Fragment {
					t.Fatalf("the datagram is not whole: verdict is %d, want %d", v, Fragment)
				}
				continue
			}
			frame, wire = (*at).packet(p.v6)
			*at = nil
			var want flows.Segment
			if wantVerdict := New().Decode(pcapfile.LinkRaw, 0, frame, wire, &want); v != wantVerdict {
				t.Fatalf("the datagram is whole: verdict is %d, of the packet in one piece %d", v, wantVerdict)
			}
			if v == TCP {
				checkSegment(t, got, want)
			}
		}
	})
}

// checkBounds wants a defragmenter to know what it holds.
func checkBounds(t *testing.T, d *Defragmenter) {
	t.Helper()
	held := 0
	for e := d.order.Front(); e != nil; e = e.Next() {
		g := e.Value.(*datagram)
		held += g.bytes
		if d.waiting[g.key] != e || len(g.spans) > maxPieces {
			t.Fatalf("a datagram of %d pieces that is not found by its key, or has too many", len(g.spans))
		}
	}
	if held != d.bytes || held > maxFragmentBytes || len(d.waiting) != d.order.Len() || len(d.waiting) > maxDatagrams {
		t.Fatalf("%d datagrams with %d bytes (%d by its count)", len(d.waiting), held, d.bytes)
	}
}
