package flows

// Payload on its way to the consumer: each byte once and in order. A byte that is
// missing is waited for until the peer acknowledges it, since the capture may
// still bring it, or until what is held behind it takes too much memory.

// reorderTime is how long after a hole a segment that fills it counts as
// reordered rather than sent again, in ns, where the round trip is not known
// (as in Wireshark's analysis of TCP). Where it is shorter than lateTime, a
// segment that the peer did not ask for is still only out of order: a sender
// repeats nothing so soon unless it is asked to (RFC 6298, RFC 8985).
const reorderTime = 3e6

// sequence takes the sequence numbers that a segment of side d occupies: it
// tells retransmissions from the rest, and hands new payload over in order.
func (e *Engine) sequence(c *Conn, d Side, s *Segment) {
	n := s.SeqLen()
	if n == 0 {
		return
	}
	h := &c.halves[d]
	end := s.Seq + n
	if before(s.Seq, h.next) {
		e.countRepeat(c, d, s)
	}
	if s.Flags&FIN != 0 {
		c.noteFIN(d, s)
	}
	if after(end, h.next) {
		if after(s.Seq, h.next) {
			h.holeSince = s.Time
			h.facts &^= holeAsked
		}
		h.next = end
	}
	switch {
	case s.Len > 0:
		h.facts |= sentData
		if peer := &c.halves[d.Peer()]; peer.has(sentFIN) && !before(s.Seq, h.want) {
			h.noteSentAfterFIN(peer, s)
		}
		e.deliver(c, d, s)
	case h.queue != 0:
	case h.has(sentFIN) && h.want == h.fin:
		e.endData(c, d, s.Time, s.Num)
	}
	if h.has(sentFIN) && h.queue == 0 && before(h.want, h.fin) && c.received(d, h.fin) {
		e.gap(c, d, h.fin)
		e.endData(c, d, s.Time, s.Num)
	}
}

// countRepeat counts a segment below next as a retransmission, unless it is a
// window probe or only out of order.
func (e *Engine) countRepeat(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch {
	case s.Len == 1 && s.Flags&(SYN|FIN) == 0 && peer.window == 0 && peer.has(ackKnown):
		return // a window probe with a byte (RFC 9293, 3.8.6.1)
	case s.Flags&FIN != 0 && h.has(finInferred) && s.Seq+s.Len == h.fin:
		return // the FIN whose acknowledgement came before it
	case afterEq(s.Seq, h.want) && (h.queue != 0 || after(h.next, h.want)) && s.Len > 0 && e.reordered(c, h, s):
		return
	}
	h.retransmissions++
	h.unanswered++
}

// reordered reports whether s, which lies in a hole of side h, was sent before
// what came beyond the hole. Timestamps, which do not decrease, tell it
// (RFC 7323, 3); without them it was if it comes sooner than a retransmission
// could.
func (e *Engine) reordered(c *Conn, h *half, s *Segment) bool {
	since := h.holeSince
	if h.queue != 0 {
		if beyond := e.held.queues.At(h.queue).above(s.Seq); len(beyond) > 0 {
			since = beyond[0].time
			for _, x := range [...]*heldSegment{&beyond[0], &beyond[len(beyond)-1]} {
				if s.HasTS && x.hasTS && s.TSVal != x.ts {
					return before(s.TSVal, x.ts)
				}
			}
		}
	}
	limit := int64(reorderTime)
	if rtt, ok := c.RTT(); ok {
		limit = max(rtt, 1)
	}
	if !h.has(holeAsked) {
		limit = max(limit, lateTime)
	}
	return s.Time-since < limit
}

// deliver hands over what a segment with payload adds in sequence, and holds
// what lies beyond a hole.
func (e *Engine) deliver(c *Conn, d Side, s *Segment) {
	h := &c.halves[d]
	if h.has(dataEnded) {
		if h.has(sentFIN) && h.finNum != s.Num {
			return
		}
		h.facts &^= dataEnded // sent after an RST
		c.goOn()
	}
	seq := s.Seq
	if s.Flags&SYN != 0 {
		seq++
	}
	if after(seq, h.want) {
		if !c.received(d, seq) && e.held.insert(h, seq, s, e.opt.MaxHeld, e.opt.MaxHeldConn) {
			return
		}
		e.flush(c, d)
		e.gap(c, d, seq)
	}
	e.pass(c, d, seq, s.Payload, s.Len, s.Time, s.Num, &s.Note)
	if h.queue != 0 {
		e.passReady(c, d)
	}
	if h.has(sentFIN) && h.want == h.fin {
		e.endData(c, d, s.Time, s.Num)
	}
}

