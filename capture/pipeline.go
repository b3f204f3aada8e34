package capture

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/flows"
)

// A pipeline is one Run over files: workers that take turns, as the package
// comment explains.
type pipeline struct {
	s     *Source
	ctx   context.Context
	apply func([]flows.Segment) error

	input      sync.Mutex // guards the merger and nextSeq
	regionDone sync.Cond  // another region may be searched
	nextSeq    uint64
	regions    regions
	queue      queue
	stopped    atomic.Bool // no more blocks are needed

	delivering sync.Mutex // guards what follows; held while apply runs
	err        error
	panicked   any  // what apply panicked with, nil if it did not
	finished   bool // Run returns: apply is not called again
}

// newPipeline readies a Run of s.
func newPipeline(ctx context.Context, s *Source, apply func([]flows.Segment) error) *pipeline {
	p := &pipeline{s: s, ctx: ctx, apply: apply}
	p.regionDone.L = &p.input
	p.queue.init(s.opt.Workers)
	return p
}

// run runs the workers to the end of the capture. One that never waits
// needs no goroutine. If apply panics, so does run, with the same value.
func (p *pipeline) run() error {
	if p.s.opt.Workers == 1 && !p.s.mayWait {
		p.work()
	} else {
		p.runWorkers()
	}
	p.delivering.Lock()
	defer p.delivering.Unlock()
	p.finished = true
	if p.panicked != nil {
		panic(p.panicked)
	}
	if p.err == nil {
		p.err = p.ctx.Err()
	}
	return p.err
}

// runWorkers runs the workers and waits for them. If ctx is done while one waits
// for a pipe or a filter, that one is left behind; it finds nothing to do when it
// wakes.
func (p *pipeline) runWorkers() {
	var all sync.WaitGroup
	for range p.s.opt.Workers {
		all.Go(p.work)
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-p.ctx.Done():
		p.stopped.Store(true)
		if !p.s.mayWait {
			<-done
		}
	}
}

// work takes block after block: reads it, decodes it and submits it.
func (p *pipeline) work() {
	w := newWorker(&p.s.opt, p.s.filters)
	for {
		b := p.queue.acquire()
		if !p.read(w, b) {
			return
		}
		w.decode(b)
		p.queue.submit(b, p.deliver)
	}
}

// read reads the next block for w, and reports false after the last one.
func (p *pipeline) read(w *worker, b *block) bool {
	b.clear(p.s.merger.size)
	p.lockInOrder(b)
	defer p.input.Unlock()
	if b.region.claimed {
		defer p.regionDone.Broadcast()
		defer p.regions.next.Add(1)
	}
	if p.stopped.Load() || !p.s.merger.next(b) {
		return false
	}
	if !p.regions.active.Load() && p.s.opt.Workers > 1 {
		if f := p.s.merger.onlyPlain(); f != nil {
			p.regions.begin(f, p.s.merger.size)
		}
	}
	if p.s.limit.reached(w, b) {
		p.stopped.Store(true)
	}
	b.seq = p.nextSeq
	p.nextSeq++
	return true
}

// lockInOrder locks the input for b. If regions are active it claims and reads one
// for b first, and then waits for its turn.
func (p *pipeline) lockInOrder(b *block) {
	for {
		if p.regions.claim(b); b.region.claimed {
			break
		}
		lock(&p.input)
		if !p.regions.active.Load() {
			return
		}
		p.input.Unlock() // regions have become active meanwhile: claim one
	}
	spin(func() bool { return p.regions.isNext(b) })
	p.input.Lock()
	for !p.regions.isNext(b) {
		p.regionDone.Wait()
	}
}

// deliver adds a block to the stats and hands its segments to apply.
func (p *pipeline) deliver(b *block) {
	p.delivering.Lock()
	defer p.delivering.Unlock()
	if p.err != nil || p.finished {
		return
	}
	if p.err = p.ctx.Err(); p.err == nil {
		p.s.reassembler.add(b)
		p.s.stats.addBlock(b)
		p.err = b.err
	}
	if p.err == nil {
		p.s.handAnswers(b)
	}
	if p.err == nil && b.n > 0 {
		p.s.current = b
		p.err = p.callApply(b.segs[:b.n])
	}
	if p.err != nil {
		p.stopped.Store(true)
	}
}

// errPanicked stands for the error of an apply that panicked.
var errPanicked = errors.New("apply panicked")

// callApply calls apply, and keeps what it panics with: on this goroutine, which is
// a worker's, the caller of Run could not recover from that.
func (p *pipeline) callApply(segs []flows.Segment) (err error) {
	defer func() {
		if p.panicked = recover(); p.panicked != nil {
			err = errPanicked
		}
	}()
	return p.apply(segs)
}
