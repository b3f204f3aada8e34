package analyze

import (
	"slices"
	"unsafe"
)

// Requests that wait for the ones before them to be answered: pipelined ones.

const (
	// maxQueued and maxQueuedAll bound how many of them are remembered one by one, of
	// one connection and in all: 16 MiB. More are only counted.
	maxQueued    = 1 << 16
	maxQueuedAll = 1 << 18
	// maxSpareQueue is how many a queue has room for that is kept to be used again.
	maxSpareQueue = 1 << 10
)

// exchangeQueue holds the outstanding exchanges of a connection but the first, the
// oldest first.
type exchangeQueue struct {
	list     []exchange
	head     int    // those before it were taken out
	unlisted uint32 // how many follow those in the list
}

// waiting returns those that are remembered one by one.
func (q *exchangeQueue) waiting() []exchange { return q.list[q.head:] }

// thin keeps at most n of those that are remembered, and returns how many it gave up.
func (q *exchangeQueue) thin(n int) (lost int) {
	w := q.waiting()
	if lost = len(w) - n; lost > 0 {
		w = w[:n]
		q.unlisted += uint32(lost)
	}
	q.list, q.head = slices.Clone(w), 0
	return max(0, lost)
}

// unremembered is an exchange of which nothing is known.
var unremembered = exchange{requestAt: Unknown, requestDone: Unknown, firstByteAt: Unknown}

// push adds an outstanding exchange, of which nothing is known yet, and returns it to be
// filled; it need not be remembered.
func (s *httpStates) push(t *httpState) *exchange {
	t.outstanding++
	if t.outstanding == 1 {
		t.current = unremembered
		return &t.current
	}
	if t.queue == 0 {
		t.queue = s.queues.Take()
	}
	q := s.queues.At(t.queue)
	if q.unlisted > 0 || len(q.waiting()) >= maxQueued || s.queued >= maxQueuedAll || s.few && len(q.waiting()) >= fewSamples {
		q.unlisted++
		return &s.scratch
	}
	if len(q.list) == cap(q.list) && q.head > len(q.list)/2 {
		q.list = q.list[:copy(q.list, q.waiting())]
		q.head = 0
	}
	was := cap(q.list)
	q.list = append(q.list, unremembered)
	s.queueBytes += int64(cap(q.list)-was) * int64(unsafe.Sizeof(unremembered))
	s.queued++
	return &q.list[len(q.list)-1]
}

// last returns the newest outstanding exchange.
func (s *httpStates) last(t *httpState) *exchange {
	if t.outstanding <= 1 || t.queue == 0 {
		return &t.current
	}
	q := s.queues.At(t.queue)
	if q.unlisted > 0 {
		s.scratch = unremembered
		return &s.scratch
	}
	return &q.list[len(q.list)-1]
}

// pop drops the oldest outstanding exchange.
func (s *httpStates) pop(t *httpState) {
	t.outstanding--
	if t.outstanding == 0 {
		t.facts &^= requestPartial
		return
	}
	q := s.queues.At(t.queue)
	if len(q.waiting()) > 0 {
		t.current = q.list[q.head]
		q.head++
		s.queued--
	} else {
		t.current = unremembered
		q.unlisted--
	}
	if t.outstanding == 1 {
		s.giveQueue(t)
	}
}

// giveQueue takes back the queue of t, if it has one.
func (s *httpStates) giveQueue(t *httpState) {
	if t.queue == 0 {
		return
	}
	q := s.queues.At(t.queue)
	s.queued -= len(q.waiting())
	*q = exchangeQueue{list: q.list[:0]}
	if cap(q.list) > maxSpareQueue {
		s.queueBytes -= int64(cap(q.list)) * int64(unsafe.Sizeof(exchange{}))
		q.list = nil
	}
	s.queues.Give(t.queue)
	t.queue = 0
}
