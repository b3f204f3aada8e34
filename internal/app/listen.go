package app

import (
	"cmp"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// A listener shows a capture by HTTP while it is read. nil shows nothing.
type listener struct {
	server *serve.Server
	stop   chan struct{}
	done   chan struct{}

	own   *sharedSession // of its own, unless the capture has one
	begun bool           // of the reading goroutine

	seen uint64 // of the one that shows

	mu  sync.Mutex      // guards src, and held while a moment is shown
	src *capture.Source // nil before the first segment
}

// listen begins to answer, if --listen asks for it.
func (j *Job) listen(what analyze.Options) error {
	if !j.s.listen.IsValid() {
		return nil
	}
	server := serve.New(Version, time.Now)
	if err := server.Listen(j.s.listen); err != nil {
		return err
	}
	j.listener = &listener{server: server, stop: make(chan struct{}), done: make(chan struct{})}
	if j.s.live == nil {
		j.listener.own = &sharedSession{session: live.NewSession(what, live.DefaultKeep)}
	}
	go j.listener.run(j)
	if !j.s.Quiet {
		j.ui.line("status", "http://%v/metrics answers while the capture is read", server.Addr())
	}
	return nil
}

// apply takes the next segments. The first of them are shown at once.
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
	w.show(j)
}

// show shows what is so now, if there is news. It returns for how long it held
// the reading up.
func (w *listener) show(j *Job) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := cmp.Or(w.own, j.session.Load())
	if f == nil || w.src == nil {
		return 0
	}
	stats := w.src.Stats()
	x, held := f.snapshot(&w.seen, func() (first, last int64) { return stats.First, stats.Last })
	if x != nil {
		w.server.Publish(serve.Moment{Snapshot: x, Meta: j.meta(&stats), Host: j.hostSection(x.Result, x)})
	}
	return held
}

// How often a moment is shown. To make one holds the reading up, for a share of
// the time at most.
const (
	showEvery = time.Second
	showShare = 20
)

// run shows moments until close.
func (w *listener) run(j *Job) {
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
func (w *listener) close() {
	if w == nil {
		return
	}
	close(w.stop)
	<-w.done
	w.server.Close()
}
