package flows

const (
	// sameLinkCopy and otherLinkCopy are how far apart two captured copies of
	// one packet may be, seen on the same interface and VLAN, or on others or
	// on both sides of a router.
	sameLinkCopy  = 1e6
	otherLinkCopy = 100e6

	copySlots = 1 << 13
)

// copies remembers the fingerprints of recent packets, to know one that was
// captured twice: on a bridge and its port, on two VLANs, on loopback.
type copies struct {
	slots []copySlot
	same  bool // packets that cannot look alike were captured twice on one interface
}

type copySlot struct {
	print uint64
	time  int64
	link  uint32
	ttl   uint8
}

// seen reports whether s is a copy of a packet captured before, and remembers
// it if it is not. A dead socket answers each late packet with the same RST:
// on one interface those are copies only if other packets are copied there.
func (c *copies) seen(s *Segment) bool {
	if c.slots == nil {
		c.slots = make([]copySlot, copySlots)
	}
	x := &c.slots[s.Print&(copySlots-1)]
	if x.print == s.Print {
		limit := int64(otherLinkCopy)
		if x.link == s.Link && x.ttl == s.TTL {
			limit = sameLinkCopy
		}
		if d := s.Time - x.time; d <= limit && d >= -limit && (x.link != s.Link || c.same || s.Flags&RST == 0) {
			c.same = c.same || x.link == s.Link
			return true
		}
	}
	*x = copySlot{s.Print, s.Time, s.Link, s.TTL}
	return false
}
