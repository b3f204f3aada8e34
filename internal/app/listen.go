package app

import (
	"cmp"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// A listener answers questions by HTTP about a capture while it is read. A nil one does
// nothing.
type listener struct {
	server *serve.Server
	stop   chan struct{}
	done   chan struct{}

	own   *sharedSession // of files, which have no session otherwise; nil for a live capture
	begun bool           // the first segments have come; for the reading goroutine alone

	seen uint64 // version of the session that was published last

	mu  sync.Mutex      // guards src and seen, and is held while a moment is published
	src *capture.Source // nil before the first segment
}

// listen begins to answer if --listen asks for it.
func (j *Job) listen(what analyze.Options) error {
	if !j.s.listen.IsValid() {
		return nil
	}
	server := serve.New(Version, time.Now)
	if j.s.MetricsLabel != "" {
		server.LabelServers(j.s.Top)
	}
	if err := server.Listen(j.s.listen); err != nil {
		return err
	}
	j.listener = &listener{server: server, stop: make(chan struct{}), done: make(chan struct{})}
	if !j.s.goesOn() {
		j.listener.own = &sharedSession{session: j.liveSession(what, Defaults().Live.Keep, j.memory/4)}
	}
	go j.listener.run(j)
	if !j.s.Quiet {
		j.ui.line("status", "http://%v/metrics answers while the capture is read", server.Addr())
	}
	return nil
}

// apply takes the next segments. The state after the first of them is published at
// once.
func (w *listener) apply(j *Job, src *capture.Source, segs []flows.Segment) {
	if w == nil {
		return
	}
	if w.own != nil {
		w.own.Apply(segs)
	}
	if w.begun {
		return
	}
	w.begun = true
	w.mu.Lock()
	w.src = src
	w.mu.Unlock()
	w.publish(j)
}

// publish publishes the state of the capture if it has changed. It returns how long to
// wait before the next time.
func (w *listener) publish(j *Job) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := cmp.Or(w.own, j.session.Load())
	if f == nil || w.src == nil {
		return publishEvery
	}
	stats := w.src.Stats()
	x, held, took := f.snapshot(&w.seen, func() (first, last int64) { return stats.First, j.end(&stats, stats.Last) })
	if x != nil {
		w.server.Publish(serve.Moment{Snapshot: x, Meta: j.meta(&stats), Host: j.hostSection(x.Result, x)})
	}
	return max(publishEvery, publishPause*held, judgePause*took)
}

// publishEvery is the time between two publications. The reading waits for each; so
// that it waits for a twentieth of the time at most, publishPause times as long passes
// before the next one.
const (
	publishEvery = time.Second
	publishPause = 20
)

// run publishes until close is called.
func (w *listener) run(j *Job) {
	defer close(w.done)
	for pause := publishEvery; ; {
		select {
		case <-w.stop:
			return
		case <-time.After(pause):
		}
		pause = w.publish(j)
	}
}

// close ends the answers, if there are any.
func (w *listener) close() {
	if w == nil {
		return
	}
	close(w.stop)
	<-w.done
	w.server.Close()
}
