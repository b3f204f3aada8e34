package bpf

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A node is a condition on a frame: a comparison, or two that are joined.
type node struct {
	kind nodeKind
	a, b *node // of both, either and not, where b is nil
	// Of a comparison: where the number is that it is about, behind an IPv4 header if that
	// is above 0, how it is loaded, and what it is compared with.
	load     uint16
	offset   uint32
	behindIP uint32 // where the IPv4 header begins, plus 1
	mask     uint32
	operator uint16
	value    uint32
}

type nodeKind uint8

const (
	nodeCompare nodeKind = iota
	nodeBoth
	nodeEither
	nodeNot
	nodeNever
)

func both(a, b *node) *node   { return &node{kind: nodeBoth, a: a, b: b} }
func either(a, b *node) *node { return &node{kind: nodeEither, a: a, b: b} }
func negate(a *node) *node    { return &node{kind: nodeNot, a: a} }

func never() *node { return &node{kind: nodeNever} }

// equal compares some bits of a number with a value.
func equal(load uint16, offset, mask, value uint32) *node {
	return &node{load: load, offset: offset, mask: mask, operator: opEqual, value: value}
}

// A layout says where things are in the frames of a link type.
type layout struct {
	typeLoad   uint16 // how the type of what is inside is loaded, 0 for frames without one
	typeAt     uint32
	typeMask   uint32
	ip         uint32 // what it is for IPv4
	ip6        []uint32
	arp        bool   // ARP and RARP have the numbers of Ethernet
	packet     uint32 // where the packet inside begins
	mayTag     bool   // a VLAN tag may stand before the type
	tagged     bool   // it does
	onlyOfType int    // 4 or 6 where all packets are of one version
}

// The numbers of Ethernet.
const (
	etherIP, etherIP6   = 0x0800, 0x86dd
	etherARP, etherRARP = 0x0806, 0x8035
)

const all = math.MaxUint32

// layouts are those of the link types that can be filtered. BSD's loopback has a number of
// the system's for IPv6, and that of a big-endian host cannot be told.
var layouts = map[pcapfile.LinkType]layout{
	pcapfile.LinkEthernet: {typeLoad: opLoadHalfAbs, typeAt: 12, typeMask: all, ip: etherIP, ip6: []uint32{etherIP6}, arp: true, packet: 14, mayTag: true},
	pcapfile.LinkSLL:      {typeLoad: opLoadHalfAbs, typeAt: 14, typeMask: all, ip: etherIP, ip6: []uint32{etherIP6}, arp: true, packet: 16},
	pcapfile.LinkSLL2:     {typeLoad: opLoadHalfAbs, typeAt: 0, typeMask: all, ip: etherIP, ip6: []uint32{etherIP6}, arp: true, packet: 20},
	pcapfile.LinkRaw:      rawLayout,
	pcapfile.LinkRawBSD:   rawLayout,
	pcapfile.LinkIPv4:     {onlyOfType: 4},
	pcapfile.LinkIPv6:     {onlyOfType: 6},
	pcapfile.LinkNull:     {typeLoad: opLoadWordAbs, typeMask: all, ip: 2 << 24, ip6: []uint32{24 << 24, 28 << 24, 30 << 24}, packet: 4},
	pcapfile.LinkLoop:     {typeLoad: opLoadWordAbs, typeMask: all, ip: 2, ip6: []uint32{24, 28, 30}, packet: 4},
}

var rawLayout = layout{typeLoad: opLoadByteAbs, typeMask: 0xf0, ip: 4 << 4, ip6: []uint32{6 << 4}}

// holds says that the frame holds a packet of a type.
func (l *layout) holds(types ...uint32) *node {
	n := equal(l.typeLoad, l.typeAt, l.typeMask, types[0])
	for _, t := range types[1:] {
		n = either(n, equal(l.typeLoad, l.typeAt, l.typeMask, t))
	}
	return n
}

// isIP and isIP6 say of what version the packet is. inside is what else is to hold then.
func (l *layout) isIP(inside *node) *node {
	switch l.onlyOfType {
	case 4:
		return inside
	case 6:
		return never()
	}
	return both(l.holds(l.ip), inside)
}

func (l *layout) isIP6(inside *node) *node {
	switch l.onlyOfType {
	case 6:
		return inside
	case 4:
		return never()
	}
	return both(l.holds(l.ip6...), inside)
}

// protocol says that the packet is of tcp, ip or ip6.
func (l *layout) protocol(name string) *node {
	const next6, behind6, next4 = 6, 40, 9
	const tcp, fragment = 6, 44
	always := negate(never())
	switch name {
	case "ip":
		return l.isIP(always)
	case "ip6":
		return l.isIP6(always)
	}
	v4 := l.isIP(equal(opLoadByteAbs, l.packet+next4, all, tcp))
	v6 := l.isIP6(either(
		equal(opLoadByteAbs, l.packet+next6, all, tcp),
		both(equal(opLoadByteAbs, l.packet+next6, all, fragment), equal(opLoadByteAbs, l.packet+behind6, all, tcp)),
	))
	return either(v4, v6)
}

