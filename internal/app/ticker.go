package app

import (
	"fmt"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// A ticker makes the status lines of a capture that goes on. The reading goroutine calls
// update and, where it may wait for packets, one of its own; request may be called from any.
type ticker struct {
	updating sync.Mutex
	next     time.Time // when the next line is due
	interval time.Duration
	asked    chan struct{}
	lines    chan string // a line is dropped if the one before has not been taken
	begun    time.Time
}

// newTicker returns a ticker of which a line is due each interval, none if that is 0.
func newTicker(interval time.Duration) *ticker {
	p := &ticker{interval: interval, asked: make(chan struct{}, 1), lines: make(chan string, 1), begun: time.Now()}
	p.next = p.begun.Add(interval)
	return p
}

// request makes the next update send a line.
func (p *ticker) request() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

// update sends a line if one is due or requested. The reading waits while count counts,
// so lines are due less often where that takes long.
func (p *ticker) update(src *capture.Source, count func(at int64) analyze.Snapshot) {
	const share = 20
	if !p.updating.TryLock() {
		return // another goroutine does it
	}
	defer p.updating.Unlock()
	now := time.Now()
	select {
	case <-p.asked:
	default:
		if p.interval == 0 || now.Before(p.next) {
			return
		}
		p.next = now.Add(p.interval)
	}
	counts, stats := count(now.UnixNano()), src.Stats()
	if least := now.Add(share * time.Since(now)); p.next.Before(least) {
		p.next = least
	}
	dropped := stats.InterfaceDropped
	if stats.KernelDropped != nil {
		dropped += *stats.KernelDropped
	}
	line := fmt.Sprintf("%v, %s packets, %s connections (%s open), %s requests, %s TIME_WAIT now, %s dropped",
		now.Sub(p.begun).Round(time.Second), grouped(stats.Packets), grouped(uint64(counts.Connections)), grouped(uint64(counts.Open)),
		grouped(uint64(counts.Requests)), grouped(uint64(counts.TimeWait)), grouped(dropped))
	select {
	case p.lines <- line:
	default:
	}
}

// tickPace is how often a ticker of its own goroutine looks whether a line is due.
const tickPace = 100 * time.Millisecond

// tickAlone calls update again and again, until the function that it returns is called.
func tickAlone(update func()) (end func()) {
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		pace := time.NewTicker(tickPace)
		defer pace.Stop()
		for {
			select {
			case <-ended:
				return
			case <-pace.C:
				update()
			}
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}

// drawsStatus reports whether standard error is a terminal on which the status of a live
// capture is drawn.
func (j *Job) drawsStatus() bool { return j.s.progress && j.s.Live.Exec == "" && IsTerminal(j.ui.w) }

// statusInterval returns the time between status lines of a live capture, 0 for none.
func (j *Job) statusInterval() time.Duration {
	switch {
	case j.s.Quiet, j.s.Live.Exec != "": // the command's output is left alone
		return 0
	case j.drawsStatus():
		return time.Second
	case IsTerminal(j.ui.w): // and --progress never
		return 0
	}
	return j.s.Live.Interval
}

// showStatus shows the lines of a ticker until the function that it returns is called;
// on a terminal each replaces the one before.
func (u *ui) showStatus(p *ticker, terminal bool) (end func()) {
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ended:
				u.show("")
				return
			case line := <-p.lines:
				if terminal {
					u.show(line)
				} else {
					u.line("status", "%s", line)
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}
