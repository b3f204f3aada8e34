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
	// mostMore is how far requests like a repeat are counted.
	mostMore = 1000
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
	// account of another, up to mostMore: a client that sends the same again and again
	// does that anyway.
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
	n     int    // losses so far; the one before is at (n-1) % lossesKept
	until int64  // no request is compared after that
	any   uint64 // a bit, by printBit, of each loss that requests may be compared with, and maybe of older ones
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
	if at > r.until {
		r.any = 0
	}
	r.any |= printBit(x.print)
	r.until = at + RepeatWithin
}

// printBit returns one of 64 bits for a fingerprint.
func printBit(print uint32) uint64 { return 1 << (print * 0x9e3779b1 >> 26) }

// noteRequest compares a request with those that were lost before it, and reports
// whether it repeats one. There was a loss within RepeatWithin.
func (r *repeats) noteRequest(c *flows.Conn, t *httpState, x *exchange) bool {
	if r.any&printBit(x.print) == 0 {
		return false
	}
	oldest := r.alike(x, c.ID, c.Endpoint(t.requester).IP)
	if oldest == nil {
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

// alike returns the oldest loss of a request like x that nothing has repeated, nil if
// there is none. If all have been repeated, x is counted as one more of them.
func (r *repeats) alike(x *exchange, id uint64, client [16]byte) (oldest *lostRequest) {
	from, repeated := r.n, 0
	for ; from > max(0, r.n-lossesKept); from-- {
		l := &r.lost[(from-1)%lossesKept]
		after := x.requestAt - l.at
		if after > RepeatWithin {
			break // so are those before it
		}
		if after < 0 || !l.like(x, client) || l.id == id {
			continue
		}
		if l.repeat == 0 {
			oldest = l
			continue
		}
		if repeated++; repeated == 1 && oldest == nil && l.repeat > r.first && r.list[l.repeat-r.first-1].More >= mostMore {
			return nil // so have all others that are alike
		}
	}
	if oldest == nil && repeated > 0 {
		for ; from < r.n; from++ {
			if l := &r.lost[from%lossesKept]; l.repeat > r.first && l.like(x, client) {
				r.list[l.repeat-r.first-1].More++
			}
		}
	}
	return oldest
}

// like reports whether the request that was lost looks like x of that client.
func (l *lostRequest) like(x *exchange, client [16]byte) bool {
	return l.print == x.print && l.method == x.method && l.client == client
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
