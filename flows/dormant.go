package flows

// Where connections are evicted, most of those that are kept are over: they
// wait for the end of their TIME_WAIT, and nothing comes for them any more. Such
// a connection takes a form of about a third of a Conn's size, which takes about
// a third again in a [compact.Vault], until a packet comes for it after all. One that
// does not fit into that form stays as it is, so that a new field of Conn needs
// nothing here to be right. Where all are kept this is not worth its time.

// dormant is a connection that is over. Times are kept as the distance to its
// start or end, most of which must be below four seconds, and sequence numbers
// as that to others: so neighbours are more alike.
type dormant struct {
	id, user      uint32
	stream        uint32 // above id
	hash          uint32
	addr          [2]uint32 // numbers of the addresses
	port          [2]uint16
	facts         connFacts
	waits, resets Side // whose are timeWait and timeWaitEnd, and rst

	start, long          int64 // long: end after start
	quiet                uint32
	lastReal             uint32 // before end
	lastSYN, established uint32 // after start
	timeWait             uint32 // before end
	timeWaitEnd          int64  // after end
	rst, rstAt           uint32 // rstAt: before end
	rstNum               uint32

	halves [2]dormantHalf
}

// dormantHalf is one side of it.
type dormantHalf struct {
	isn        uint32
	next       uint32 // above isn
	acked      uint32 // below the peer's next
	facts      halfFacts
	bytes      uint32
	finAt      uint32 // before the connection's end
	finNum     uint32 // of the responder: above that of the initiator
	packets    uint16
	finAck     uint16 // below acked
	window     uint16
	scale, ttl uint8

	retransmissions, synRetransmissions, unanswered uint8
}

// pack makes the dormant form of c, and reports whether that tells all of it.
// Both forms are filled field by field: literals would be copied.
func (s *slabs) pack(c *Conn, x *dormant) bool {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	if i.facts&r.facts&dataEnded == 0 || !i.has(sentFIN) && c.ackedUnseen(Initiator) || !r.has(sentFIN) && c.ackedUnseen(Responder) {
		return false // something may wait, or is to be told at the end: see complete
	}
	x.id, x.stream, x.user, x.hash = uint32(c.ID), c.Stream-uint32(c.ID), c.User, c.hash
	x.addr[0], x.addr[1] = s.addrs.number(0, &c.ip[0]), s.addrs.number(1, &c.ip[1])
	x.port, x.facts = c.port, c.facts
	x.start, x.long, x.quiet = c.Start, c.End-c.Start, uint32(c.quiet)
	x.lastReal = uint32(c.End - c.lastReal)
	x.lastSYN = uint32(c.lastSYN - c.Start)
	if c.facts&factEstablished != 0 {
		x.established = uint32(c.established - c.Start)
	}
	x.waits, x.resets = Initiator, Initiator
	if r.timeWait != 0 {
		x.waits = Responder
	}
	if r.rstNum != 0 {
		x.resets = Responder
	}
	w, h := &c.halves[x.waits], &c.halves[x.resets]
	if w.has(inTimeWait) {
		x.timeWait = uint32(c.End - w.timeWait)
	}
	if w.has(timeWaitOver) {
		x.timeWaitEnd = w.timeWaitEnd - c.End
	}
	if h.rstNum != 0 {
		x.rst, x.rstAt, x.rstNum = h.rst, uint32(c.End-h.rstAt), uint32(h.rstNum)
	}
	i.pack(&x.halves[0], c.End, r.next)
	r.pack(&x.halves[1], c.End, i.next)
	x.halves[1].finNum -= x.halves[0].finNum
	s.unpack(x, c.self, &s.scratch)
	return s.scratch == *c
}

func (h *half) pack(x *dormantHalf, end int64, peerNext uint32) {
	x.isn, x.next, x.acked, x.facts = h.isn, h.next-h.isn, peerNext-h.acked, h.facts
	x.packets, x.bytes = uint16(h.packets), uint32(h.bytes)
	if h.has(sentFIN) {
		x.finAt, x.finNum = uint32(end-h.finAt), uint32(h.finNum)
	}
	if h.has(finHasACK) {
		x.finAck = uint16(h.acked - h.finAck)
	}
	x.window, x.scale, x.ttl = h.window, h.scale, h.ttl
	x.retransmissions, x.synRetransmissions = uint8(h.retransmissions), uint8(h.synRetransmissions)
	x.unanswered = uint8(h.unanswered)
}

