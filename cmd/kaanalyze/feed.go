package main

import (
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// feed returns the session of a capture that is being made.
func (j *job) feed(opt capture.Options) *feed {
	f := &feed{session: live.NewSession(j.analysis(opt), j.s.keep)}
	j.current.Store(f)
	return f
}

// feed is a session that is looked at while it goes on.
type feed struct {
	mu      sync.Mutex
	session *live.Session
	fresh   bool           // segments came since the last look
	last    *live.Snapshot // once it is over
}

// Apply takes the next segments.
func (f *feed) Apply(segs []flows.Segment) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fresh = f.fresh || len(segs) > 0
	return f.session.Apply(segs)
}

// census says how things stand.
func (f *feed) census(at int64) analyze.Census {
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

// look returns a snapshot, nil if nothing came since the last one.
func (f *feed) look(times func() (first, last int64)) *live.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.fresh {
		return nil
	}
	f.fresh = false
	return f.session.Snapshot(times())
}
