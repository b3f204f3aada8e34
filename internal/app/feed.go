package app

import (
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// feed returns the session of a capture that is being made.
func (j *Job) feed(opt capture.Options) *feed {
	keep := j.s.Live.Keep
	if j.s.live == nil {
		keep = live.DefaultKeep
	}
	f := &feed{session: live.NewSession(j.analysis(opt), keep)}
	j.current.Store(f)
	return f
}

// feed is a session that is looked at while it goes on.
type feed struct {
	mu      sync.Mutex
	session *live.Session
	news    uint64         // grows with the segments
	last    *live.Snapshot // once it is over
}

// Apply takes the next segments.
func (f *feed) Apply(segs []flows.Segment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(segs) > 0 {
		f.news++
	}
	f.session.Apply(segs)
}

// census says how things stand.
func (f *feed) census(at int64) analyze.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.session.Census(at)
}

// finish ends the session.
func (f *feed) finish(first, last int64) *live.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = f.session.Finish(first, last)
	return f.last
}

// look returns a snapshot, nil if nothing came since seen, which it moves on. held
// is for how long it kept the reading waiting.
func (f *feed) look(seen *uint64, times func() (first, last int64)) (x *live.Snapshot, held time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.news == *seen {
		return nil, 0
	}
	*seen = f.news
	began := time.Now()
	x = f.session.Snapshot(times())
	return x, time.Since(began)
}
