package capture

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/flows"
)

// taps are several interfaces that are captured from at once. A goroutine for each fills
// blocks; Run's merges them, in order of time, as the merger does with files that overlap.
// An interface that has no packet holds up those of others for some sharedPoll only: it
// says up to which time it has seen everything.
type taps struct {
	of     []*liveTap
	filled chan filledBlock // by all of them
	stop   chan struct{}    // closed when no more blocks are needed
	holds  atomic.Bool      // frames wait for what interfaces say that have none
	merger merger
}

// A liveTap is one of several interfaces. Its goroutine has l and what is in free; the
// rest is the merger's.
type liveTap struct {
	l    *live
	free chan *block // to fill

	reader fileReader // as which the merger knows it: the frames of waiting[0]
	waits  []*block   // filled, in order
	seen   int64      // no packet that is to come is earlier
	ended  bool       // nothing is to come
}

// A filledBlock is what a goroutine says to the merger.
type filledBlock struct {
	from  *liveTap
	block *block
	seen  int64
	ended error // errStopped or why the interface has ended, nil if it goes on
}

const (
	// sharedPoll is pollTime where there are several interfaces: what one of them has
	// waits until the others have been asked.
	sharedPoll = 40e6
	// tapBlocks is how many blocks an interface fills before the merger gives one back:
	// what comes meanwhile waits in the kernel's ring.
	tapBlocks = 4
)

// openSeveral opens all interfaces of a device.
func openSeveral(dev Device, opt Options) (*Source, error) {
	names := dev.names()
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("%s: %w", name, ErrTwice)
		}
	}
	if slices.Contains(names, anyInterface) {
		return nil, fmt.Errorf("%s: %w", anyInterface, ErrAny)
	}
	var of []*live
	for _, name := range names {
		one := dev
		one.Name, one.Others = name, slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == name })
		l, err := openOne(one, opt.Filter)
		if err != nil {
			for _, l := range of {
				l.tap.close()
			}
			return nil, err
		}
		of = append(of, l)
	}
	return newTaps(of, opt), nil
}

// newTaps returns the source of interfaces that are open.
func newTaps(of []*live, opt Options) *Source {
	s := newLiveSource(of, opt)
	t := &taps{filled: make(chan filledBlock, len(of)*tapBlocks), stop: make(chan struct{})}
	for i, l := range of {
		l.number = uint32(i)
		tap := &liveTap{l: l, free: make(chan *block, tapBlocks), seen: math.MinInt64}
		tap.reader.source = i
		for range tapBlocks {
			tap.free <- &block{} // it grows where there is traffic
		}
		t.of = append(t.of, tap)
	}
	t.merger.size = blockSize
	s.taps = t
	return s
}

// interfaces returns those that are captured from, nil for files.
func (s *Source) interfaces() (of []*live) {
	if s.live != nil {
		return []*live{s.live}
	}
	if s.taps != nil {
		for _, t := range s.taps.of {
			of = append(of, t.l)
		}
	}
	return of
}

// runTaps is Run for several interfaces.
func (s *Source) runTaps(ctx context.Context, apply func([]flows.Segment) error) error {
	t := s.taps
	var all sync.WaitGroup
	for _, tap := range t.of {
		all.Go(func() { s.fillBlocks(ctx, tap) })
	}
	defer all.Wait()
	defer close(t.stop)

	w, b, now := newWorker(&s.opt, nil), &block{}, t.of[0].l.dev.Now
	var ended error
	for applied := int64(0); ; {
		b.clear(blockSize)
		s.takeReady(&ended)
		t.merge(b, now())
		switch {
		case len(b.Frames) > 0:
		case t.ended():
			return endOf(ended)
		default:
			t.holds.Store(len(t.merger.active) > 0)
			s.take(<-t.filled, &ended)
			if at := now(); uint64(at-applied) < pollTime {
				continue
			}
		}
		applied = now()
		var over error
		if s.limit.reached(w, b) {
			over = errStopped
		}
		if err := s.saveBlock(b); err != nil {
			over = err
		}
		if err := s.deliver(w, b, apply); err != nil {
			return err
		}
		if over != nil {
			return endOf(over)
		}
	}
}

// endOf returns what Run returns when a capture ends that way.
func endOf(ended error) error {
	if ended == errStopped {
		return nil
	}
	return &EndError{ended}
}

