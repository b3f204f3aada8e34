package flows

// What lies far outside the receiver's window was not sent by the peer, or what came
// before it was not captured. A receiver drops such a segment (RFC 9293, 3.10.7.4); here
// it is put aside, until a later acknowledgement tells which of the two it is: one
// that is still too low for it shows that nobody could have sent it.

const (
	// maxAside and maxAsideBytes bound the segments that are put aside, and their
	// payload.
	maxAside      = 64
	maxAsideBytes = 1 << 20
)

// aside holds the segments that are put aside, of all connections.
type aside struct {
	waiting []asideSegment
	bytes   int  // of their payload
	taking  bool // one of them is taken after all
}

// asideSegment is a copy of a segment that is put aside.
type asideSegment struct {
	earlySegment
	next uint32 // half.next of its side at that time
}

// isBeyond reports whether a segment of side d, which begins behind what was captured
// of d, has what does not fit into the peer's window.
func (c *Conn) isBeyond(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	n := s.SeqLen()
	return n > 0 && s.Flags&(SYN|RST) == 0 && h.has(seqKnown) && peer.has(ackKnown) &&
		after(s.Seq+n, peer.acked) && s.Seq+n-peer.acked > c.windowOf(d.Peer())+1 // a FIN may stand at the edge
}

// isPutAside keeps a copy of s, of side d of c, if it lies beyond the window, and reports
// whether it did.
func (e *Engine) isPutAside(c *Conn, d Side, s *Segment) bool {
	q := &e.aside
	if q.taking || !c.isBeyond(d, s) || len(s.Payload) > maxAsideBytes {
		return false
	}
	for len(q.waiting) >= maxAside || q.bytes+len(s.Payload) > maxAsideBytes {
		e.endAside(e.conn(q.waiting[0].conn))
	}
	c.facts |= factAside
	q.waiting = append(q.waiting, asideSegment{earlySegment{*s, c.self, d}, c.halves[d].next})
	q.waiting[len(q.waiting)-1].Payload = e.held.copyOf(s.Payload)
	q.bytes += len(s.Payload)
	return true
}

// judgeAside looks which segments that were put aside of c a segment of side d proves or
// refutes.
func (e *Engine) judgeAside(c *Conn, d Side, s *Segment) {
	for i := 0; i < len(e.aside.waiting); {
		x := &e.aside.waiting[i]
		switch {
		case x.conn != c.self:
			i++
		case c.fits(x):
			e.takeAside(c, i)
			i = 0
		case d != x.side && s.Flags&ACK != 0 && s.Time-x.Time > lateTime:
			e.refute(i)
		default:
			i++
		}
	}
	e.noteAside(c)
}

// fits reports whether x goes on where its side has stopped, or fits into the window.
func (c *Conn) fits(x *asideSegment) bool {
	return !after(x.Seq, c.halves[x.side].next) || !c.isBeyond(x.side, &x.Segment)
}

// endAside decides about the segments that were put aside of c without a further
// acknowledgement: what its side has sent since below them refutes them, too.
func (e *Engine) endAside(c *Conn) {
	next := [2]uint32{c.halves[0].next, c.halves[1].next} // before some of them are taken
	for i := 0; i < len(e.aside.waiting); {
		x := &e.aside.waiting[i]
		h := &c.halves[x.side]
		switch {
		case x.conn != c.self:
			i++
		case c.fits(x), next[x.side] == x.next && !h.has(sentFIN) && !(h.has(sentRST) && before(h.rst, x.Seq)):
			e.takeAside(c, i)
			i = 0
		default:
			e.refute(i)
		}
	}
	c.facts &^= factAside
}

// takeAside brings segment i of those that were put aside into c, which has counted it.
func (e *Engine) takeAside(c *Conn, i int) {
	x := e.remove(i)
	h, at := &c.halves[x.side], e.at
	h.packets--
	h.bytes -= uint64(x.Len)
	e.at, e.aside.taking = x.Time, true
	e.apply(c, x.side, &x.Segment)
	e.at, e.aside.taking = at, false
	e.held.release(x.Payload)
}

// remove takes segment i out of those that were put aside. The caller releases the payload.
func (e *Engine) remove(i int) asideSegment {
	q := &e.aside
	x := q.waiting[i]
	q.bytes -= len(x.Payload)
	q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
	return x
}

// refute forgets segment i of those that were put aside.
func (e *Engine) refute(i int) { e.held.release(e.remove(i).Payload) }

// noteAside notes whether something of c is still put aside.
func (e *Engine) noteAside(c *Conn) {
	c.facts &^= factAside
	for i := range e.aside.waiting {
		if e.aside.waiting[i].conn == c.self {
			c.facts |= factAside
		}
	}
}
