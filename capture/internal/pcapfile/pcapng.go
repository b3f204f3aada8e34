package pcapfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// The pcapng format (draft-ietf-opsawg-pcapng, section 4). Sizes are those of
// a block's fixed part, with the type and the first length.
const (
	formatPcapng = "pcapng"

	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockPacket     = 2 // obsolete
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6
	blockSecrets    = 10

	// Wireshark gives these a frame number, although they are no packets.
	blockJournal      = 9
	blockSysdig       = 0x204
	blockSysdig2      = 0x216
	blockSysdig2Large = 0x221
	blockCustom       = 0xbad
	blockCustomNoCopy = 0x40000bad

	sectionLen    = 24
	interfaceLen  = 16
	packetLen     = 28 // both the enhanced and the obsolete one
	simpleLen     = 12
	statisticsLen = 20
	secretsLen    = 16
	trailerLen    = 4

	byteOrderMagic = 0x1a2b3c4d
	secretsTLS     = 0x544c534b // "TLSK", a key log

	optionName         = 2 // if_name
	optionResolution   = 9
	optionOffset       = 14
	optionPacketDrops  = 4 // epb_dropcount
	optionStart        = 2 // isb_starttime
	optionIfaceDrops   = 5 // isb_ifdrop
	optionKernelDrops  = 7 // isb_osdrop
	unknownPacketDrops = 0xffff
)

// maxInterfaces bounds what one section may declare.
const maxInterfaces = 1 << 16

// A pcapngFile walks a pcapng file.
type pcapngFile struct {
	source  int
	swap    bool // the section is big endian
	section int  // from 1; 0 before the first
	ifaces  []iface
	last    int64 // time of the packet before, for those that have none
}

// An iface is what a section says of an interface.
type iface struct {
	link    LinkType
	snapLen uint32 // 0 is no limit
	name    string
	clock   clock
}

// isPcapng reports whether a file that begins with head is a pcapng file.
func isPcapng(head []byte) bool {
	return len(head) >= 4 && binary.LittleEndian.Uint32(head) == blockSection
}

// Name implements [Format].
func (p *pcapngFile) Name() string { return formatPcapng }

// Warning implements [Format].
func (p *pcapngFile) Warning() string { return "" }

// HeaderLen implements [Format].
func (p *pcapngFile) HeaderLen() int64 { return 0 }

// LinkTypes implements [Format]: interfaces are declared by records.
func (p *pcapngFile) LinkTypes() []LinkType { return nil }

// u32 reads a number in the section's byte order.
func (p *pcapngFile) u32(b []byte) uint32 {
	x := binary.LittleEndian.Uint32(b)
	if p.swap {
		x = bits.ReverseBytes32(x)
	}
	return x
}

// u16 reads a 16-bit number in the section's byte order.
func (p *pcapngFile) u16(b []byte) uint16 {
	x := binary.LittleEndian.Uint16(b)
	if p.swap {
		x = bits.ReverseBytes16(x)
	}
	return x
}

// u64 reads a 64-bit number in the section's byte order.
func (p *pcapngFile) u64(b []byte) uint64 {
	x := binary.LittleEndian.Uint64(b)
	if p.swap {
		x = bits.ReverseBytes64(x)
	}
	return x
}

// timestamp reads a time: two words, the upper one first in either byte order.
func (p *pcapngFile) timestamp(b []byte) uint64 {
	return uint64(p.u32(b))<<32 | uint64(p.u32(b[4:]))
}

// Walk implements [Format].
func (p *pcapngFile) Walk(b *Records, at int) (next, need int, err error) {
	for {
		rest := b.Buf[at:]
		if len(rest) < 12 {
			return at, 12, nil
		}
		kind := p.u32(rest)
		if kind == blockSection {
			if err := p.byteOrder(rest); err != nil {
				return at, 0, err
			}
		}
		size := p.u32(rest[4:])
		switch {
		case size < 12 || size%4 != 0:
			return at, 0, fmt.Errorf("a block of %d bytes, which is not possible", size)
		case size > MaxRecord:
			return at, 0, fmt.Errorf("a block of %d bytes, more than the %d that are read", size, MaxRecord)
		case len(rest) < int(size):
			return at, int(size), nil
		}
		body := rest[: size-trailerLen : size-trailerLen]
		if trailer := p.u32(rest[size-trailerLen : size]); trailer != size {
			return at, 0, fmt.Errorf("a block of %d bytes whose end says %d", size, trailer)
		}
		if kind == blockEnhanced {
			err = p.enhanced(b, at, body)
		} else {
			err = p.other(kind, b, at, body)
		}
		if err != nil {
			return at, 0, err
		}
		at += int(size)
	}
}

