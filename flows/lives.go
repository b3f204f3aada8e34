package flows

// The lives of a 4-tuple: which connection a segment belongs to, and when the
// next one begins. Clients use their ports again, often while the other side
// still holds TIME_WAIT of the life before: so a connection stays linked to the
// one before it until it is clear what became of that TIME_WAIT.

// find returns the newest connection of the tuple of s, or nil, and the place in the
// table of one that s may open. Most segments belong to the connection of the segment
// before them.
func (e *Engine) find(s *Segment) (c *Conn, at int) {
	if c := e.last; c != nil && s.Flags&SYN == 0 && c.hash == s.Hash && c.owns(s) {
		return c, 0
	}
	at, c, found := e.table.find(&e.store, s)
	if !found {
		return nil, at
	}
	if c == nil {
		c = e.conn(e.table.entries[at].conn)
	}
	e.last = c
	return c, at
}

// isFresh reports whether s, which c owns, takes sequence numbers or acknowledges some
// that no segment of its side did before, as a copy never does. It need not know.
func (c *Conn) isFresh(s *Segment) bool {
	d := c.sender(s)
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return s.Flags&(SYN|RST|ACK) == ACK && c.facts&factEarly == 0 && h.facts&(seqKnown|ackKnown) == seqKnown|ackKnown &&
		(s.Seq == h.next && s.SeqLen() > 0 || after(s.Ack, h.acked) && beforeEq(s.Ack, peer.next))
}

// owner returns the connection of s, a new one if it begins a life, from what find
// returned.
func (e *Engine) owner(s *Segment, c *Conn, at int) *Conn {
	if c == nil {
		c = e.open(s, 0)
		c.Stream = e.newStream(s)
		e.table.insert(at, s.Hash, c.self)
		return c
	}
	if s.Flags&(SYN|ACK|RST) == SYN {
		if c.facts&factEarly != 0 {
			if e.refusedEarly(c, s) {
				return c
			}
			e.letAllGo(c, s)
		}
		if fresh, stream := c.newLife(s); fresh {
			old := c
			c = e.open(s, old.self)
			c.Stream = old.Stream
			if stream {
				c.Stream = e.newStream(s)
			}
			old.next = c.self
			e.moveEarly(old, c)
			c.noteRecycledByClient(old, s)
			e.table.entries[at].conn = c.self
			e.supersede(old)
		}
	}
	return c
}

// newLife reports whether a SYN on the tuple of c begins its next life, and
// whether tshark gives that a new stream. The same initial sequence number again is
// the same connect: a client that was refused may try again (Windows does so twice),
// and a copy may come late.
func (c *Conn) newLife(s *Segment) (fresh, stream bool) {
	h, peer := &c.halves[c.sender(s)], &c.halves[c.sender(s).Peer()]
	switch {
	case h.has(seqKnown):
		fresh = !h.isISN(s.Seq)
		return fresh, fresh
	case h.has(sentRST): // it refused the peer's SYN before
		fresh = s.Seq+1 != h.rst
		return fresh, fresh
	case peer.has(sentSYNACK) && peer.acked == s.Seq+1: // the SYN whose answer was seen before it
	case peer.has(sentSYN) && !peer.has(sentData): // simultaneous open
	case peer.has(ackKnown): // tshark takes the first sequence number from what the peer acknowledges
		return true, peer.acked != s.Seq+1
	default:
		return true, peer.has(sentRST) && peer.has(rstHasACK) && h.isn != s.Seq+1
	}
	return false, false
}

// isISN reports whether seq is the initial sequence number of side h, as far as is known:
// where its SYN was not captured, the first that was follows it.
func (h *half) isISN(seq uint32) bool {
	if h.has(sentSYN | sentSYNACK) {
		return seq == h.isn
	}
	return seq+1 == h.isn
}

// open makes the Conn that s begins; prev is the life before on its tuple.
func (e *Engine) open(s *Segment, prev handle) *Conn {
	h, c := e.store.take()
	e.ids++
	c.ID = e.ids
	c.self, c.prev, c.hash = h, prev, s.Hash
	c.Start, c.End, c.lastActivity = s.Time, s.Time, s.Time
	src, dst := 0, 1
	if s.Flags&(SYN|ACK) == SYN|ACK {
		src, dst = 1, 0
	}
	c.ip[src], c.port[src] = s.SrcIP, s.SrcPort
	c.ip[dst], c.port[dst] = s.DstIP, s.DstPort
	switch {
	case s.Flags&SYN == 0:
		c.facts |= factMidstream
	case s.Flags&ACK == 0:
		if e.opt.Evict {
			e.evictions.unanswered.Push(unanswered{refTo(c), e.now})
			e.evictions.syns.Push(unanswered{refTo(c), e.now})
		}
		if s.Len > 0 {
			e.unheard.Push(unanswered{refTo(c), e.now})
		}
	}
	e.last = c
	e.consumer.Open(c)
	return c
}

// supersede ends a life whose tuple is used anew.
func (e *Engine) supersede(old *Conn) {
	if !old.ended() {
		old.facts |= factSuperseded
	}
	e.endAll(old)
	e.evictLater(old)
}

// watchPrevious watches the TIME_WAIT of the life before c, at a segment of side
// d of c. That TIME_WAIT ends when its holder accepts the new life, by sending
// the SYN or answering with SYN-ACK, or when an RST hits it that answers a
// challenge (RFC 9293, 3.10.7.4; RFC 1337).
func (e *Engine) watchPrevious(c *Conn, d Side, s *Segment) {
	old := e.conn(c.prev)
	was := old.sender(s)
	switch {
	case old.End+e.opt.TimeWait+stragglerWait <= s.Time: // it may have been evicted
		e.unlinkPrevious(c, old)
	case s.Flags&SYN != 0:
		if s.Flags&ACK != 0 && s.Seq-old.halves[was].next == recycledStep {
			c.facts |= factRecycledByServer
		}
		old.endTimeWait(was, s.Time)
	case s.Flags&RST != 0 && !c.halves[d.Peer()].has(sentSYNACK):
		if victim := &old.halves[was.Peer()]; victim.has(ackKnown) && s.Seq == victim.acked {
			old.endTimeWait(was.Peer(), s.Time)
			if !old.ended() {
				old.noteReset(was, s)
			}
		}
	case c.facts&factEstablished != 0:
		e.unlinkPrevious(c, old)
	}
}

// unlinkPrevious ends the watch over old, the life before c.
func (e *Engine) unlinkPrevious(c, old *Conn) {
	old.next, c.prev = 0, 0
	e.packLater(old)
}
