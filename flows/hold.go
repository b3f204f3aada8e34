package flows

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/compact"
)

const (
	// maxHeldSegments is how many segments one side may hold: to put one
	// between the others takes time.
	maxHeldSegments = 4096

	heldOverhead = 104      // bytes that a held segment costs beside its buffer
	bufferUnit   = 2 << 10  // buffers are a multiple of that
	maxSpareSize = 16 << 10 // larger buffers are not kept for reuse
	maxSpares    = 512      // buffers kept for reuse
)

// holding keeps the payload that came out of order: a queue for each side that
// has a hole, by half.queue. Queues and buffers are used again.
type holding struct {
	queues compact.Pool[holdQueue]
	spare  [][]byte
	bytes  int // cost of all that is held
}

// holdQueue is what one side sent beyond a hole, by sequence number. Those
// before head have been handed over.
type holdQueue struct {
	segments []heldSegment
	head     int
	bytes    int
}

// heldSegment is the payload of a segment beyond a hole, and what Data tells of
// it.
type heldSegment struct {
	seq, n  uint32 // n is the length on the wire
	payload []byte
	time    int64
	num     uint64
	note    Note
	ts      uint32 // its timestamp, if hasTS
	hasTS   bool
}

// first returns the segment that comes next.
func (q *holdQueue) first() *heldSegment { return &q.segments[q.head] }

// above returns the segments beyond seq, by sequence number.
func (q *holdQueue) above(seq uint32) []heldSegment {
	i, _ := slices.BinarySearchFunc(q.segments, seq, func(x heldSegment, seq uint32) int {
		if after(x.seq, seq) {
			return 1
		}
		return -1
	})
	return q.segments[i:]
}

// bufferSize is how large the buffer is for a payload of n bytes.
func bufferSize(n int) int { return (n + bufferUnit - 1) / bufferUnit * bufferUnit }

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

// release takes back a buffer.
func (h *holding) release(b []byte) {
	if cap(b) <= maxSpareSize && len(h.spare) < maxSpares {
		h.spare = append(h.spare, b)
	}
}

// insert holds a copy of the payload of s, whose first byte has the sequence
// number seq, in the queue of side. It reports whether the bounds allow it: total
// for all that is held, perSide for one side, in bytes.
func (h *holding) insert(side *half, seq uint32, s *Segment, total, perSide int) bool {
	cost := bufferSize(len(s.Payload)) + heldOverhead
	if h.bytes+cost > total || cost > perSide {
		return false
	}
	if side.queue == 0 {
		side.queue = h.queues.Take()
	}
	q := h.queues.At(side.queue)
	if q.bytes+cost > perSide || len(q.segments)-q.head >= maxHeldSegments {
		return false
	}
	at := len(q.segments)
	for at > q.head && after(q.segments[at-1].seq, seq) {
		at--
	}
	if at > q.head && q.segments[at-1].seq == seq && q.segments[at-1].n >= s.Len {
		return true // held already
	}
	q.segments = slices.Insert(q.segments, at, heldSegment{seq, s.Len, h.copyOf(s.Payload), s.Time, s.Num, s.Note, s.TSVal, s.HasTS})
	q.bytes += cost
	h.bytes += cost
	return true
}

// takeFirst removes the first segment of side's queue, and gives the queue back if
// it was the last. The caller releases the payload.
func (h *holding) takeFirst(side *half) heldSegment {
	q := h.queues.At(side.queue)
	first := *q.first()
	cost := bufferSize(len(first.payload)) + heldOverhead
	q.bytes -= cost
	h.bytes -= cost
	q.first().payload = nil
	if q.head++; q.head == len(q.segments) {
		q.segments, q.head = q.segments[:0], 0
		h.queues.Give(side.queue)
		side.queue = 0
	} else if q.head > 64 && q.head*2 > len(q.segments) {
		q.segments = append(q.segments[:0], q.segments[q.head:]...)
		q.head = 0
	}
	return first
}