// errShort is the damage of a block without room for what its kind has.
var errShort = errors.New("a block that is shorter than its kind")

// byteOrder learns the byte order of the section that begins with h (4.1).
func (p *pcapngFile) byteOrder(h []byte) error {
	switch binary.LittleEndian.Uint32(h[8:]) {
	case byteOrderMagic:
		p.swap = false
	case bits.ReverseBytes32(byteOrderMagic):
		p.swap = true
	default:
		return fmt.Errorf("a section with byte-order magic %#x", h[8:12])
	}
	return nil
}

// other reads a block that is not the usual packet.
func (p *pcapngFile) other(kind uint32, b *Records, at int, body []byte) error {
	if p.section == 0 && kind != blockSection {
		return errors.New("a block before any section")
	}
	switch kind {
	case blockSection:
		return p.beginSection(body)
	case blockInterface:
		return p.declare(b, body)
	case blockPacket:
		return p.obsolete(b, at, body)
	case blockSimple:
		return p.simple(b, at, body)
	case blockStatistics:
		return p.statistics(b, body)
	case blockSecrets:
		return p.secrets(b, body)
	case blockJournal, blockSysdig, blockSysdig2, blockSysdig2Large, blockCustom, blockCustomNoCopy:
		b.Frames = append(b.Frames, Frame{Time: p.last, Off: uint32(at), Kind: NoPacket})
	}
	return nil // name resolution and unknown blocks
}

// beginSection reads a section header: interfaces are numbered anew (4.1).
func (p *pcapngFile) beginSection(body []byte) error {
	if len(body) < sectionLen {
		return errShort
	}
	if major := p.u16(body[12:]); major != 1 {
		return fmt.Errorf("pcapng version %d.%d is not known", major, p.u16(body[14:]))
	}
	p.section++
	p.ifaces = p.ifaces[:0]
	return nil
}

// declare reads an interface description (4.2).
func (p *pcapngFile) declare(b *Records, body []byte) error {
	if len(body) < interfaceLen {
		return errShort
	}
	if len(p.ifaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces in a section", maxInterfaces)
	}
	f := iface{link: LinkType(p.u16(body[8:])), snapLen: p.u32(body[12:])}
	options := body[interfaceLen:]
	if name := p.option(options, optionName); len(name) <= 256 {
		f.name = string(name)
	}
	resolution := byte(6)
	if r := p.option(options, optionResolution); len(r) >= 1 {
		resolution = r[0]
	}
	f.clock = newClock(resolution)
	if o := p.option(options, optionOffset); len(o) >= 8 {
		f.clock.offset = int64(p.u64(o)) * 1e9
	}
	p.ifaces = append(p.ifaces, f)
	b.Side.AddLink(f.link)
	return nil
}

// option returns the value of the first option with that code (3.5), or nil.
func (p *pcapngFile) option(options []byte, code uint16) []byte {
	for len(options) >= 4 {
		c, size := p.u16(options), int(p.u16(options[2:]))
		if c == 0 || size > len(options)-4 {
			break
		}
		if c == code {
			return options[4 : 4+size]
		}
		options = options[min(4+(size+3)&^3, len(options)):]
	}
	return nil
}

// enhanced reads an enhanced packet block (4.3).
func (p *pcapngFile) enhanced(b *Records, at int, body []byte) error {
	if len(body) < packetLen {
		return errShort
	}
	capLen, err := p.packet(b, at, body, p.u32(body[8:]))
	if err != nil {
		return err
	}
	if end := packetLen + int(capLen+3)&^3; end+4 <= len(body) {
		if d := p.option(body[end:], optionPacketDrops); len(d) >= 8 {
			if n := p.u64(d); n <= maxDrops {
				b.Side.AddDrops(Drops{Source: p.source, Packets: n})
			}
		}
	}
	return nil
}

