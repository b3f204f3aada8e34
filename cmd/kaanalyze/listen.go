package main

import (
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// A watch shows a capture by HTTP while it is read. nil shows nothing.
type watch struct {
	server *live.Server
	stop   chan struct{}
	done   chan struct{}

	mu      sync.Mutex // guards the rest
	session *live.Session
	source  *capture.Source // nil before the first segment
	news    bool            // since the last moment that was shown
}

// listen begins to answer, if --listen asks for it.
func (j *job) listen(what analyze.Options) error {
	if !j.s.listen.IsValid() {
		return nil
	}
	server := live.NewServer(version, time.Now)
	if err := server.Listen(j.s.listen); err != nil {
		return err
	}
	j.watch = &watch{server: server, session: live.NewSession(what, live.DefaultKeep), stop: make(chan struct{}), done: make(chan struct{})}
	go j.watch.run(j)
	if !j.s.quiet {
		j.ui.line("status", "http://%v/metrics answers while the capture is read", server.Addr())
	}
	return nil
}

// apply takes the next segments. The first of them are shown at once.
func (w *watch) apply(j *job, src *capture.Source, segs []flows.Segment) {
	if w == nil {
		return
	}
	w.mu.Lock()
	_ = w.session.Apply(segs) // always nil
	first := w.source == nil
	w.source, w.news = src, true
	w.mu.Unlock()
	if first {
		w.show(j)
	}
}

// show shows what is so now, if there is news. It returns for how long it held
// the reading up.
func (w *watch) show(j *job) time.Duration {
	w.mu.Lock()
	if !w.news {
		w.mu.Unlock()
		return 0
	}
	began := time.Now()
	stats := w.source.Stats()
	x := w.session.Snapshot(stats.First, stats.Last)
	held := time.Since(began)
	w.news = false
	w.mu.Unlock()
	w.server.Publish(live.Moment{Snapshot: x, Meta: j.meta(&stats), Host: j.besides(x.Result, x)})
	return held
}

// How often a moment is shown. To make one holds the reading up, for a share of
// the time at most.
const (
	showEvery = time.Second
	showShare = 20
)

// run shows moments until close.
func (w *watch) run(j *job) {
	defer close(w.done)
	for pause := showEvery; ; {
		select {
		case <-w.stop:
			return
		case <-time.After(pause):
		}
		pause = max(showEvery, showShare*w.show(j))
	}
}

// close ends the answers.
func (w *watch) close() {
	if w == nil {
		return
	}
	close(w.stop)
	<-w.done
	w.server.Close()
}
