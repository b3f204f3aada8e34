package flows

import "math/bits"

// The two kinds of copies, and how far apart, in ns, a packet and its copy may be.
const (
	sameLinkTime  = 1e6   // on one interface and VLAN, with the same TTL
	otherLinkTime = 100e6 // on others, or on both sides of a router
)

// Packets are remembered for otherLinkTime. There is room for leastRecent of them at
// first and for mostRecent at last, 2.6 million a second; both are powers of two.
const (
	leastRecent = 1 << 12
	mostRecent  = 1 << 18
	hashesPer   = 2 // hashes for each of them
)

// duplicates remembers the fingerprints of recent packets, to recognize one
// that was captured twice: on a bridge and its port, on two VLANs, on loopback.
type duplicates struct {
	recent []recentPacket // a ring; the place of a packet is in the low bits of its number
	latest []place        // by hash of the print: of the latest packet
	shift  uint8          // to that hash
	first  uint32         // number of the first packet that may still have a copy
	sorted uint32         // number of the first packet that is not in latest yet
	next   uint32         // number of the next packet
	look   uint32         // number before which to look what is to be forgotten
	least  int64          // earliest time since it was looked for the last time

	// early are packets that were forgotten before otherLinkTime was over, since
	// earlySince.
	early      uint64
	earlySince int64
}

// recentPacket is what tells a duplicate from a packet sent again.
type recentPacket struct {
	print  uint64
	time   int64
	before place // of the packet before it with the same hash
	path   path
}

// A place is where a packet is, so that most of those that are not wanted need not be
// looked at: the low bits of its number, whether one before it has the same hash,
// and a part of its print.
type place uint32

const (
	placeNumber = 2*mostRecent - 1
	placeShared = 2 * mostRecent
	placeTag    = ^place(placeNumber | placeShared)
)

// A path is a link with a TTL, and in its low bits how a packet was seen there.
type path uint32

const (
	pathOnLink    path = 1 << iota // its copy was seen, too, on the same path
	pathElsewhere                  // so it was on another one
	pathAlike                      // a host may send it again without a difference
	pathUsed                       // there is a packet
	pathSeen      = 1<<iota - 1
)

// pathOf returns the path of a segment that is the first of its kind.
func pathOf(s *Segment) path {
	p := path((s.Link*0x9e3779b1^uint32(s.TTL))*0x85ebca6b)&^pathSeen | pathUsed
	if s.sentAlike() {
		p |= pathAlike
	}
	return p
}

// sentAlike reports whether a host may send the segment again within a moment
// without a difference: an RST, with which a dead socket answers each late
// packet, and an acknowledgement without identification, of which three in a row
// say that a segment is missing (RFC 5681, 2). Nobody repeats data, SYN or FIN
// that fast.
func (s *Segment) sentAlike() bool {
	return s.Flags&RST != 0 || s.NoID && s.Len == 0 && s.Flags&(SYN|FIN) == 0
}

// seen reports whether s is a duplicate of a packet captured before, and remembers it
// if it is not. Of one that is fresh, which cannot be a duplicate, it only remembers
// it: where it is found is settled when one comes that may be.
func (d *duplicates) seen(s *Segment, fresh bool) bool {
	d.least = min(d.least, s.Time)
	if d.next == d.look {
		d.forget(s.Time)
	}
	if !fresh {
		d.sort()
		if d.isKnown(s) {
			return true
		}
	}
	x := d.at(d.next)
	x.print, x.time, x.path = s.Print, s.Time, pathOf(s)
	d.next++
	return false
}

// sort notes in latest where the packets are that came since the last time.
func (d *duplicates) sort() {
	if d.next-d.sorted > d.next-d.first {
		d.sorted = d.first // those before it were forgotten
	}
	for ; d.sorted != d.next; d.sorted++ {
		x := d.at(d.sorted)
		at := &d.latest[d.hash(x.print)]
		x.before = *at
		shared := place(0)
		if a := (d.sorted - uint32(x.before)) & placeNumber; a-1 < d.sorted-d.first {
			shared = placeShared
		}
		*at = place(d.sorted)&placeNumber | shared | place(x.print)&placeTag
	}
}

