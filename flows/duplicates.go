package flows

const (
	// sameLinkTime and otherLinkTime are how far apart, in ns, two captured
	// copies of one packet may be: seen on the same interface and VLAN, or on
	// others or on both sides of a router.
	sameLinkTime  = 1e6
	otherLinkTime = 100e6

	// recentPackets is how many fingerprints are remembered; a power of two.
	recentPackets = 1 << 13
)

// duplicates remembers the fingerprints of recent packets, to recognize one
// that was captured twice: on a bridge and its port, on two VLANs, on loopback.
type duplicates struct {
	recent []recentPacket // by the low bits of the fingerprint
	// linkDuplicates is set once a packet that no host sends twice alike was
	// captured twice on one interface.
	linkDuplicates bool
}

// recentPacket is what tells a duplicate from a packet sent again.
type recentPacket struct {
	print uint64
	time  int64
	link  uint32
	ttl   uint8
}

// seen reports whether s is a duplicate of a packet captured before, and
// remembers it if it is not. A dead socket answers each late packet with the
// same RST: on one interface those are duplicates only if other packets are
// duplicated there.
func (d *duplicates) seen(s *Segment) bool {
	if d.recent == nil {
		d.recent = make([]recentPacket, recentPackets)
	}
	x := &d.recent[s.Print&(recentPackets-1)]
	if x.print == s.Print {
		limit := int64(otherLinkTime)
		if x.link == s.Link && x.ttl == s.TTL {
			limit = sameLinkTime
		}
		if t := s.Time - x.time; t <= limit && t >= -limit && (x.link != s.Link || d.linkDuplicates || s.Flags&RST == 0) {
			d.linkDuplicates = d.linkDuplicates || x.link == s.Link
			return true
		}
	}
	*x = recentPacket{s.Print, s.Time, s.Link, s.TTL}
	return false
}
