package flows

// Two queues or CPUs may hand the packets of one connection to the capture in
// another order than the hosts saw them. What a segment acknowledges came before
// it: one that acknowledges what was not captured yet waits a moment for it.

const (
	// lateTime is how long, in ns of the capture's time, a segment waits for what it
	// proves to have come before it. Queues are emptied within that time; what was
	// not captured at all should not keep the rest waiting for longer.
	lateTime = 1e6
	// maxEarly and maxEarlyBytes bound the segments that wait, and their payload:
	// what a fast link carries within lateTime.
	maxEarly      = 1 << 10
	maxEarlyBytes = 4 << 20
)

// early holds the segments that wait, in the order of capture; those before head
// have gone on.
type early struct {
	waiting []earlySegment
	head    int
	bytes   int          // of their payload
	current earlySegment // the one that goes on
}

// earlySegment is a copy of a segment that waits, or of one that has gone on if
// conn is 0.
type earlySegment struct {
	Segment
	conn handle
	side Side
}

// isEarly reports whether a segment of side d shows that another one, which was not
// captured yet, came before it. Most of them acknowledge what their peer was not
// seen to send, and nothing of d has acknowledged so far.
func (c *Conn) isEarly(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch {
	case s.Flags&RST != 0:
		return c.isEarlyReset(d, s)
	case s.Flags&ACK == 0:
		return false
	case s.Flags&SYN != 0: // its SYN, of the next life, may be late
		return peer.has(seqKnown) && s.Ack-peer.isn > 1
	case !peer.has(seqKnown): // its SYN-ACK may be late
		return h.facts&(sentSYN|ackKnown) == sentSYN
	case peer.has(sentSYN) && !h.has(sentSYN|sentSYNACK): // it does not take the SYN
		return false
	case after(s.Ack, peer.next):
		return (!h.has(ackKnown) || after(s.Ack, h.acked)) && s.Ack-peer.next < maxUnseen && c.facts&factBareACK == 0
	}
	// An answer to a probe that is late, or to the SYN of the next life.
	return s.Len == 0 && s.Flags == ACK && s.Seq == h.next && s.Ack == h.acked && s.Ack == peer.next && !peer.has(probePending) &&
		h.has(seqKnown) && s.Time-c.lastActivity >= minProbeIdle
}

// isEarlyReset is isEarly for an RST.
func (c *Conn) isEarlyReset(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch {
	case c.answersBareACK(d, s):
		return false
	case h.has(sentRST) && s.Seq != h.rst:
		return true // the answer to another packet than the RST before it
	case s.Flags&ACK != 0 && peer.has(seqKnown) && s.Ack-peer.isn > peer.next-peer.isn:
		return true // it acknowledges what comes later, or the SYN of the next life
	case h.has(seqKnown):
		return after(s.Seq, h.next)
	}
	return s.Flags&ACK != 0 && h.packets+peer.packets == 0 // it may refuse a SYN that is late
}

// wait keeps a copy of s, of side d of c.
func (e *Engine) wait(c *Conn, d Side, s *Segment) {
	q := &e.early
	for len(q.waiting)-q.head >= maxEarly || q.bytes+len(s.Payload) > maxEarlyBytes && q.head < len(q.waiting) {
		e.goOn(q.head)
	}
	if q.head == len(q.waiting) {
		q.waiting, q.head = q.waiting[:0], 0
	} else if len(q.waiting) == cap(q.waiting) && q.head > 0 {
		n := copy(q.waiting, q.waiting[q.head:])
		q.waiting, q.head = q.waiting[:n], 0
	}
	c.facts |= factEarly
	q.waiting = append(q.waiting, earlySegment{*s, c.self, d})
	x := &q.waiting[len(q.waiting)-1]
	x.Payload = e.held.copyOf(s.Payload)
	q.bytes += len(x.Payload)
}

// expire lets those go on that have waited until now for nothing.
func (e *Engine) expire(now int64) {
	q := &e.early
	for q.head < len(q.waiting) {
		if t := now - q.waiting[q.head].Time; t <= lateTime && t >= -lateTime {
			return
		}
		e.goOn(q.head)
	}
}

