package flows

// A flood of SYNs leaves connections of which nothing else is seen for as long as a SYN
// is remembered. With Options.Evict each takes a form of its own, of a sixth of a Conn's
// size and about a quarter of that again in a [compact.Vault], until another packet comes
// for it. As with the packed form of those that have ended, one that does not fit stays
// as it is.

// packedSYN is a connection of which only SYNs of its initiator were seen.
type packedSYN struct {
	id, user, hash uint32
	stream         uint32 // above id
	ip             [2][16]byte
	port           [2]uint16
	isn            uint32
	start, long    int64 // long: last SYN after start
	packets        uint32
	window         uint16
	scale, ttl     uint8
}

const (
	// synPackAfter is how long a SYN is left as it is, in ns: nearly all answers come
	// before that.
	synPackAfter = 1e9
	// unpackedSYNs is how many are left so at most.
	unpackedSYNs = 1 << 15
)

// encode makes the packed form of c, and reports whether that tells all of it.
func (x *packedSYN) encode(c, scratch *Conn) bool {
	i := &c.halves[Initiator]
	if c.facts != 0 || i.facts != seqKnown|sentSYN || c.halves[Responder].packets != 0 {
		return false
	}
	x.id, x.user, x.hash, x.stream = uint32(c.ID), c.User, c.hash, c.Stream-uint32(c.ID)
	x.ip, x.port, x.isn = c.ip, c.port, i.isn
	x.start, x.long, x.packets = c.Start, c.lastSYN-c.Start, i.packets
	x.window, x.scale, x.ttl = i.window, i.scale, i.ttl
	x.decode(c.self, scratch)
	return *scratch == *c
}

// decode is the inverse of encode; self is the handle.
func (x *packedSYN) decode(self handle, c *Conn) {
	*c = Conn{}
	c.ID, c.Stream, c.User, c.hash, c.self = uint64(x.id), x.id+x.stream, x.user, x.hash, self
	c.ip, c.port = x.ip, x.port
	c.Start, c.End = x.start, x.start+x.long
	c.lastActivity, c.lastSYN = c.End, c.End
	i := &c.halves[Initiator]
	i.facts, i.isn, i.next, i.want = seqKnown|sentSYN, x.isn, x.isn+1, x.isn+1
	i.packets, i.synRetransmissions, i.retransmissions, i.unanswered = x.packets, x.packets-1, x.packets-1, x.packets-1
	i.window, i.scale, i.ttl = x.window, x.scale, x.ttl
}

// owns reports whether a segment belongs to the 4-tuple of x.
func (x *packedSYN) owns(seg *Segment) bool {
	return x.port[0] == seg.SrcPort && x.port[1] == seg.DstPort && x.ip[0] == seg.SrcIP && x.ip[1] == seg.DstIP ||
		x.port[0] == seg.DstPort && x.port[1] == seg.SrcPort && x.ip[0] == seg.DstIP && x.ip[1] == seg.SrcIP
}

// packSYN packs h if only SYNs were seen of it.
func (s *store) packSYN(h handle) {
	x := s.slots[h]
	if x == 0 || x.packed() {
		return
	}
	var p packedSYN
	if p.encode(s.conns.At(x.index()), &s.scratch) {
		s.conns.Give(x.index())
		s.slots[h] = slot(s.syns.Put(&p)) | packedBit | synBit
	}
}

// packSYNs packs the connections that nobody has answered for a while.
func (e *Engine) packSYNs(now int64) {
	q := &e.evictions.syns
	for x := q.First(); x != nil && (x.at+synPackAfter <= now || q.Len() > unpackedSYNs); x = q.First() {
		if e.last == nil || e.last.self != x.conn { // it is in use
			e.store.packSYN(x.conn)
		}
		q.Pop()
	}
}