// ports says that a port is in a range. Without a protocol it is one of TCP, UDP or SCTP,
// and fragments but the first one have none.
func (l *layout) ports(q qualifier, first, last uint32) *node {
	const next6, behind6, next4, fragment4 = 6, 40, 9, 6
	protocols := []uint32{132, 6, 17}
	if q.protocol == "tcp" {
		protocols = protocols[1:2]
	}
	is := func(at uint32) *node {
		n := equal(opLoadByteAbs, at, all, protocols[0])
		for _, p := range protocols[1:] {
			n = either(n, equal(opLoadByteAbs, at, all, p))
		}
		return n
	}
	inRange := func(at, behindIP uint32) *node {
		one := node{load: opLoadHalfAbs, offset: at, behindIP: behindIP, mask: all, operator: opEqual, value: first}
		if behindIP > 0 {
			one.load = opLoadHalfInd
		}
		if first == last {
			return &one
		}
		least, above := one, one
		least.operator, above.operator, above.value = opAtLeast, opGreater, last
		return both(&least, negate(&above))
	}
	v6 := both(is(l.packet+next6), directed(q, func(destination uint32) *node {
		return inRange(l.packet+behind6+2*destination, 0)
	}))
	whole := negate(&node{load: opLoadHalfAbs, offset: l.packet + fragment4, mask: all, operator: opAnyBit, value: 0x1fff})
	v4 := both(is(l.packet+next4), both(whole, directed(q, func(destination uint32) *node {
		return inRange(l.packet+2*destination, l.packet+1)
	})))
	return either(l.isIP6(v6), l.isIP(v4))
}

// directed joins what is said of the source, 0, and of the destination, 1.
func directed(q qualifier, of func(destination uint32) *node) *node {
	switch q.direction {
	case "src":
		return of(0)
	case "dst":
		return of(1)
	case "src and dst":
		return both(of(0), of(1))
	}
	return either(of(0), of(1))
}

// network says that an address is in a network. ARP tells of addresses, too.
func (l *layout) network(q qualifier, prefix netip.Prefix) *node {
	if prefix.Addr().Is6() {
		return l.isIP6(directed(q, func(destination uint32) *node {
			return inPrefix(l.packet+8+16*destination, prefix)
		}))
	}
	at := func(source, destination uint32) *node {
		return directed(q, func(d uint32) *node {
			return inPrefix(l.packet+source+d*(destination-source), prefix)
		})
	}
	n := l.isIP(at(12, 16))
	if q.protocol == "" && l.arp {
		n = either(n, both(l.holds(etherARP), at(14, 24)))
		n = either(n, both(l.holds(etherRARP), at(14, 24)))
	}
	return n
}

// inPrefix compares an address, word by word, as far as the prefix goes.
func inPrefix(at uint32, prefix netip.Prefix) *node {
	address, bits := prefix.Addr().AsSlice(), prefix.Bits()
	n := (*node)(nil)
	for ; bits > 0; address, bits, at = address[4:], bits-32, at+4 {
		word := equal(opLoadWordAbs, at, all<<(32-min(bits, 32)), binary.BigEndian.Uint32(address))
		if n == nil {
			n = word
		} else {
			n = both(n, word)
		}
	}
	if n == nil {
		return negate(never())
	}
	return n
}

// vlan says that the frame has a tag, of that number unless it is below 0. What is said
// later is of the frame inside.
func (l *layout) vlan(tag int64) *node {
	n := l.holds(0x8100, 0x88a8, 0x9100)
	if tag >= 0 {
		n = both(n, equal(opLoadHalfAbs, l.packet, 0x0fff, uint32(tag)))
	}
	l.typeAt += 4
	l.packet += 4
	l.tagged = true
	return n
}

// An assembler makes a program from its end to its beginning, so that it knows where jumps
// lead to: a place is how many instructions come from there on.
type assembler struct{ reversed []instruction }

// assemble returns the program that accepts what n does.
func assemble(n *node) []instruction {
	var a assembler
	rejects := a.add(instruction{code: opReturnK})
	accepts := a.add(instruction{code: opReturnK, k: pcapfile.MaxSnapLen})
	if begin := a.compile(n, accepts, rejects); begin != len(a.reversed) {
		a.add(instruction{code: opJump, k: uint32(len(a.reversed) - begin)})
	}
	program := make([]instruction, 0, len(a.reversed))
	for i := len(a.reversed) - 1; i >= 0; i-- {
		program = append(program, a.reversed[i])
	}
	return program
}

// add puts an instruction before the program, and returns its place.
func (a *assembler) add(in instruction) int {
	a.reversed = append(a.reversed, in)
	return len(a.reversed)
}

// compile puts the code of a condition before the program: it goes on at yes or at no. It
// returns the place where the code begins.
func (a *assembler) compile(n *node, yes, no int) int {
	switch n.kind {
	case nodeNever:
		return no
	case nodeNot:
		return a.compile(n.a, no, yes)
	case nodeBoth:
		return a.compile(n.a, a.compile(n.b, yes, no), no)
	case nodeEither:
		return a.compile(n.a, yes, a.compile(n.b, yes, no))
	}
	yes, no = a.near(yes), a.near(no)
	a.add(instruction{
		code: classJump | n.operator, k: n.value,
		jumpTrue: uint8(len(a.reversed) - yes), jumpFalse: uint8(len(a.reversed) - no),
	})
	if n.mask != all {
		a.add(instruction{code: classALU | opAnd, k: n.mask})
	}
	place := a.add(instruction{code: n.load, k: n.offset})
	if n.behindIP > 0 {
		place = a.add(instruction{code: opLoadXIPHeader, k: n.behindIP - 1})
	}
	return place
}

// near returns a place within reach of a conditional jump, even if it is called for
// another one too, that leads to the place given.
func (a *assembler) near(place int) int {
	const reach = math.MaxUint8 - 1
	if len(a.reversed)-place <= reach {
		return place
	}
	return a.add(instruction{code: opJump, k: uint32(len(a.reversed) - place)})
}
