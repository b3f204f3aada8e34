package app

import (
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// newSession begins the session of a capture that is being made.
func (j *Job) newSession(opt capture.Options) *sharedSession {
	keep := j.s.Live.Keep
	if !j.s.goesOn() {
		keep = live.DefaultKeep
	}
	f := &sharedSession{session: j.liveSession(j.sessionOptions(opt), keep, j.memory)}
	if j.outs.streams() != nil {
		f.session.OnDecided(j.outs.decided)
	}
	j.session.Store(f)
	return f
}

// liveSession returns a session that takes so much memory, with the window that is asked
// for.
func (j *Job) liveSession(what analyze.Options, keep int, memory int64) *live.Session {
	if j.s.Live.Window == 0 {
		return live.NewSession(what, keep, memory)
	}
	s := live.NewSession(what, keep, memory/2)
	s.AddWindow(what, j.s.Live.Window, keep, memory/4)
	return s
}

// A sharedSession is a session of which other goroutines take snapshots.
type sharedSession struct {
	mu      sync.Mutex
	session *live.Session
	version uint64         // changes with each segment
	last    *live.Snapshot // of the whole session, once it is over
}

// Apply takes the next segments.
func (f *sharedSession) Apply(segs []flows.Segment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	turns := f.session.WindowTurns()
	f.session.Apply(segs)
	if len(segs) > 0 || f.session.WindowTurns() != turns {
		f.version++
	}
}

// counts returns how many connections there are at that time.
func (f *sharedSession) counts(at int64) analyze.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.session.Counts(at)
}

// finish ends the session.
func (f *sharedSession) finish(first, last int64) *live.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = f.session.Finish(first, last)
	return f.last
}

// snapshot returns a snapshot, nil if no segment came since the version seen, which it
// sets to the present one. The reading waits only while what was seen is copied, which
// is what held says; that is judged beside it, for as long as took says.
func (f *sharedSession) snapshot(seen *uint64, times func() (first, last int64)) (x *live.Snapshot, held, took time.Duration) {
	began := time.Now()
	m, first, last := f.peek(seen, times)
	if m == nil {
		return nil, 0, 0
	}
	held = time.Since(began)
	x = m.Snapshot(first, last)
	return x, held, time.Since(began)
}

// peek is the part of snapshot for which the reading waits.
func (f *sharedSession) peek(seen *uint64, times func() (first, last int64)) (m *live.Moment, first, last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.version == *seen {
		return nil, 0, 0
	}
	*seen = f.version
	first, last = times()
	return f.session.Peek(), first, last
}

// followCapture reads an interface, or a file that grows, in bounded memory until it is told to stop, and
// reports.
func (j *Job) followCapture(src *capture.Source, opt capture.Options) error {
	f := j.newSession(opt)
	endTicks := func() {}
	if j.s.Follow && j.ticker != nil { // at the end of the file the reading waits
		endTicks = tickAlone(func() { j.ticker.update(src, f.counts) })
	}
	interrupted, err := j.read(src, func(segs []flows.Segment) error {
		defer j.ticker.update(src, f.counts)
		f.Apply(segs)
		return nil
	})
	endTicks()
	if err != nil {
		return err
	}
	j.waitForCommand()
	r := j.finishSession(src, opt, f)
	r.Meta.Interrupted = interrupted
	return j.deliver(r)
}

// finishSession makes the last report of a session.
func (j *Job) finishSession(src *capture.Source, opt capture.Options, f *sharedSession) *report.Report {
	first, last := j.times(src, opt)
	j.last = last
	x := f.finish(first, last)
	return j.report(src, x.Result, x.Diagnosis, x)
}