// fillBlocks fills blocks with what comes from an interface, until the capture is over.
func (s *Source) fillBlocks(ctx context.Context, tap *liveTap) {
	l := tap.l
	for said := int64(0); ; {
		var b *block
		select {
		case <-s.taps.stop:
			_ = s.pollDrops(l, l.dev.Now(), errStopped)
			return
		case b = <-tap.free:
		}
		ended := l.read(ctx, b)
		now := l.dev.Now()
		f := filledBlock{from: tap, block: b, seen: l.seen(b, now), ended: s.pollDrops(l, now, ended)}
		if len(b.Frames) == 0 && f.ended == nil && !s.taps.holds.Load() && uint64(now-said) < pollTime {
			tap.free <- b // to wake the merger costs more than all else here
			continue
		}
		said = now
		s.taps.filled <- f // it has room for all blocks
		if f.ended != nil {
			return
		}
		l.gather(b, now)
	}
}

// seen returns a time before which nothing comes behind what was read into b.
func (l *live) seen(b *block, now int64) int64 {
	at := int64(math.MinInt64)
	if n := len(b.Frames); n > 0 {
		at = b.Frames[n-1].Time
	}
	if l.quiet > 0 {
		at = max(at, now-tailQuiet*l.dev.poll()) // packets wait in the kernel twice that time at most
	}
	return at
}

// take takes what a goroutine says. The capture ends as its last interface does.
func (s *Source) take(f filledBlock, ended *error) {
	tap := f.from
	tap.ended, tap.seen = f.ended != nil, f.seen
	if tap.ended && *ended != errStopped {
		*ended = f.ended
	}
	if tap.ended && f.ended != errStopped && !s.taps.ended() {
		s.stats.lose(tap.l.dev.Name, f.ended)
		if lost := tap.l.dev.Lost; lost != nil {
			lost(tap.l.dev.Name, f.ended)
		}
	}
	if len(f.block.Frames) == 0 {
		tap.free <- f.block
		return
	}
	if tap.waits = append(tap.waits, f.block); len(tap.waits) == 1 {
		tap.begin()
	}
}

// takeReady takes what goroutines have said meanwhile.
func (s *Source) takeReady(ended *error) {
	for {
		select {
		case f := <-s.taps.filled:
			s.take(f, ended)
		default:
			return
		}
	}
}

// ended reports whether nothing comes any more from any interface.
func (t *taps) ended() bool {
	return !slices.ContainsFunc(t.of, func(tap *liveTap) bool { return !tap.ended })
}

// merge moves to b, which is clear, the frames that come next, as far as that is known.
func (t *taps) merge(b *block, now int64) {
	m := &t.merger
	for len(b.Buf) < m.size && len(b.Frames) <= m.size/16 {
		t.arrange(now)
		f, limit := m.earliest()
		if f == nil {
			return
		}
		if m.copyRun(b, f, limit); !f.hasBuffered() {
			t.of[f.source].next()
		}
	}
}

// arrange tells the merger which interfaces have frames and, as one that has not begun,
// which of the others has not been asked for the longest time.
func (t *taps) arrange(now int64) {
	m := &t.merger
	m.active, m.waiting = m.active[:0], m.waiting[:0]
	var behind *liveTap
	next := int64(math.MaxInt64)
	for _, tap := range t.of {
		if f := &tap.reader; f.hasBuffered() {
			m.active = append(m.active, f)
			next = min(next, f.buffered.Frames[f.nextBuffered].Time)
		} else if !tap.ended && (behind == nil || tap.seen < behind.seen) {
			behind = tap
		}
	}
	if behind != nil && next <= now { // what is later was captured before the clock was set back
		behind.reader.first = behind.seen
		m.waiting = append(m.waiting, &behind.reader)
	}
}

// begin has the merger see the block that waits first.
func (tap *liveTap) begin() {
	tap.reader.buffered, tap.reader.nextBuffered = *tap.waits[0], 0
	tap.reader.packets += uint64(len(tap.waits[0].Frames))
}

// next gives the block back whose frames have been taken, and goes on with the one
// behind it.
func (tap *liveTap) next() {
	b := tap.waits[0]
	tap.waits = slices.Delete(tap.waits, 0, 1)
	tap.reader.buffered, tap.reader.nextBuffered = block{}, 0
	tap.free <- b
	if len(tap.waits) > 0 {
		tap.begin()
	}
}