// acknowledged ends the wait for holes of side d that the peer has
// acknowledged: it has those bytes, so the capture has missed them.
func (e *Engine) acknowledged(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 {
		x := e.held.queues.At(h.queue).first()
		if after(x.seq, h.want) {
			if !c.received(d, x.seq) {
				return
			}
			e.gap(c, d, x.seq)
		}
		e.passHeld(c, d)
	}
	if h.has(sentFIN) && h.want == h.fin {
		e.endData(c, d, h.finAt, h.finNum)
	}
}

// deliverRest hands over all that is held of c, gaps first, and says that a side
// has ended whose FIN was captured. A connection that is open stays open. It is
// as of the last packet of c: when it is called depends on whether connections
// are evicted.
func (e *Engine) deliverRest(c *Conn) {
	if c.facts&factAside != 0 {
		e.endAside(c)
	}
	at := e.at
	e.at = c.End
	for side := range Side(2) {
		e.flush(c, side)
		if h := &c.halves[side]; h.has(sentFIN) {
			e.gap(c, side, h.fin)
			e.endData(c, side, h.finAt, h.finNum)
		} else if c.ackedUnseen(side) {
			e.gap(c, side, c.halves[side.Peer()].acked)
		}
	}
	e.at = at
}

// flush hands over all that side d holds, with its holes as gaps.
func (e *Engine) flush(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 {
		e.gap(c, d, e.held.queues.At(h.queue).first().seq)
		e.passHeld(c, d)
	}
}

// passReady hands over what side d holds up to its next hole.
func (e *Engine) passReady(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 && !after(e.held.queues.At(h.queue).first().seq, h.want) {
		e.passHeld(c, d)
	}
}

// passHeld hands over the first segment that side d holds, or drops it if the
// consumer was told that the side has ended.
func (e *Engine) passHeld(c *Conn, d Side) {
	h := &c.halves[d]
	x := e.held.takeFirst(h)
	if !h.has(dataEnded) {
		e.pass(c, d, x.seq, x.payload, x.n, x.time, x.num, &x.note)
	}
	e.held.release(x.payload)
}

// pass hands the part of a payload that is new and in sequence to the consumer.
// n is its length on the wire.
func (e *Engine) pass(c *Conn, d Side, seq uint32, payload []byte, n uint32, t int64, num uint64, note *Note) {
	h := &c.halves[d]
	if afterEq(h.want, seq+n) {
		return // nothing new
	}
	x := &e.data
	x.Payload, x.Cut = payload, n-uint32(len(payload))
	x.Time, x.Num, x.Now, x.Seq = t, num, max(t, e.at), seq
	if skip := h.want - seq; skip > 0 {
		x.Seq = h.want
		x.Note = Note{}
		if int(skip) <= len(payload) {
			x.Payload = payload[skip:]
		} else {
			x.Cut -= skip - uint32(len(payload))
			x.Payload = nil
		}
	} else {
		x.Note = *note
	}
	h.want = seq + n
	e.consumer.Data(c, d, x)
}

// gap tells the consumer that the bytes of side d up to seq are missing, if
// there are any.
func (e *Engine) gap(c *Conn, d Side, seq uint32) {
	h := &c.halves[d]
	if n := seq - h.want; after(seq, h.want) {
		h.missing += uint64(n)
		h.want = seq
		e.consumer.Gap(c, d, uint64(n))
	}
}

// endData tells the consumer, once, that side d sends nothing more.
func (e *Engine) endData(c *Conn, d Side, at int64, num uint64) {
	h := &c.halves[d]
	if !h.has(dataEnded) {
		h.facts |= dataEnded
		e.consumer.End(c, d, at, num)
	}
}
