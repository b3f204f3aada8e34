package analyze

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// A program whose request got no response often sends it again on another connection.
// That shows by the request alone: the same client, method, target and length. Only the
// last losses are compared, so that neither time nor memory grows with what was seen.

// RepeatWithin is how soon, in ns, after its loss a request comes again: without
// waiting, as most libraries do, or after a first pause.
const RepeatWithin int64 = 1e9

const (
	// lossesKept is how many losses a request is compared with.
	lossesKept = 128
	// repeatsKept is how many repeats are told one by one: the last.
	repeatsKept = 1 << 13
)

// Repeat is a request that came again, on another connection of the same client, after
// it had been lost.
type Repeat struct {
	Lost, Connection   uint64 // IDs: where it was lost, and where it came again
	LostPacket, Packet uint64 // its first packet there
	LostAt, At         int64  // when the first connection ended, and when it came again; ns since the epoch
	Method             httpparse.Method
	Status             uint16 // of the response to it, 0 without one
	// More is how many requests like it came within a second of the loss, and on no
	// account of another: a client that sends the same again and again does that anyway.
	More uint32
}

// lostRequest is an outstanding request of a connection that has ended.
type lostRequest struct {
	at      int64
	id, num uint64
	client  [16]byte
	print   uint32
	method  httpparse.Method
	repeat  int // number of its Repeat, 0 without
}

// repeats finds requests that come again.
type repeats struct {
	lost  [lossesKept]lostRequest
	n     int   // losses so far; the one before is at (n-1) % lossesKept
	until int64 // no request is compared after that
	list  []Repeat
	first int // how many Repeats were dropped in front of list
}

// fingerprint returns a number that requests of the same target and length share; 0 for
// one that is not compared.
func fingerprint(h httpparse.Head) uint32 {
	x := h.TargetHash()
	if x == 0 {
		return 0
	}
	return x ^ uint32(h.ContentLength()+1)<<8 | 1
}

// noteLost notes the requests that are outstanding on a connection of which a side has
// ended at that time. They may be answered yet: whether they failed shows later.
func (a *Analyzer) noteLost(c *flows.Conn, t *httpState, at int64) {
	if t.outstanding == 0 || t.current.print == 0 || !a.wanted(c) {
		return
	}
	a.repeats.lose(c, t, &t.current, at)
	t.current.print = 0 // once is enough
	if t.queue == 0 {
		return
	}
	w := a.states.queues.At(t.queue).waiting()
	for i := range w[:min(len(w), lossesKept/8)] {
		a.repeats.lose(c, t, &w[i], at)
		w[i].print = 0
	}
}

// lose notes one of them.
func (r *repeats) lose(c *flows.Conn, t *httpState, x *exchange, at int64) {
	if x.print == 0 {
		return
	}
	r.lost[r.n%lossesKept] = lostRequest{
		at: at, num: x.requestNum, id: c.ID, client: c.Endpoint(t.requester).IP, print: x.print, method: x.method,
	}
	r.n++
	r.until = at + RepeatWithin
}

// noteRequest compares a request with those that were lost before it, and reports
// whether it repeats one. There was a loss within RepeatWithin.
func (r *repeats) noteRequest(c *flows.Conn, t *httpState, x *exchange) bool {
	client := c.Endpoint(t.requester).IP
	var oldest *lostRequest
	from, alike := r.n, false
	for ; from > max(0, r.n-lossesKept); from-- {
		l := &r.lost[(from-1)%lossesKept]
		after := x.requestAt - l.at
		if after > RepeatWithin {
			break // so are those before it
		}
		if after >= 0 && l.print == x.print && l.method == x.method && l.id != c.ID && l.client == client {
			alike = true
			if l.repeat == 0 {
				oldest = l
			}
		}
	}
	switch {
	case !alike:
		return false
	case oldest == nil:
		for ; from < r.n; from++ {
			l := &r.lost[from%lossesKept]
			if l.print == x.print && l.method == x.method && l.client == client && l.repeat > r.first {
				r.list[l.repeat-r.first-1].More++
			}
		}
		return false
	}
	if len(r.list) == 2*repeatsKept {
		r.list = append(r.list[:0], r.list[repeatsKept:]...)
		r.first += repeatsKept
	}
	if n := len(r.list); n > 0 && r.list[n-1].Packet >= x.requestNum {
		return false // they are in order of packets
	}
	r.list = append(r.list, Repeat{
		Lost: oldest.id, Connection: c.ID, LostPacket: oldest.num, Packet: x.requestNum,
		LostAt: oldest.at, At: x.requestAt, Method: x.method,
	})
	oldest.repeat = r.first + len(r.list)
	return true
}

// noteAnswer notes the response to the current request if that may repeat another.
func (a *Analyzer) noteAnswer(t *httpState) {
	if t.has(isRepeat) {
		a.repeats.noteAnswer(t.current.requestNum, t.current.status)
		if t.outstanding == 1 {
			t.facts &^= isRepeat
		}
	}
}

// noteAnswer notes the response to a request that repeats another.
func (r *repeats) noteAnswer(packet uint64, status uint16) {
	i, ok := slices.BinarySearchFunc(r.list, packet, func(x Repeat, packet uint64) int { return cmp.Compare(x.Packet, packet) })
	if ok {
		r.list[i].Status = status
	}
}

// told returns the last of them; the caller owns them.
func (r *repeats) told() []Repeat { return slices.Clone(r.list[max(0, len(r.list)-repeatsKept):]) }
