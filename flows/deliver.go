package flows

// outOfOrder is how long after a hole a segment that fills it counts as
// reordered rather than sent again, where the round trip is not known (as in
// Wireshark).
const outOfOrder = 3e6

// sequence takes the part of the sequence space that a segment of side d
// holds: it tells retransmissions, and hands new payload over in order.
func (e *Engine) sequence(c *Conn, d Side, s *Segment) {
	n := s.SeqLen()
	if n == 0 {
		return
	}
	h := &c.halves[d]
	end := s.Seq + n
	if before(s.Seq, h.next) {
		e.judgeAgain(c, d, s)
	}
	if s.Flags&FIN != 0 {
		c.noteFIN(d, s)
	}
	if after(end, h.next) {
		if after(s.Seq, h.next) {
			h.ahead = s.Time
		}
		h.next = end
	}
	switch {
	case s.Len > 0:
		h.facts |= sentData
		if peer := &c.halves[d.Peer()]; peer.has(sentFIN) && !before(s.Seq, h.want) {
			h.sentLate(peer, s)
		}
		e.deliver(c, d, s)
	case h.queue != 0:
	case h.has(sentFIN) && h.want == h.fin:
		e.endData(c, d, s.Time, s.Num)
	}
	if h.has(sentFIN) && h.queue == 0 && before(h.want, h.fin) && e.proved(c, d, h.fin) {
		e.gap(c, d, h.fin)
		e.endData(c, d, s.Time, s.Num)
	}
}

// judgeAgain tells what sequence space below next means: a window probe, a
// segment out of order, or a retransmission.
func (e *Engine) judgeAgain(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch {
	case s.Len == 1 && s.Flags&(SYN|FIN) == 0 && peer.window == 0 && peer.has(ackKnown):
		return // a window probe with a byte
	case afterEq(s.Seq, h.want) && (h.queue != 0 || after(h.next, h.want)) && s.Len > 0 && e.reordered(c, h, s):
		return // out of order
	}
	h.retransmissions++
	h.unanswered++
}

// reordered reports whether s, which lies in a hole of side h, was sent before
// what came beyond the hole: by their timestamps, which do not decrease
// (RFC 7323, 3), or else because it comes sooner than a retransmission could.
func (e *Engine) reordered(c *Conn, h *half, s *Segment) bool {
	ahead := h.ahead
	if beyond := e.above(h, s.Seq); len(beyond) > 0 {
		ahead = beyond[0].time
		for _, x := range [...]*heldSegment{&beyond[0], &beyond[len(beyond)-1]} {
			if s.HasTS && x.hasTS && s.TSVal != x.ts {
				return before(s.TSVal, x.ts)
			}
		}
	}
	return s.Time-ahead < c.reorderTime()
}

// reorderTime is how late a reordered segment may be.
func (c *Conn) reorderTime() int64 {
	if rtt, ok := c.RTT(); ok {
		return max(rtt, 1)
	}
	return outOfOrder
}

// deliver hands over what a segment with payload adds in sequence, and holds
// what lies beyond a hole.
func (e *Engine) deliver(c *Conn, d Side, s *Segment) {
	h := &c.halves[d]
	if h.has(dataEnded) {
		if h.has(sentFIN) {
			return
		}
		h.facts &^= dataEnded // sent after an RST
	}
	seq := s.Seq
	if s.Flags&SYN != 0 {
		seq++
	}
	if after(seq, h.want) {
		if !e.proved(c, d, seq) && e.hold(c, d, seq, s) {
			return
		}
		e.flush(c, d)
		e.gap(c, d, seq)
	}
	e.pass(c, d, seq, s.Payload, s.Len, s.Time, s.Num, &s.Note)
	if h.queue != 0 {
		e.drain(c, d)
	}
	if h.has(sentFIN) && h.want == h.fin {
		e.endData(c, d, s.Time, s.Num)
	}
}

// proved reports whether the bytes of side d below seq are known to have
// reached the peer: then the capture will not bring them any more.
func (e *Engine) proved(c *Conn, d Side, seq uint32) bool {
	peer := &c.halves[d.Peer()]
	return peer.has(ackKnown) && afterEq(peer.acked, seq)
}

// maxUnseen is how many bytes at the end of a side an acknowledgement may tell
// of: beyond that it is not of this life.
const maxUnseen = 1 << 30

// ackedUnseen reports whether the peer of side d acknowledges data that follows
// the last that was captured. A single byte may be a FIN.
func (c *Conn) ackedUnseen(d Side) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return h.has(seqKnown) && peer.has(ackKnown) && c.facts&factBareACK == 0 &&
		after(peer.acked, h.want+1) && peer.acked-h.want < maxUnseen
}

// pass hands the part of a payload that is in sequence to the consumer.
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

// gap says that the bytes up to seq are missing.
func (e *Engine) gap(c *Conn, d Side, seq uint32) {
	h := &c.halves[d]
	if n := seq - h.want; after(seq, h.want) {
		h.missing += uint64(n)
		h.want = seq
		e.consumer.Gap(c, d, uint64(n))
	}
}

// endData says once that a side sends nothing more.
func (e *Engine) endData(c *Conn, d Side, at int64, num uint64) {
	h := &c.halves[d]
	if !h.has(dataEnded) {
		h.facts |= dataEnded
		e.consumer.End(c, d, at, num)
	}
}
