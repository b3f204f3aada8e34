// Package filetest makes what the tests of package capture and those in it read:
// capture files of every version, compressed or not, frames in every
// encapsulation, and the corpus, read by other means than theirs.
package filetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Magic numbers of pcap files.
const (
	MagicMicro    = 0xa1b2c3d4
	MagicNano     = 0xa1b23c4d
	MagicModified = 0xa1b2cd34
)

// Block types and option codes of pcapng files.
const (
	BlockSection    = 0x0a0d0d0a
	BlockInterface  = 1
	BlockObsolete   = 2
	BlockSimple     = 3
	BlockStatistics = 5
	BlockEnhanced   = 6
	BlockSecrets    = 10
	BlockCustom     = 0xbad

	OptionName        = 2  // if_name
	OptionResolution  = 9  // if_tsresol
	OptionOffset      = 14 // if_tsoffset
	OptionPacketDrops = 4  // epb_dropcount
	OptionStart       = 2  // isb_starttime
	OptionIfaceDrops  = 5  // isb_ifdrop
	OptionKernelDrops = 7  // isb_osdrop

	SecretsTLS = 0x544c534b // a key log

	byteOrderMagic = 0x1a2b3c4d
)

// A Packet is what the tests write to a file: a TCP segment with one byte of
// payload that tells it apart.
type Packet struct {
	Time  int64 // nanoseconds
	Mark  byte
	Iface int
	Size  int // of the payload, at least 1
}

// Bytes returns the packet as Ethernet has it, with the mark as payload.
func (p Packet) Bytes() []byte {
	payload := bytes.Repeat([]byte{p.Mark}, max(p.Size, 1))
	b := append(make([]byte, 12), 8, 0)
	b = append(b, 0x45, 0, 0, 0, 0, p.Mark, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(payload)))
	b = append(b, 0x9c, 0x40, 0, 80, 0, 0, 0, p.Mark, 0, 0, 0, 1, 0x50, 0x18, 2, 0, 0, 0, 0, 0)
	return append(b, payload...)
}

// Times returns packets at those seconds.
func Times(seconds ...float64) []Packet {
	var ps []Packet
	for i, s := range seconds {
		ps = append(ps, Packet{Time: int64(s * 1e9), Mark: byte(i + 1)})
	}
	return ps
}

// A PcapFormat says how to write a pcap file.
type PcapFormat struct {
	Order        binary.AppendByteOrder
	Magic        uint32
	Major, Minor uint16
	SnapLen      uint32
	Link         uint32
}

// PlainPcap is what tcpdump writes.
var PlainPcap = PcapFormat{Order: binary.LittleEndian, Magic: MagicMicro, Major: 2, Minor: 4, SnapLen: 65535, Link: 1}

// Write returns the file of those packets.
func (f PcapFormat) Write(packets ...Packet) []byte {
	b := f.Order.AppendUint32(nil, f.Magic)
	b = f.Order.AppendUint16(b, f.Major)
	b = f.Order.AppendUint16(b, f.Minor)
	b = append(b, make([]byte, 8)...)
	b = f.Order.AppendUint32(b, f.SnapLen)
	b = f.Order.AppendUint32(b, f.Link)
	for _, p := range packets {
		b = f.Record(b, p.Time, p.Bytes(), len(p.Bytes()))
	}
	return b
}

// Record appends one record.
func (f PcapFormat) Record(b []byte, time int64, data []byte, wireLen int) []byte {
	fraction := time % 1e9
	if f.Magic != MagicNano {
		fraction /= 1000
	}
	b = f.Order.AppendUint32(b, uint32(time/1e9))
	b = f.Order.AppendUint32(b, uint32(fraction))
	lengths := [2]int{len(data), wireLen}
	if f.Major != 2 || f.Minor < 3 {
		lengths = [2]int{wireLen, len(data)}
	}
	b = f.Order.AppendUint32(b, uint32(lengths[0]))
	b = f.Order.AppendUint32(b, uint32(lengths[1]))
	if f.Magic == MagicModified {
		b = append(b, make([]byte, 8)...)
	}
	return append(b, data...)
}

// NG writes pcapng blocks in one byte order.
type NG struct{ order binary.AppendByteOrder }

// LE and BE write little and big endian.
var LE, BE = NG{binary.LittleEndian}, NG{binary.BigEndian}

// Block returns a block of that type.
func (n NG) Block(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	size := uint32(len(body) + 12)
	b := n.order.AppendUint32(nil, kind)
	b = n.order.AppendUint32(b, size)
	return n.order.AppendUint32(append(b, body...), size)
}

// Words returns numbers in the byte order.
func (n NG) Words(words ...uint32) []byte {
	var b []byte
	for _, w := range words {
		b = n.order.AppendUint32(b, w)
	}
	return b
}

// Option returns an option.
func (n NG) Option(code uint16, value ...byte) []byte {
	b := n.order.AppendUint16(nil, code)
	b = n.order.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// Long returns the bytes of a 64-bit number.
func (n NG) Long(x uint64) []byte { return n.order.AppendUint64(nil, x) }

// Section returns the header of a section of unknown length.
func (n NG) Section() []byte {
	body := n.order.AppendUint32(nil, byteOrderMagic)
	body = n.order.AppendUint16(body, 1)
	body = n.order.AppendUint16(body, 0)
	return n.Block(BlockSection, n.order.AppendUint64(body, 1<<64-1))
}

// Iface returns the description of an interface.
func (n NG) Iface(link uint16, snapLen uint32, options ...[]byte) []byte {
	body := n.order.AppendUint16(nil, link)
	body = n.order.AppendUint16(body, 0)
	body = n.order.AppendUint32(body, snapLen)
	return n.Block(BlockInterface, append(body, bytes.Join(options, nil)...))
}

// Enhanced returns a packet block with the stamp as it is.
func (n NG) Enhanced(iface int, stamp uint64, data []byte, options ...[]byte) []byte {
	body := n.Words(uint32(iface), uint32(stamp>>32), uint32(stamp), uint32(len(data)), uint32(len(data)))
	body = append(body, data...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return n.Block(BlockEnhanced, append(body, bytes.Join(options, nil)...))
}

// Packet returns a packet block with a stamp in microseconds.
func (n NG) Packet(p Packet) []byte { return n.Enhanced(p.Iface, uint64(p.Time)/1000, p.Bytes()) }

// Write returns a plain file of those packets.
func (n NG) Write(packets ...Packet) []byte {
	b := append(n.Section(), n.Iface(1, 0)...)
	for _, p := range packets {
		b = append(b, n.Packet(p)...)
	}
	return b
}

// Save writes files and returns their names.
func Save(t testing.TB, files ...[]byte) []string {
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

// OnePacket returns the block of one packet.
func OnePacket() []byte { return LE.Packet(Packet{Time: 1e9, Mark: 1}) }
