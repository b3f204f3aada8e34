package capture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A Source is an opened capture or interface. Run reads it once; Stats, Progress, Origin
// and Secrets may be called at any time, from any goroutine.
type Source struct {
	opt     Options
	cursors []*cursor // as named
	merger  merger
	live    *live // nil for files
	streams bool  // some file may make a reader wait
	total   int64 // bytes of all files, 0 if one is not known
	filters *filterSet
	defrag  *decode.Defragmenter
	scan    func(payload []byte) flows.Note // for what defrag puts together, once there is any
	book    book
	began   atomic.Bool
	counted uint64 // towards opt.Count
	current *block // whose segments apply sees
}

// Run reads the capture to its end, or until ctx is done, and calls apply with
// runs of TCP segments in the order of the capture: one call at a time, each
// after the one before, maybe from different goroutines. Segments and payloads
// are valid only during the call. Run returns apply's error, ctx's, or nil;
// damage is an error only if no packet could be read, see [Stats.Damage].
func (s *Source) Run(ctx context.Context, apply func([]flows.Segment) error) error {
	if s.began.Swap(true) {
		return errors.New("read capture: it has been read before")
	}
	s.defrag = decode.NewDefragmenter()
	if s.live != nil {
		return s.runLive(ctx, apply)
	}
	r := &reading{s: s, ctx: ctx, apply: apply}
	r.turned.L = &r.input
	r.queue.init(s.opt.Workers)
	if s.opt.Workers == 1 && !s.streams {
		r.work()
	} else {
		r.workers()
	}
	if err := r.result(); err != nil {
		return err
	}
	if d := s.Stats(); d.Packets == 0 && d.Damage != nil {
		return fmt.Errorf("read capture %q: at byte %d: %s", d.Damage.Source, d.Damage.Offset, d.Damage.Reason)
	}
	return nil
}

// Stats returns what has been read so far; it is final after Run.
func (s *Source) Stats() Stats { return s.book.summary() }

// Progress returns how many bytes of the files have been read, and of how
// many, as they lie on disk. The total is 0 if it is not known.
func (s *Source) Progress() (done, total int64) {
	for _, c := range s.cursors {
		done += c.done.Load()
	}
	return done, s.total
}

// Origin returns which source frame num comes from and its number there. It
// knows the frames that have been handed to apply.
func (s *Source) Origin(num uint64) (source string, packet uint64) { return s.book.origin(num) }

// Secrets returns the TLS key logs that a pcapng capture carries, in the order
// of the capture. They are the caller's only to read.
func (s *Source) Secrets() [][]byte {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.book.secrets[:len(s.book.secrets):len(s.book.secrets)]
}

// Close closes the files. It does not wait for a read that Run has given up. Of
// an interface it closes the one that is saved to, too, whose error it returns.
func (s *Source) Close() error {
	if s.live != nil {
		return s.live.close()
	}
	for _, c := range s.cursors {
		c.abandon()
	}
	return nil
}

// A reading is one Run: workers that take turns.
type reading struct {
	s     *Source
	ctx   context.Context
	apply func([]flows.Segment) error

	input     sync.Mutex // guards the merger and tickets
	turned    sync.Cond  // that another stretch is due
	tickets   uint64
	stretches stretches
	queue     queue
	stopped   atomic.Bool // no more blocks are needed

	delivering sync.Mutex // guards err and over; held while apply runs
	err        error
	over       bool // Run returns: apply is not called again
}

// workers runs the workers and waits for them. If ctx is done while one waits
// for a pipe, that one is left behind; it finds nothing to do when it wakes.
func (r *reading) workers() {
	var all sync.WaitGroup
	for range r.s.opt.Workers {
		all.Go(r.work)
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-r.ctx.Done():
		r.stopped.Store(true)
		if !r.s.streams {
			<-done
		}
	}
}

// result ends the reading and says how it went.
func (r *reading) result() error {
	r.delivering.Lock()
	defer r.delivering.Unlock()
	r.over = true
	if r.err == nil {
		r.err = r.ctx.Err()
	}
	return r.err
}

// work takes block after block: reads it, decodes it and hands it in.
func (r *reading) work() {
	w := newWorker(r.s)
	for {
		b := r.queue.take()
		if !r.read(w, b) {
			return
		}
		w.decode(b)
		r.queue.hand(b, r.deliver)
	}
}

// read reads the next block for w, and reports false after the last one.
func (r *reading) read(w *worker, b *block) bool {
	b.clear(r.s.merger.size)
	r.inTurn(b)
	defer r.input.Unlock()
	if b.stretch.claimed {
		defer r.turned.Broadcast()
		defer r.stretches.turn.Add(1)
	}
	if r.stopped.Load() || !r.s.merger.next(b) {
		return false
	}
	if !r.stretches.on.Load() && r.s.opt.Workers > 1 {
		r.stretches.begin(&r.s.merger)
	}
	if r.s.opt.Count > 0 && w.limitCount(b) {
		r.stopped.Store(true)
	}
	b.ticket = r.tickets
	r.tickets++
	return true
}

// inTurn locks the input when b is to be read from it, or is to be walked: it
// has then read its stretch.
func (r *reading) inTurn(b *block) {
	for {
		if r.stretches.claim(b); b.stretch.claimed {
			break
		}
		lock(&r.input)
		if !r.stretches.on.Load() {
			return
		}
		r.input.Unlock() // meanwhile they have begun
	}
	spin(func() bool { return r.stretches.due(b) })
	r.input.Lock()
	for !r.stretches.due(b) {
		r.turned.Wait()
	}
}

// deliver enters a block in the book and hands its segments to apply.
func (r *reading) deliver(b *block) {
	r.delivering.Lock()
	defer r.delivering.Unlock()
	if r.err != nil || r.over {
		return
	}
	if r.err = r.ctx.Err(); r.err == nil {
		r.s.resolve(b)
		r.s.book.enter(b)
		r.err = b.err
	}
	if r.err == nil && b.n > 0 {
		r.s.current = b
		r.err = r.apply(b.segs[:b.n])
	}
	if r.err != nil {
		r.stopped.Store(true)
	}
}
