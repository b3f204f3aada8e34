package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
)

// A packet is what the tests write to a file: a TCP segment with one byte of
// payload that tells it apart.
type packet struct {
	time  int64 // nanoseconds
	mark  byte
	iface int
	size  int // of the payload, at least 1
}

// bytes returns the packet as Ethernet has it, with the mark as payload.
func (p packet) bytes() []byte {
	payload := bytes.Repeat([]byte{p.mark}, max(p.size, 1))
	b := append(make([]byte, 12), 8, 0)
	b = append(b, 0x45, 0, 0, 0, 0, p.mark, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(payload)))
	b = append(b, 0x9c, 0x40, 0, 80, 0, 0, 0, p.mark, 0, 0, 0, 1, 0x50, 0x18, 2, 0, 0, 0, 0, 0)
	return append(b, payload...)
}

// times returns packets at those seconds.
func times(seconds ...float64) []packet {
	var ps []packet
	for i, s := range seconds {
		ps = append(ps, packet{time: int64(s * 1e9), mark: byte(i + 1)})
	}
	return ps
}

// pcapFormat says how to write a pcap file.
type pcapFormat struct {
	order        binary.AppendByteOrder
	magic        uint32
	major, minor uint16
	snapLen      uint32
	link         uint32
}

var plainPcap = pcapFormat{order: binary.LittleEndian, magic: pcapMicro, major: 2, minor: 4, snapLen: 65535, link: 1}

// write returns the file of those packets.
func (f pcapFormat) write(packets ...packet) []byte {
	b := f.order.AppendUint32(nil, f.magic)
	b = f.order.AppendUint16(b, f.major)
	b = f.order.AppendUint16(b, f.minor)
	b = append(b, make([]byte, 8)...)
	b = f.order.AppendUint32(b, f.snapLen)
	b = f.order.AppendUint32(b, f.link)
	for _, p := range packets {
		b = f.record(b, p.time, p.bytes(), len(p.bytes()))
	}
	return b
}

// record appends one record.
func (f pcapFormat) record(b []byte, time int64, data []byte, wireLen int) []byte {
	fraction := time % 1e9
	if f.magic != pcapNano {
		fraction /= 1000
	}
	b = f.order.AppendUint32(b, uint32(time/1e9))
	b = f.order.AppendUint32(b, uint32(fraction))
	lengths := [2]int{len(data), wireLen}
	if f.major != 2 || f.minor < 3 {
		lengths = [2]int{wireLen, len(data)}
	}
	b = f.order.AppendUint32(b, uint32(lengths[0]))
	b = f.order.AppendUint32(b, uint32(lengths[1]))
	if f.magic == pcapModified {
		b = append(b, make([]byte, 8)...)
	}
	return append(b, data...)
}

// ng writes pcapng blocks in one byte order.
type ng struct{ order binary.AppendByteOrder }

var le, be = ng{binary.LittleEndian}, ng{binary.BigEndian}

// block returns a block of that type.
func (n ng) block(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	size := uint32(len(body) + 12)
	b := n.order.AppendUint32(nil, kind)
	b = n.order.AppendUint32(b, size)
	return n.order.AppendUint32(append(b, body...), size)
}

// words returns numbers in the byte order.
func (n ng) words(words ...uint32) []byte {
	var b []byte
	for _, w := range words {
		b = n.order.AppendUint32(b, w)
	}
	return b
}

// option returns an option.
func (n ng) option(code uint16, value ...byte) []byte {
	b := n.order.AppendUint16(nil, code)
	b = n.order.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// long returns the bytes of a 64-bit number.
func (n ng) long(x uint64) []byte { return n.order.AppendUint64(nil, x) }

func (n ng) section() []byte {
	body := n.order.AppendUint32(nil, byteOrderMagic)
	body = n.order.AppendUint16(body, 1)
	body = n.order.AppendUint16(body, 0)
	return n.block(blockSection, n.order.AppendUint64(body, 1<<64-1))
}

func (n ng) iface(link uint16, snapLen uint32, options ...[]byte) []byte {
	body := n.order.AppendUint16(nil, link)
	body = n.order.AppendUint16(body, 0)
	body = n.order.AppendUint32(body, snapLen)
	return n.block(blockInterface, append(body, bytes.Join(options, nil)...))
}

// enhanced returns a packet block with the stamp as it is.
func (n ng) enhanced(iface int, stamp uint64, data []byte, options ...[]byte) []byte {
	body := n.words(uint32(iface), uint32(stamp>>32), uint32(stamp), uint32(len(data)), uint32(len(data)))
	body = append(body, data...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return n.block(blockEnhanced, append(body, bytes.Join(options, nil)...))
}

// packet returns a packet block with a stamp in microseconds.
func (n ng) packet(p packet) []byte { return n.enhanced(p.iface, uint64(p.time)/1000, p.bytes()) }

// write returns a plain file of those packets.
func (n ng) write(packets ...packet) []byte {
	b := append(n.section(), n.iface(1, 0)...)
	for _, p := range packets {
		b = append(b, n.packet(p)...)
	}
	return b
}

// save writes files and returns their names.
func save(t testing.TB, files ...[]byte) []string {
	t.Helper()
	dir, names := t.TempDir(), []string(nil)
	for i, f := range files {
		names = append(names, filepath.Join(dir, fmt.Sprintf("%d.cap", i)))
		if err := os.WriteFile(names[i], f, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// result is what reading gave.
type result struct {
	Segments []string // number, time, mark, length of the payload, note
	Stats    Stats
	Err      string
}

// readAll reads files with blocks of size bytes.
func readAll(t testing.TB, names []string, opt Options, size int) result {
	t.Helper()
	s, err := openFiles(names, opt, size)
	if err != nil {
		return result{Err: err.Error()}
	}
	defer s.Close()
	var r result
	err = s.Run(context.Background(), func(segments []flows.Segment) error {
		for i := range segments {
			g := &segments[i]
			mark := "-"
			if len(g.Payload) > 0 {
				mark = fmt.Sprintf("%02x", g.Payload[0])
			}
			r.Segments = append(r.Segments, fmt.Sprintf("%d %d %s %d %d", g.Num, g.Time, mark, g.Len, g.Note.A))
		}
		return nil
	})
	if err != nil {
		r.Err = err.Error()
	}
	r.Stats = s.Stats()
	for i := range r.Stats.Sources {
		r.Stats.Sources[i].Name = filepath.Base(r.Stats.Sources[i].Name)
	}
	if r.Stats.Damage != nil {
		r.Stats.Damage.Source = filepath.Base(r.Stats.Damage.Source)
	}
	return r
}

// nothing is an apply that does nothing.
func nothing([]flows.Segment) error { return nil }

// readEveryWay reads files with 1, 2 and 4 workers and blocks of several
// sizes, demands one result and returns it.
func readEveryWay(t *testing.T, names []string, opt Options) result {
	t.Helper()
	opt.Workers = 1
	want := readAll(t, names, opt, blockSize)
	for _, workers := range []int{1, 2, 4} {
		for _, size := range []int{1, 60, 100, 333, 4096} {
			opt.Workers = workers
			got := readAll(t, names, opt, size)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Fatalf("%d workers, blocks of %d bytes: got, then want with large ones\n%s", workers, size, diff)
			}
		}
	}
	return want
}