// obsolete reads a packet block, which pcapng had before the enhanced one
// (appendix A).
func (p *pcapngFile) obsolete(b *Records, at int, body []byte) error {
	if len(body) < packetLen {
		return errShort
	}
	if _, err := p.packet(b, at, body, uint32(p.u16(body[8:]))); err != nil {
		return err
	}
	if drops := p.u16(body[10:]); drops != unknownPacketDrops {
		b.Side.AddDrops(Drops{Source: p.source, Packets: uint64(drops)})
	}
	return nil
}

// packet appends the frame of interface id. From the time on, both packet
// blocks have the same layout.
func (p *pcapngFile) packet(b *Records, at int, body []byte, id uint32) (capLen uint32, err error) {
	if uint64(id) >= uint64(len(p.ifaces)) {
		return 0, errNoInterface(id)
	}
	f, capLen := &p.ifaces[id], p.u32(body[20:])
	if uint64(capLen) > uint64(len(body)-packetLen) {
		return 0, fmt.Errorf("a packet of %d captured bytes, more than its block has", capLen)
	}
	p.last = f.clock.nanoseconds(p.timestamp(body[12:]))
	b.Frames = append(b.Frames, Frame{
		Time:    p.last,
		Off:     uint32(at + packetLen),
		CapLen:  capLen,
		WireLen: max(p.u32(body[24:]), capLen),
		Link:    f.link,
		Iface:   id,
	})
	return capLen, nil
}

// errNoInterface is the damage of a block whose interface is not known.
func errNoInterface(id uint32) error {
	return fmt.Errorf("interface %d, which is not declared", id)
}

// simple reads a simple packet block (4.4): it is of the first interface, has
// no time, and says only how long the packet was before the snap length.
func (p *pcapngFile) simple(b *Records, at int, body []byte) error {
	if len(body) < simpleLen {
		return errShort
	}
	if len(p.ifaces) == 0 {
		return errNoInterface(0)
	}
	f, wireLen := &p.ifaces[0], p.u32(body[8:])
	capLen := min(wireLen, uint32(len(body)-simpleLen))
	if f.snapLen != 0 {
		capLen = min(capLen, f.snapLen)
	}
	b.Frames = append(b.Frames, Frame{
		Time:    p.last,
		Off:     uint32(at + simpleLen),
		CapLen:  capLen,
		WireLen: wireLen,
		Link:    f.link,
		Kind:    UntimedPacket,
	})
	return nil
}

// statistics reads what an interface statistics block says of drops (4.6).
// Its counts are totals since the capture began.
func (p *pcapngFile) statistics(b *Records, body []byte) error {
	if len(body) < statisticsLen {
		return errShort
	}
	id := p.u32(body[8:])
	if uint64(id) >= uint64(len(p.ifaces)) {
		return errNoInterface(id)
	}
	d := Drops{Source: p.source, Section: p.section, Iface: int(id), Total: true}
	options, known := body[statisticsLen:], false
	for _, code := range [...]uint16{optionIfaceDrops, optionKernelDrops} {
		if v := p.option(options, code); len(v) >= 8 && p.u64(v) <= maxDrops {
			d.Packets += p.u64(v)
			known = true
		}
	}
	if !known {
		return nil
	}
	// Rotated files repeat the totals of the one capture: its start and the
	// interface's name say that they are the same.
	if v := p.option(options, optionStart); len(v) >= 8 && p.ifaces[id].name != "" {
		d.Start, d.Name = p.timestamp(v), p.ifaces[id].name
	}
	b.Side.AddDrops(d)
	return nil
}

// secrets keeps a TLS key log (4.7).
func (p *pcapngFile) secrets(b *Records, body []byte) error {
	if len(body) < secretsLen {
		return errShort
	}
	size := p.u32(body[12:])
	if uint64(size) > uint64(len(body)-secretsLen) {
		return errors.New("secrets that are longer than their block")
	}
	if p.u32(body[8:]) == secretsTLS {
		b.Side.AddSecret(body[secretsLen : secretsLen+int(size)])
	}
	return nil
}
