package flows

// Where connections are evicted, most of those that are kept have ended: they
// wait for the end of their TIME_WAIT, and nothing comes for them any more. Such
// a connection takes a form of about a third of a Conn's size, and about a third
// of that again in a [compact.Vault], until a packet comes for it after all. One
// that does not fit into that form stays as it is, so that a new field of Conn
// needs nothing here to be right. Where all are kept this is not worth its time.

// packedConn is a connection that has ended. Times are kept as the distance to
// its start or end, most of which must be below four seconds, and sequence
// numbers as the distance to others: so neighbours in the Vault are more alike.
type packedConn struct {
	id, user      uint32
	stream        uint32 // above id
	hash          uint32
	addr          [2]uint32 // their numbers in addresses
	port          [2]uint16
	facts         connFacts
	waits, resets Side // whose timeWait and timeWaitEnd are kept, and whose rst

	start, long          int64 // long: end after start
	quiet                uint32
	lastActivity         uint32 // before end
	lastSYN, established uint32 // after start
	timeWait             uint32 // before end
	timeWaitEnd          int64  // after end
	rst, rstAt           uint32 // rstAt: before end
	rstNum               uint32

	halves [2]packedHalf
}

// packedHalf is one side of a packedConn.
type packedHalf struct {
	isn        uint32
	next       uint32 // above isn
	acked      uint32 // below the peer's next
	facts      halfFacts
	bytes      uint32
	finAt      uint32 // before the connection's end
	finNum     uint32 // the responder's: above the initiator's
	packets    uint16
	finAck     uint16 // below acked
	window     uint16
	scale, ttl uint8

	retransmissions, synRetransmissions, unanswered uint8
}

// encode makes the packed form of c, and reports whether that tells all of it;
// scratch is for the comparison. Both forms are filled field by field: literals
// would be copied.
func (a *addresses) encode(c *Conn, x *packedConn, scratch *Conn) bool {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	if i.facts&r.facts&dataEnded == 0 || c.facts&factAside != 0 || !i.has(sentFIN) && c.ackedUnseen(Initiator) || !r.has(sentFIN) && c.ackedUnseen(Responder) {
		return false // something may wait, or is to be told at the end: see deliverRest
	}
	x.id, x.stream, x.user, x.hash = uint32(c.ID), c.Stream-uint32(c.ID), c.User, c.hash
	x.addr[0], x.addr[1] = a.number(0, &c.ip[0]), a.number(1, &c.ip[1])
	x.port, x.facts = c.port, c.facts
	x.start, x.long, x.quiet = c.Start, c.End-c.Start, uint32(c.quiet)
	x.lastActivity = uint32(c.End - c.lastActivity)
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
	i.encode(&x.halves[0], c.End, r.next)
	r.encode(&x.halves[1], c.End, i.next)
	x.halves[1].finNum -= x.halves[0].finNum
	a.decode(x, c.self, scratch)
	if *scratch == *c {
		a.uses[x.addr[0]]++
		a.uses[x.addr[1]]++
		return true
	}
	a.release(x.addr[0], 0)
	a.release(x.addr[1], 0)
	return false
}

// encode makes the packed form of a side; end is the last packet of the
// connection.
func (h *half) encode(x *packedHalf, end int64, peerNext uint32) {
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

// decode is the inverse of encode; self is the handle.
func (a *addresses) decode(x *packedConn, self handle, c *Conn) {
	*c = Conn{}
	c.ID, c.Stream, c.User, c.hash, c.self = uint64(x.id), x.id+x.stream, x.user, x.hash, self
	c.ip[0], c.ip[1] = a.list[x.addr[0]], a.list[x.addr[1]]
	c.port, c.facts = x.port, x.facts
	c.Start, c.End, c.quiet = x.start, x.start+x.long, int64(x.quiet)
	c.lastActivity = c.End - int64(x.lastActivity)
	if x.facts&factEstablished != 0 {
		c.established = x.start + int64(x.established)
	}
	i, r := &c.halves[Initiator], &c.halves[Responder]
	i.next, r.next = x.halves[0].isn+x.halves[0].next, x.halves[1].isn+x.halves[1].next
	i.decode(&x.halves[0], c.End, r.next, 0)
	r.decode(&x.halves[1], c.End, i.next, x.halves[0].finNum)
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

// decode is the inverse of encode. It needs h.next; finNum is to be added to
// the frame number of the FIN.
func (h *half) decode(x *packedHalf, end int64, peerNext, finNum uint32) {
	h.isn, h.want, h.acked, h.facts = x.isn, h.next, peerNext-x.acked, x.facts
	h.packets, h.bytes = uint32(x.packets), uint64(x.bytes)
	h.window, h.scale, h.ttl = x.window, x.scale, x.ttl
	h.retransmissions, h.synRetransmissions = uint32(x.retransmissions), uint32(x.synRetransmissions)
	h.unanswered = uint32(x.unanswered)
	if x.facts&(sentFIN|finInferred) != 0 { // all before the FIN was handed over
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

// owns reports whether a segment belongs to the 4-tuple of x.
func (a *addresses) owns(x *packedConn, seg *Segment) bool {
	i, r := &a.list[x.addr[0]], &a.list[x.addr[1]]
	return x.port[0] == seg.SrcPort && x.port[1] == seg.DstPort && *i == seg.SrcIP && *r == seg.DstIP ||
		x.port[0] == seg.DstPort && x.port[1] == seg.SrcPort && *i == seg.DstIP && *r == seg.SrcIP
}

// addresses gives each IP address that is used a number, from 0.
type addresses struct {
	list    [][16]byte
	uses    []uint32 // how many packed connections have that address, twice if both sides do
	free    []uint32 // numbers to use again
	numbers map[[16]byte]uint32
	last    [2]uint32 // the last number of each side: neighbours often share them
}

// number returns the number of the address of a side.
func (a *addresses) number(side int, ip *[16]byte) uint32 {
	if n := a.last[side]; n < uint32(len(a.list)) && a.uses[n] > 0 && a.list[n] == *ip {
		return n
	}
	n, ok := a.numbers[*ip]
	if !ok {
		if a.numbers == nil {
			a.numbers = map[[16]byte]uint32{}
		}
		if k := len(a.free); k > 0 {
			n, a.free = a.free[k-1], a.free[:k-1]
			a.list[n] = *ip
		} else {
			n = uint32(len(a.list))
			a.list, a.uses = append(a.list, *ip), append(a.uses, 0)
		}
		a.numbers[*ip] = n
	}
	a.last[side] = n
	return n
}

// release takes back uses of a number, and forgets its address if none is left.
func (a *addresses) release(n uint32, uses uint32) {
	ip, known := a.list[n], false
	if a.uses[n] -= uses; a.uses[n] > 0 {
		return
	}
	if _, known = a.numbers[ip]; known {
		delete(a.numbers, ip)
		a.free = append(a.free, n)
	}
}