// goOn brings segment i of those that wait into its connection, as of its own
// time, and then those that only waited for it.
func (e *Engine) goOn(i int) {
	c := e.conn(e.early.waiting[i].conn)
	at := e.at
	e.at = e.early.waiting[i].Time
	e.applyEarly(c, i)
	e.letGo(c)
	e.at = at
}

// letGo lets those segments of c go on that are early no more.
func (e *Engine) letGo(c *Conn) {
	q := &e.early
	c.facts &^= factEarly
	for i := q.head; i < len(q.waiting); i++ {
		switch x := &q.waiting[i]; {
		case x.conn != c.self:
		case c.isEarly(x.side, &x.Segment):
			c.facts |= factEarly
		default:
			e.applyEarly(c, i)
			c.facts &^= factEarly
			i = q.head - 1 // others may have waited for it
		}
	}
}

// answersNext reports whether a segment that waits answers syn, which
// begins the next life of c.
func (x *earlySegment) answersNext(c *Conn, syn *Segment) bool {
	return x.conn == c.self && x.SrcPort == syn.DstPort && x.SrcIP == syn.DstIP &&
		(x.Flags&(SYN|RST) != 0 && x.Ack == syn.Seq+1 || x.Flags == ACK && beforeEq(x.Ack, c.halves[x.side.Peer()].next))
}

// letAllGo lets all segments of c go on, whatever they wait for, before syn comes;
// but those that answer syn wait for it. syn is nil if c is to be forgotten.
func (e *Engine) letAllGo(c *Conn, syn *Segment) {
	q := &e.early
	for i := q.head; c.facts&factEarly != 0 && i < len(q.waiting); i++ {
		if x := &q.waiting[i]; x.conn == c.self && (syn == nil || !x.answersNext(c, syn)) {
			e.goOn(i)
			i = q.head - 1
		}
	}
}

// refusedEarly reports whether nothing was seen of c but an RST that waits for syn,
// which it refuses: the sender of syn is the initiator then.
func (e *Engine) refusedEarly(c *Conn, syn *Segment) bool {
	if c.halves[0].packets+c.halves[1].packets != 0 {
		return false
	}
	for i := e.early.head; i < len(e.early.waiting); i++ {
		if x := &e.early.waiting[i]; x.conn == c.self && x.Flags&RST != 0 && x.Ack == syn.Seq+1 && x.SrcPort == syn.DstPort && x.SrcIP == syn.DstIP {
			c.ip[0], c.ip[1] = c.ip[1], c.ip[0]
			c.port[0], c.port[1] = c.port[1], c.port[0]
			c.facts &^= factMidstream
			x.side = Responder
			return true
		}
	}
	return false
}

// moveEarly moves what waits from one life of a tuple to the next.
func (e *Engine) moveEarly(from, to *Conn) {
	for i := e.early.head; from.facts&factEarly != 0 && i < len(e.early.waiting); i++ {
		if x := &e.early.waiting[i]; x.conn == from.self {
			x.conn, x.side = to.self, to.sender(&x.Segment)
			to.facts |= factEarly
		}
	}
	from.facts &^= factEarly
}

// applyEarly takes segment i out of those that wait and brings it into c.
func (e *Engine) applyEarly(c *Conn, i int) {
	q := &e.early
	x := &q.waiting[i]
	q.current, x.conn, x.Payload = *x, 0, nil
	q.bytes -= len(q.current.Payload)
	for q.head < len(q.waiting) && q.waiting[q.head].conn == 0 {
		q.head++
	}
	e.apply(c, q.current.side, &q.current.Segment)
	if c.facts&factAside != 0 {
		e.judgeAside(c, q.current.side, &q.current.Segment)
	}
	if e.opt.Applied != nil {
		e.opt.Applied(c, q.current.side, &q.current.Segment)
	}
	e.held.release(q.current.Payload)
	q.current.Payload = nil
}
