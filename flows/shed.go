package flows

import (
	"cmp"
	"slices"
	"unsafe"
)

// Where memory is bounded, connections are forgotten before their time. What comes for
// one of them later begins another connection.

// Shed are connections that were forgotten before their time.
type Shed struct {
	HalfOpen int // nobody had answered their SYN
	Ended    int // they had ended, but their TIME_WAIT may have been ended early yet
	Idle     int // they were open, or half-closed
}

// Shed forgets n connections, or all if there are fewer: those whose SYN nobody has
// answered and those that have ended, then the others; the oldest first. As with Sweep, it
// needs [Options.Evict] and is not to be called from a Consumer. Each time that some of
// them are forgotten it calls then, if not nil.
func (e *Engine) Shed(n, some int, then func()) (s Shed) {
	forgotten := 0
	forget := func(c *Conn, count *int) {
		e.evict(c)
		*count++
		if forgotten++; then != nil && some > 0 && forgotten%some == 0 {
			then()
		}
	}
	for forgotten < n {
		open, ended := e.oldestHalfOpen(), e.oldestEnded()
		switch {
		case open != nil && (ended == nil || open.Start <= ended.End):
			e.evictions.unanswered.Pop()
			forget(e.store.at(open.self), &s.HalfOpen)
		case ended != nil:
			e.evictions.ended.Pop()
			forget(e.store.at(ended.self), &s.Ended)
		default:
			for _, h := range e.idlest(n - forgotten) {
				forget(e.store.at(h), &s.Idle)
			}
			return s
		}
	}
	return s
}

// oldestHalfOpen returns the first connection that still waits for an answer to its
// SYN, to read as with waiting, nil if none does.
func (e *Engine) oldestHalfOpen() *Conn {
	q := &e.evictions.unanswered
	for x := q.First(); x != nil; x = q.First() {
		if c := e.waiting(x); c != nil {
			return c
		}
		q.Pop()
	}
	return nil
}

// oldestEnded returns the first connection that has ended, to read until the next call;
// nil if none has.
func (e *Engine) oldestEnded() *Conn {
	q := &e.evictions.ended
	for x := q.First(); x != nil; x = q.First() {
		if c := e.store.peek(x.conn, &e.peeked); c != nil && uint32(c.ID) == x.id {
			if c.ended() || c.Superseded() {
				return c
			}
			e.store.at(x.conn).facts &^= factEvictLater
		}
		q.Pop()
	}
	return nil
}

// idlest returns the n connections whose last packet is the oldest.
func (e *Engine) idlest(n int) []handle {
	type idle struct {
		since int64
		conn  handle
	}
	all := make([]idle, 0, e.Kept())
	for h := range handle(len(e.store.slots)) {
		if x := e.store.slots[h]; x != 0 && !x.packed() {
			all = append(all, idle{e.store.conns.At(x.index()).End, h})
		}
	}
	slices.SortFunc(all, func(a, b idle) int { return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.conn, b.conn)) })
	list := make([]handle, min(n, len(all)))
	for i := range list {
		list[i] = all[i].conn
	}
	return list
}

// BeginEviction makes an Engine that kept all connections forget them as with
// [Options.Evict] from now on: those that have ended may be forgotten by the next Sweep.
func (e *Engine) BeginEviction() {
	if e.opt.Evict {
		return
	}
	e.opt.Evict = true
	var ended []*Conn
	e.each(func(h handle) {
		c := e.store.at(h)
		i, r := &c.halves[Initiator], &c.halves[Responder]
		switch {
		case c.ended() || c.Superseded():
			ended = append(ended, c)
		case i.has(sentSYN) && r.packets == 0 && i.packets <= 1+i.synRetransmissions:
			e.evictions.unanswered.Push(unanswered{refTo(c), c.Start})
			e.evictions.syns.Push(unanswered{refTo(c), c.Start})
		}
	})
	slices.SortFunc(ended, func(a, b *Conn) int { return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.ID, b.ID)) })
	for _, c := range ended {
		e.evictLater(c)
	}
}

// Bytes returns about how much memory the connections take, and what finds them.
func (e *Engine) Bytes() int64 {
	s, v := &e.store, &e.evictions
	n := int64(s.conns.Len())*int64(unsafe.Sizeof(Conn{})) + s.packed.Bytes() + s.syns.Bytes()
	n += int64(len(s.slots))*int64(unsafe.Sizeof(slot(0))) + int64(len(e.table.entries))*int64(unsafe.Sizeof(tableEntry{}))
	n += int64(v.ended.Len())*int64(unsafe.Sizeof(connRef{})) + int64(v.unanswered.Len()+v.syns.Len())*int64(unsafe.Sizeof(unanswered{}))
	return n + int64(len(s.addrs.list))*addressBytes + int64(e.held.bytes)
}

// addressBytes is about what an address takes in addresses.
const addressBytes = 64

// PendingTimeWait returns a time before which no connection that is kept and has ended
// has begun to wait in TIME_WAIT, ns since the epoch.
func (e *Engine) PendingTimeWait() int64 {
	var scratch Conn
	x := e.evictions.ended.First()
	if x == nil {
		return e.now
	}
	c := e.store.peek(x.conn, &scratch)
	if c == nil || uint32(c.ID) != x.id {
		return e.now
	}
	from := c.End
	for side := range Side(2) {
		if at, _, _, ok := c.TimeWaitSpan(side); ok {
			from = min(from, at)
		}
	}
	return from
}
