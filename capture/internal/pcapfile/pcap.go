package pcapfile

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The classic pcap format (draft-ietf-opsawg-pcap, and what libpcap's
// sf-pcap.c reads of older files).
const (
	pcapHeaderLen  = 24
	pcapMicro      = 0xa1b2c3d4
	pcapNano       = 0xa1b23c4d
	pcapModified   = 0xa1b2cd34 // Kuznetzov's patch to libpcap: 8 more bytes a record
	linkTypeMask   = 0x03ffffff // the rest says how long the frame check sequence is
	formatPcap     = "pcap"
	formatPcapNS   = "pcap-ns"
	formatModified = "pcap-modified"
)

// A pcapFile walks a pcap file.
type pcapFile struct {
	format    string
	link      LinkType
	swap      bool  // big endian
	unit      int64 // of the record's fraction of a second, in nanoseconds
	headerLen int   // of a record
	limit     uint32
	lengths   lengthOrder
	warning   string // of its header, "" if all is well
}

// lengthOrder is the order of a record's two lengths. Up to version 2.2 the
// packet's came first, 2.3 had both, 2.4 has the captured one first.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota
	packetFirst
	smallerCaptured
)

// isPcap reports whether a file that begins with head is a pcap file.
func isPcap(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	_, _, ok := pcapMagic(binary.LittleEndian.Uint32(head))
	return ok
}

// pcapMagic returns the magic as the writer meant it.
func pcapMagic(word uint32) (magic uint32, swap, ok bool) {
	switch word {
	case pcapMicro, pcapNano, pcapModified:
		return word, false, true
	}
	switch word = bits.ReverseBytes32(word); word {
	case pcapMicro, pcapNano, pcapModified:
		return word, true, true
	}
	return 0, false, false
}

// newPcap reads the file header h.
func newPcap(h []byte) (*pcapFile, error) {
	magic, swap, _ := pcapMagic(binary.LittleEndian.Uint32(h))
	p := &pcapFile{format: formatPcap, swap: swap, unit: 1000, headerLen: 16}
	switch magic {
	case pcapNano:
		p.format, p.unit = formatPcapNS, 1
	case pcapModified:
		p.format, p.headerLen = formatModified, 24
	}
	version := p.u32(h[4:])
	if !swap { // two 16-bit numbers, so that their order in the word depends on the bytes'
		version = bits.RotateLeft32(version, 16)
	}
	switch major, minor := version>>16, version&0xffff; {
	case major == 543 && minor == 0: // AIX
		p.lengths = packetFirst
	case major != 2 || minor > 4:
		if swapped := bits.ReverseBytes32(version); swapped != 2<<16|4 && swapped != 4<<16|2 && !p.fits(h) {
			return nil, fmt.Errorf("pcap version %d.%d is not known", major, minor)
		}
		p.warning = fmt.Sprintf("pcap version %d.%d is not known; it is read as 2.4", major, minor)
	case minor < 3:
		p.lengths = packetFirst
	case minor == 3:
		p.lengths = smallerCaptured
	}
	// Some writers exceed the snap length that they state, and some state 0.
	p.limit = min(max(p.u32(h[16:]), MaxSnapLen), MaxRecord-uint32(p.headerLen))
	p.link = LinkType(p.u32(h[20:]) & linkTypeMask)
	return p, nil
}

// fits reports whether header h looks like one of version 2.4, but for the version.
func (p *pcapFile) fits(h []byte) bool {
	const mostLinkType = 1 << 10
	return p.u32(h[8:]) == 0 && p.u32(h[12:]) == 0 && p.u32(h[16:]) <= MaxRecord && p.u32(h[20:])&linkTypeMask < mostLinkType
}

// Warning implements [Format].
func (p *pcapFile) Warning() string { return p.warning }

// u32 reads a number in the file's byte order.
func (p *pcapFile) u32(b []byte) uint32 {
	x := binary.LittleEndian.Uint32(b)
	if p.swap {
		x = bits.ReverseBytes32(x)
	}
	return x
}

// Name implements [Format].
func (p *pcapFile) Name() string { return p.format }

// HeaderLen implements [Format].
func (p *pcapFile) HeaderLen() int64 { return pcapHeaderLen }

// LinkTypes implements [Format].
func (p *pcapFile) LinkTypes() []LinkType { return []LinkType{p.link} }

// Walk implements [Format].
func (p *pcapFile) Walk(b *Records, at int) (next, need int, err error) {
	buf, frames := b.Buf, b.Frames
	headerLen, unit, link := p.headerLen, p.unit, p.link
	second := uint32(1e9 / unit)
	for {
		rest := buf[at:]
		if len(rest) < headerLen {
			need = headerLen
			break
		}
		h := rest[:16:16]
		capLen, wireLen := p.u32(h[8:]), p.u32(h[12:])
		if p.lengths != capturedFirst && (p.lengths == packetFirst || capLen > wireLen) {
			capLen, wireLen = wireLen, capLen
		}
		if capLen > p.limit {
			err = fmt.Errorf("a packet of %d captured bytes, more than the %d that are possible", capLen, p.limit)
			break
		}
		end := headerLen + int(capLen)
		if len(rest) < end {
			need = end
			break
		}
		fraction, fault := p.u32(h[4:]), ClockFault(0)
		if fraction >= second {
			fault = Absurd
		}
		frames = append(frames, Frame{
			Time:    int64(p.u32(h))*1e9 + int64(fraction)*unit,
			Off:     uint32(at + headerLen),
			CapLen:  capLen,
			WireLen: max(wireLen, capLen),
			Link:    link,
			Fault:   fault,
		})
		at += end
	}
	b.Frames = frames
	return at, need, err
}
