package flows

import "github.com/kaanalyze/kaanalyze/internal/compact"

// evictions are queues of connections to forget: those that are over, oldest
// first, and those that wait for an answer to their SYN. They are used only
// with Options.Evict.
type evictions struct {
	over       compact.Queue[known]
	unanswered compact.Queue[eviction]
	enough     int // to look through unanswered for those that were answered
}

// known is a connection, if it has not been forgotten.
type known struct {
	conn handle
	id   uint32 // its ID's last bits
}

type eviction struct {
	known
	at int64 // when it was queued
}

const (
	// lingering is how long after its last packet and its TIME_WAIT a closed
	// connection is still known, so that late packets find it.
	lingering = 1e9
	// synWait is how long a SYN without an answer is remembered: Linux sends it
	// again up to 64 s later.
	synWait = 70e9
	// sweepSlack is how many connections that were answered may stand in the
	// queue of those that wait, besides as many as wait.
	sweepSlack = 1 << 10
)

// evictionOf returns the entry of c in the queue of those that wait.
func evictionOf(c *Conn, at int64) eviction { return eviction{known{c.self, uint32(c.ID)}, at} }

// leave queues a connection that is over.
func (e *Engine) leave(c *Conn) {
	e.cool(c)
	if e.opt.Evict && c.facts&factOver == 0 {
		c.facts |= factOver
		e.gone.over.Push(known{c.self, uint32(c.ID)})
	}
}

// Sweep evicts the connections that have been over, or their SYN unanswered,
// for long enough at that time, ns since the epoch: [Engine.Now], or later where
// nothing has come for a while. Call it now and then, outside of Segment.
func (e *Engine) Sweep(now int64) {
	q := &e.gone.over
	var scratch Conn
	for x := q.First(); x != nil; x = q.First() {
		if c := e.slabs.peek(x.conn, &scratch); c != nil && uint32(c.ID) == x.id {
			if c.End+e.opt.TimeWait+lingering > now {
				break
			}
			e.evict(e.slabs.at(x.conn))
		}
		q.Pop()
	}
	e.sweepUnanswered(now)
}

// sweepUnanswered evicts the connections that nobody answered. One whose SYN
// was sent again waits anew.
func (e *Engine) sweepUnanswered(now int64) {
	q := &e.gone.unanswered
	if q.Len() > e.gone.enough {
		e.keepWaiting()
	}
	for x := q.First(); x != nil; x = q.First() {
		switch c := e.waiting(x); {
		case c == nil: // it was answered
		case x.at+synWait > now:
			return
		case c.End+synWait > now:
			q.Push(evictionOf(c, c.End))
		default:
			e.evict(c)
		}
		q.Pop()
	}
}

// keepWaiting drops those that were answered from behind one that was not.
func (e *Engine) keepWaiting() {
	var q compact.Queue[eviction]
	for x := e.gone.unanswered.First(); x != nil; x = e.gone.unanswered.First() {
		if e.waiting(x) != nil {
			q.Push(*x)
		}
		e.gone.unanswered.Pop()
	}
	e.gone.unanswered, e.gone.enough = q, 2*q.Len()+sweepSlack
}

// waiting returns the connection of x if its SYN has no answer, else nil.
func (e *Engine) waiting(x *eviction) *Conn {
	if e.slabs.places[x.conn] == 0 || e.slabs.sleeps(x.conn) {
		return nil
	}
	c := e.slabs.at(x.conn)
	i := &c.halves[Initiator]
	if uint32(c.ID) != x.id || c.facts&factOver != 0 || c.halves[Responder].packets != 0 || i.packets > 1+i.synRetransmissions {
		return nil // what sends more than SYNs had an answer that was not captured
	}
	return c
}

// evict forgets a connection.
func (e *Engine) evict(c *Conn) {
	e.complete(c)
	for side := range Side(2) {
		e.endData(c, side, c.End, 0)
	}
	e.consumer.Evict(c)
	if c.next != 0 {
		e.slabs.at(c.next).prev = 0
	}
	if c.prev != 0 {
		e.slabs.at(c.prev).next = 0
	}
	e.table.remove(c.hash, c.self)
	if e.last == c {
		e.last = nil
	}
	e.slabs.give(c.self)
}
