package flows

import (
	"cmp"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// What becomes of connections that have ended, with Options.Evict: first they
// are packed, then they are forgotten.

const (
	// unpackedConns is how many connections that have ended are not packed yet,
	// because some more packets are likely to come.
	unpackedConns = 256
	// stragglerWait is how long, in ns, a connection that has ended is still known
	// after its last packet and its TIME_WAIT, so that late packets find it.
	stragglerWait = 1e9
	// synWait is how long, in ns, a SYN without an answer is remembered: Linux
	// sends it again up to 64 s later.
	synWait = 70e9
	// sweepSlack is how many connections that were answered may stand in the queue
	// of those that wait, besides as many as wait.
	sweepSlack = 1 << 10
)

// evictions are the connections that are to be packed, or forgotten.
type evictions struct {
	ended      compact.Queue[connRef]    // those that have ended, oldest first
	unanswered compact.Queue[unanswered] // those that wait for an answer to their SYN
	cleanAbove int                       // how long unanswered may get until those are dropped that were answered
	syns       compact.Queue[unanswered] // those that are to be packed if nobody answers

	toPack  [unpackedConns]handle // a ring of those that ended last
	endings uint64                // how many were put into it
}

// connRef is a connection, if it has not been forgotten.
type connRef struct {
	conn handle
	id   uint32 // the low bits of its ID
}

// unanswered is a connection whose SYN had no answer when it was queued.
type unanswered struct {
	connRef
	at int64 // when it was queued
}

func refTo(c *Conn) connRef { return connRef{c.self, uint32(c.ID)} }

// conn returns a connection for a segment that is under way.
func (e *Engine) conn(h handle) *Conn {
	if !e.store.isPacked(h) {
		return e.store.at(h)
	}
	syn := e.store.slots[h].isSYN()
	c := e.store.at(h)
	if syn {
		e.evictions.syns.Push(unanswered{refTo(c), e.now})
	} else {
		e.packLater(c)
	}
	return c
}

// packLater queues a connection that has ended to be packed.
func (e *Engine) packLater(c *Conn) {
	if !e.opt.Evict || c.facts&factPackLater != 0 {
		return
	}
	c.facts |= factPackLater
	at := &e.evictions.toPack[e.evictions.endings%unpackedConns]
	e.evictions.endings++
	if *at != c.self && (e.last == nil || *at != e.last.self) { // these are in use
		e.store.pack(*at)
	}
	*at = c.self
}

// evictLater queues a connection that has ended to be packed and forgotten.
func (e *Engine) evictLater(c *Conn) {
	e.packLater(c)
	if e.opt.Evict && c.facts&factEvictLater == 0 {
		c.facts |= factEvictLater
		e.evictions.ended.Push(refTo(c))
	}
}

// Sweep evicts the connections that ended, or whose SYN stayed unanswered, long
// enough before now, in ns since the epoch: [Engine.Now], or later where nothing
// has come for a while. Call it from time to time, but not from a Consumer. It
// does nothing without [Options.Evict].
func (e *Engine) Sweep(now int64) { e.SweepSome(now, 0) }

// SweepSome is Sweep, but stops when it has looked at most of them, and reports whether
// it did; 0 is no bound.
func (e *Engine) SweepSome(now int64, most int) (more bool) {
	if now > e.now {
		e.expire(now)
	}
	e.packSYNs(now)
	q := &e.evictions.ended
	var scratch Conn
	left := cmp.Or(most, math.MaxInt)
	for x := q.First(); x != nil; x = q.First() {
		c := e.store.peek(x.conn, &scratch)
		kept := c != nil && uint32(c.ID) == x.id
		if kept && c.End+e.opt.TimeWait+stragglerWait > now {
			break
		}
		if left--; left < 0 {
			return true
		}
		if kept {
			if old := e.store.at(x.conn); old.ended() || old.Superseded() {
				e.evict(old)
			} else { // it went on after an RST, and may end another time
				old.facts &^= factEvictLater
			}
		}
		q.Pop()
	}
	return e.sweepUnanswered(now, left)
}

// sweepUnanswered evicts the connections that nobody answered. One whose SYN
// was sent again waits anew.
func (e *Engine) sweepUnanswered(now int64, left int) (more bool) {
	q := &e.evictions.unanswered
	if q.Len() > e.evictions.cleanAbove {
		e.dropAnswered()
	}
	for x := q.First(); x != nil; x = q.First() {
		c := e.waiting(x)
		if c != nil && x.at+synWait > now {
			return false
		}
		if left--; left < 0 {
			return true
		}
		switch {
		case c == nil: // it was answered
		case c.End+synWait > now:
			q.Push(unanswered{refTo(c), c.End})
		default:
			e.evict(e.store.at(c.self))
		}
		q.Pop()
	}
	return false
}

// endUnheard ends what SYNs carried that nobody has answered for synWait: whoever sent it
// has given up by then, whether connections are evicted or not.
func (e *Engine) endUnheard() {
	q := &e.unheard
	for x := q.First(); x != nil && x.at+synWait <= e.now; x = q.First() {
		switch c := e.waiting(x); {
		case c == nil: // it was answered, or is forgotten
		case c.End+synWait > e.now:
			q.Push(unanswered{refTo(c), c.End})
		default:
			e.endAll(e.store.at(c.self))
		}
		q.Pop()
	}
}

// endAll hands over all that is held of c and says that neither side sends more.
func (e *Engine) endAll(c *Conn) {
	e.deliverRest(c)
	for side := range Side(2) {
		e.endData(c, side, c.End, 0)
	}
}

// dropAnswered takes those that were answered out of the queue of those that
// wait, where they stand behind one that was not.
func (e *Engine) dropAnswered() {
	var kept compact.Queue[unanswered]
	q := &e.evictions.unanswered
	for x := q.First(); x != nil; x = q.First() {
		if e.waiting(x) != nil {
			kept.Push(*x)
		}
		q.Pop()
	}
	*q, e.evictions.cleanAbove = kept, 2*kept.Len()+sweepSlack
}

// waiting returns the connection of x, to read until the next call, if its SYN has no
// answer, else nil.
func (e *Engine) waiting(x *unanswered) *Conn {
	if at := e.store.slots[x.conn]; at == 0 || at.packed() && !at.isSYN() {
		return nil
	}
	c := e.store.peek(x.conn, &e.peekedSYN)
	i := &c.halves[Initiator]
	if uint32(c.ID) != x.id || c.facts&factEvictLater != 0 || c.halves[Responder].packets != 0 || i.packets > 1+i.synRetransmissions {
		return nil // what sends more than SYNs had an answer that was not captured
	}
	return c
}

// evict forgets a connection.
func (e *Engine) evict(c *Conn) {
	if c.facts&factEarly != 0 {
		e.letAllGo(c, nil)
	}
	e.endAll(c)
	e.consumer.Evict(c)
	if c.next != 0 {
		e.store.at(c.next).prev = 0
	}
	if c.prev != 0 {
		e.store.at(c.prev).next = 0
	}
	e.table.remove(c.hash, c.self)
	if e.last == c {
		e.last = nil
	}
	e.store.give(c.self)
}
