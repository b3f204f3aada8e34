package flows

import "slices"

// holding keeps the payload that came out of order: a queue for each side
// that has a hole, found by its number. Queues and buffers are used again.
type holding struct {
	queues []holdQueue // queues[0] is unused
	free   []int32
	spare  [][]byte
	bytes  int
}

// holdQueue is what one side sent beyond a hole, by sequence number. Those
// before head have been handed over.
type holdQueue struct {
	segments []heldSegment
	head     int
	bytes    int
}

// first returns the segment that comes next.
func (q *holdQueue) first() *heldSegment { return &q.segments[q.head] }

type heldSegment struct {
	seq, n  uint32
	payload []byte
	time    int64
	num     uint64
	note    Note
	ts      uint32 // its timestamp, if hasTS
	hasTS   bool
}

const (
	maxHeldSegments = 4096 // of one side: to put one between the others takes time

	heldOverhead = 104      // what a held segment costs beside its buffer
	spareSize    = 2 << 10  // buffers are a multiple of that
	maxSpareSize = 16 << 10 // larger ones are not kept
	maxSpares    = 512
)

// bufferSize is how large the buffer is for a payload of n bytes.
func bufferSize(n int) int { return (n + spareSize - 1) / spareSize * spareSize }

// copyOf returns a copy of b in a buffer that release may take back.
func (h *holding) copyOf(b []byte) []byte {
	if n := len(h.spare); n > 0 {
		x := h.spare[n-1]
		if cap(x) >= len(b) {
			h.spare = h.spare[:n-1]
			return append(x[:0], b...)
		}
	}
	return append(make([]byte, 0, bufferSize(len(b))), b...)
}

func (h *holding) release(b []byte) {
	if cap(b) <= maxSpareSize && len(h.spare) < maxSpares {
		h.spare = append(h.spare, b)
	}
}

// hold copies a segment of side d that lies beyond a hole, and reports whether
// the bounds allowed it.
func (e *Engine) hold(c *Conn, d Side, seq uint32, s *Segment) bool {
	h := &c.halves[d]
	cost := bufferSize(len(s.Payload)) + heldOverhead
	if e.held.bytes+cost > e.opt.MaxHeld || cost > e.opt.MaxHeldConn {
		return false
	}
	if h.queue == 0 {
		h.queue = e.held.take()
	}
	q := &e.held.queues[h.queue]
	if q.bytes+cost > e.opt.MaxHeldConn || len(q.segments)-q.head >= maxHeldSegments {
		return false
	}
	at := len(q.segments)
	for at > q.head && after(q.segments[at-1].seq, seq) {
		at--
	}
	if at > q.head && q.segments[at-1].seq == seq && q.segments[at-1].n >= s.Len {
		return true // held already
	}
	q.segments = slices.Insert(q.segments, at, heldSegment{seq, s.Len, e.held.copyOf(s.Payload), s.Time, s.Num, s.Note, s.TSVal, s.HasTS})
	q.bytes += cost
	e.held.bytes += cost
	return true
}

// above returns what side h holds beyond seq, by sequence number.
func (e *Engine) above(h *half, seq uint32) []heldSegment {
	if h.queue == 0 {
		return nil
	}
	held := e.held.queues[h.queue].segments
	i, _ := slices.BinarySearchFunc(held, seq, func(x heldSegment, seq uint32) int {
		if after(x.seq, seq) {
			return 1
		}
		return -1
	})
	return held[i:]
}

// take returns the number of an empty queue.
func (h *holding) take() int32 {
	if n := len(h.free); n > 0 {
		i := h.free[n-1]
		h.free = h.free[:n-1]
		return i
	}
	if len(h.queues) == 0 {
		h.queues = make([]holdQueue, 1, 16)
	}
	h.queues = append(h.queues, holdQueue{})
	return int32(len(h.queues) - 1)
}

// drain hands over what is in sequence now.
func (e *Engine) drain(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 {
		x := e.held.queues[h.queue].first()
		if after(x.seq, h.want) {
			return
		}
		e.passHeld(c, d)
	}
}

// acknowledged drops the wait for holes of side d that the peer has
// acknowledged: it has those bytes, so the capture has lost them.
func (e *Engine) acknowledged(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 {
		x := e.held.queues[h.queue].first()
		if after(x.seq, h.want) {
			if !e.proved(c, d, x.seq) {
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

// flush hands over all that side d holds, holes as gaps.
func (e *Engine) flush(c *Conn, d Side) {
	h := &c.halves[d]
	for h.queue != 0 {
		e.gap(c, d, e.held.queues[h.queue].first().seq)
		e.passHeld(c, d)
	}
}

// passHeld hands over the first segment that side d holds.
func (e *Engine) passHeld(c *Conn, d Side) {
	h := &c.halves[d]
	q := &e.held.queues[h.queue]
	x := *q.first()
	cost := bufferSize(len(x.payload)) + heldOverhead
	q.bytes -= cost
	e.held.bytes -= cost
	q.first().payload = nil
	if q.head++; q.head == len(q.segments) {
		q.segments, q.head = q.segments[:0], 0
		e.held.free = append(e.held.free, h.queue)
		h.queue = 0
	} else if q.head > 64 && q.head*2 > len(q.segments) {
		q.segments = append(q.segments[:0], q.segments[q.head:]...)
		q.head = 0
	}
	if !h.has(dataEnded) {
		e.pass(c, d, x.seq, x.payload, x.n, x.time, x.num, &x.note)
	}
	e.held.release(x.payload)
}
