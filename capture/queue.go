package capture

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A queue brings decoded blocks back into the order of the capture. Whoever
// hands in the next one while nobody delivers, delivers it and all that are
// ready behind it: so the state behind apply stays in one core's cache as long
// as there is work for it, and the other workers go on reading.
type queue struct {
	mu         sync.Mutex
	ready      []*block // by ticket, modulo its length
	next       uint64   // ticket to deliver
	delivering bool

	free  []*block
	frees atomic.Int32 // len(free), to look at without the lock
	freed sync.Cond
}

// ahead is how many blocks may wait beside those that workers hold.
const ahead = 3

func (q *queue) init(workers int) {
	n := workers + ahead
	if workers == 1 {
		n = 1
	}
	q.ready = make([]*block, n)
	for range n {
		q.free = append(q.free, &block{})
	}
	q.frees.Store(int32(n))
	q.freed.L = &q.mu
}

// take returns a block to fill, and waits until there is one.
func (q *queue) take() *block {
	spin(func() bool { return q.frees.Load() > 0 })
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.free) == 0 {
		q.freed.Wait()
	}
	b := q.free[len(q.free)-1]
	q.free = q.free[:len(q.free)-1]
	q.frees.Add(-1)
	return b
}

// hand takes a block that is ready, and delivers what is due unless somebody
// does already.
func (q *queue) hand(b *block, deliver func(*block)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready[b.ticket%uint64(len(q.ready))] = b
	if q.delivering {
		return
	}
	q.delivering = true
	for {
		at := &q.ready[q.next%uint64(len(q.ready))]
		b := *at
		if b == nil {
			q.delivering = false
			return
		}
		*at = nil
		q.next++
		q.mu.Unlock()
		deliver(b)
		q.mu.Lock()
		q.free = append(q.free, b)
		q.frees.Add(1)
		q.freed.Signal()
	}
}

// A waiter looks again for 50 to 100 us before it parks, because waking a
// parked thread takes as long: rounds times, a third of a microsecond each.
// Between them it lets other goroutines run.
const (
	rounds = 200
	looks  = 100
)

// spin calls ready until it reports true, and reports false after a while.
func spin(ready func() bool) bool {
	for range rounds {
		for range looks {
			if ready() {
				return true
			}
		}
		runtime.Gosched()
	}
	return false
}

// lock locks mu, and parks only after a while.
func lock(mu *sync.Mutex) {
	if !spin(mu.TryLock) {
		mu.Lock()
	}
}