// isKnown reports whether s is a copy of one of the packets, all of which are sorted.
func (d *duplicates) isKnown(s *Segment) bool {
	tag := place(s.Print) & placeTag
	for at, age := d.latest[d.hash(s.Print)], uint32(0); ; {
		a := d.age(at)
		if a <= age || a > d.next-d.first {
			return false // it is forgotten
		}
		if at&placeTag == tag {
			if x := d.at(d.next - a); x.print == s.Print {
				return d.isCopy(x, d.next-a, s)
			}
		}
		if at&placeShared == 0 {
			return false
		}
		at, age = d.at(d.next-a).before, a
	}
}

// hash returns the hash of a print. It is secret: nobody can send packets that have
// the same one and are slow to look up.
func (d *duplicates) hash(print uint64) uint64 { return print * (hashSeeds[0] | 1) >> (d.shift & 63) }

// at returns the packet with that number.
func (d *duplicates) at(number uint32) *recentPacket {
	return &d.recent[number&uint32(len(d.recent)-1)]
}

// age returns how many packets ago the one at that place came, from 1.
func (d *duplicates) age(at place) uint32 { return (d.next - uint32(at)) & placeNumber }

// isCopy reports whether s is a copy of x, the packet with that number, which looks
// the same. What may be sent alike is a copy only where others are copied, too, and
// has one copy on the same path.
func (d *duplicates) isCopy(x *recentPacket, number uint32, s *Segment) bool {
	limit, kind, of := int64(otherLinkTime), pathElsewhere, pathOf(s)
	if (x.path^of)&^pathSeen == 0 {
		limit, kind = sameLinkTime, pathOnLink
	}
	if t := s.Time - x.time; t > limit || t < -limit {
		return false
	}
	if of&pathAlike != 0 && (kind&x.path&pathOnLink != 0 || !d.copiedBefore(number, kind)) {
		return false
	}
	x.path |= kind
	return true
}

// around is how many packets before one tell whether its path is one that has
// copies, and leastShare which share of those on that path have been copied: all are
// where the capture doubles them, and one of thousands where the network did.
const (
	around     = 128
	leastShare = 16
)

// copiedBefore reports whether packets before that one, on the same path, were copied
// in that way.
func (d *duplicates) copiedBefore(number uint32, kind path) bool {
	of, packets, copied := d.at(number).path&^pathSeen|pathUsed, 0, 0
	for range min(around, uint32(len(d.recent))-(d.next-number)) {
		number--
		p := d.at(number).path
		if p&^(pathOnLink|pathElsewhere) != of {
			continue
		}
		packets++
		if p&kind != 0 {
			copied++
		}
	}
	return copied > 0 && copied >= packets/leastShare
}

// forget forgets packets that are too old to have a copy, of one that came lately or
// comes now, and makes room for the next one. A few are kept longer, for time may go
// back; where several clocks are mixed up, the earliest decides.
func (d *duplicates) forget(now int64) {
	if d.recent == nil {
		d.grow(leastRecent)
	}
	for few := uint32(len(d.recent)) / 4; d.next-d.first > few && d.least-d.at(d.first).time > otherLinkTime; {
		d.first++
	}
	d.least = now
	if d.next-d.first == uint32(len(d.recent)) {
		d.makeRoom(now)
	}
	const often = 32
	d.look = d.next + min(often, uint32(len(d.recent))-(d.next-d.first))
}

// makeRoom makes the ring larger or, where it may not grow or the packet that came
// first is too old, forgets that one.
func (d *duplicates) makeRoom(now int64) {
	oldest := d.at(d.first).time
	if t := now - oldest; t <= otherLinkTime && t >= -otherLinkTime {
		if len(d.recent) < mostRecent {
			d.grow(2 * len(d.recent))
			return
		}
		if d.early == 0 {
			d.earlySince = oldest
		}
		d.early++
	}
	d.first++
}

// grow makes the ring as large as n, and keeps what is in it.
func (d *duplicates) grow(n int) {
	old, from := d.recent, d.next
	d.recent, d.latest = make([]recentPacket, n), make([]place, hashesPer*n)
	d.shift = uint8(64 - bits.Len(uint(hashesPer*n-1)))
	d.first = uint32(n) + 1 // so that number 0 is forgotten
	d.next = d.first
	for i := range old {
		*d.at(d.next) = old[(from+uint32(i))&uint32(len(old)-1)]
		d.next++
	}
	d.sorted = d.first
}
