package capture

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A queue brings decoded blocks back into the order of the capture. A worker that
// submits the next block while nobody delivers, delivers it and all that are
// ready behind it: so the state behind apply stays in one core's cache as long
// as there is work for it, and the other workers go on reading.
type queue struct {
	mu         sync.Mutex
	ready      []*block // by seq, modulo its length
	next       uint64   // seq of the block to deliver next
	delivering bool

	free      []*block
	freeCount atomic.Int32 // len(free), to look at without the lock
	freed     sync.Cond
}

// spareBlocks is how many blocks may wait for delivery beside the one that each
// worker holds.
const spareBlocks = 4

// init allocates the blocks. A worker alone delivers each at once and needs one.
func (q *queue) init(workers int) {
	n := workers + spareBlocks
	if workers == 1 {
		n = 1
	}
	q.ready = make([]*block, n)
	for range n {
		q.free = append(q.free, &block{})
	}
	q.freeCount.Store(int32(n))
	q.freed.L = &q.mu
}

// acquire returns a block to fill, and waits until one is free.
func (q *queue) acquire() *block {
	spin(func() bool { return q.freeCount.Load() > 0 })
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.free) == 0 {
		q.freed.Wait()
	}
	b := q.free[len(q.free)-1]
	q.free = q.free[:len(q.free)-1]
	q.freeCount.Add(-1)
	return b
}

// submit takes a decoded block. Unless another worker delivers, it delivers what
// is due: this block, or those up to the first one that is still being decoded.
func (q *queue) submit(b *block, deliver func(*block)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready[b.seq%uint64(len(q.ready))] = b
	if q.delivering {
		return
	}
	q.delivering = true
	for {
		slot := &q.ready[q.next%uint64(len(q.ready))]
		b := *slot
		if b == nil {
			q.delivering = false
			q.freed.Broadcast() // nobody else may come by
			return
		}
		*slot = nil
		q.next++
		q.mu.Unlock()
		deliver(b)
		q.mu.Lock()
		q.free = append(q.free, b)
		q.freeCount.Add(1)
		if len(q.free) >= len(q.ready)/2 { // then whoever is woken has several to fill
			q.freed.Signal()
		}
	}
}

// A waiter looks again for 5 to 10 us before it parks, which takes about as much CPU time
// as to park and be woken: spinRounds times spinLooks, a round a third of a microsecond.
// Between the rounds it lets other goroutines run. That a parked thread takes longer to
// wake up costs nothing while blocks are ready.
const (
	spinRounds = 20
	spinLooks  = 100
)

// spin calls ready until it reports true, and reports false after a while.
func spin(ready func() bool) bool {
	for range spinRounds {
		for range spinLooks {
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