// unpack is the inverse of pack; self is the handle.
func (s *slabs) unpack(x *dormant, self handle, c *Conn) {
	*c = Conn{}
	c.ID, c.Stream, c.User, c.hash, c.self = uint64(x.id), x.id+x.stream, x.user, x.hash, self
	c.ip[0], c.ip[1] = s.addrs.list[x.addr[0]], s.addrs.list[x.addr[1]]
	c.port, c.facts = x.port, x.facts
	c.Start, c.End, c.quiet = x.start, x.start+x.long, int64(x.quiet)
	c.lastReal = c.End - int64(x.lastReal)
	if x.facts&factEstablished != 0 {
		c.established = x.start + int64(x.established)
	}
	i, r := &c.halves[Initiator], &c.halves[Responder]
	i.next, r.next = x.halves[0].isn+x.halves[0].next, x.halves[1].isn+x.halves[1].next
	i.unpack(&x.halves[0], c.End, r.next, 0)
	r.unpack(&x.halves[1], c.End, i.next, x.halves[0].finNum)
	if x.halves[Initiator].facts&sentSYN != 0 {
		c.lastSYN = x.start + int64(x.lastSYN)
	}
	if w := &c.halves[x.waits]; w.has(inTimeWait) {
		w.timeWait = c.End - int64(x.timeWait)
		w.timeWaitFrom = w.timeWait
		if w.has(timeWaitOver) {
			w.timeWaitEnd = c.End + x.timeWaitEnd
		}
	}
	if x.rstNum != 0 {
		h := &c.halves[x.resets]
		h.rst, h.rstAt, h.rstNum = x.rst, c.End-int64(x.rstAt), uint64(x.rstNum)
	}
}

// unpack needs h.next, and what the number of the FIN is above.
func (h *half) unpack(x *dormantHalf, end int64, peerNext, finNum uint32) {
	h.isn, h.want, h.acked, h.facts = x.isn, h.next, peerNext-x.acked, x.facts
	h.packets, h.bytes = uint32(x.packets), uint64(x.bytes)
	h.window, h.scale, h.ttl = x.window, x.scale, x.ttl
	h.retransmissions, h.synRetransmissions = uint32(x.retransmissions), uint32(x.synRetransmissions)
	h.unanswered = uint32(x.unanswered)
	if x.facts&(sentFIN|finInferred) != 0 { // all before it was handed over
		h.fin = h.next - 1
		h.want = h.fin
	}
	if x.facts&sentFIN != 0 {
		h.finAt, h.finNum = end-int64(x.finAt), uint64(x.finNum+finNum)
	}
	if x.facts&finHasACK != 0 {
		h.finAck = h.acked - uint32(x.finAck)
	}
}

// ownsDormant reports whether a segment belongs to the 4-tuple of x.
func (s *slabs) ownsDormant(x *dormant, seg *Segment) bool {
	a, b := &s.addrs.list[x.addr[0]], &s.addrs.list[x.addr[1]]
	return x.port[0] == seg.SrcPort && x.port[1] == seg.DstPort && *a == seg.SrcIP && *b == seg.DstIP ||
		x.port[0] == seg.DstPort && x.port[1] == seg.SrcPort && *a == seg.DstIP && *b == seg.SrcIP
}

// addresses gives each address a number.
type addresses struct {
	list    [][16]byte
	numbers map[[16]byte]uint32
	last    [2]uint32 // of each side: neighbours often share them
}

func (a *addresses) number(side int, ip *[16]byte) uint32 {
	if n := a.last[side]; n < uint32(len(a.list)) && a.list[n] == *ip {
		return n
	}
	n, ok := a.numbers[*ip]
	if !ok {
		if a.numbers == nil {
			a.numbers = map[[16]byte]uint32{}
		}
		n = uint32(len(a.list))
		a.list = append(a.list, *ip)
		a.numbers[*ip] = n
	}
	a.last[side] = n
	return n
}

// cooling is how many connections that are over are kept as they are, because
// some more packets are likely to come.
const cooling = 256

// cool queues a connection that is over to become dormant.
func (e *Engine) cool(c *Conn) {
	if !e.opt.Evict || c.facts&factCooling != 0 {
		return
	}
	c.facts |= factCooling
	at := &e.cooling[e.cooled%cooling]
	e.cooled++
	if *at != c.self && (e.last == nil || *at != e.last.self) { // these are in use
		e.slabs.sleep(*at)
	}
	*at = c.self
}

// conn returns a connection for a segment that is under way.
func (e *Engine) conn(h handle) *Conn {
	if !e.slabs.sleeps(h) {
		return e.slabs.at(h)
	}
	c := e.slabs.at(h)
	e.cool(c)
	return c
}
