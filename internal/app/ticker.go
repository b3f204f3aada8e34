package app

import (
	"fmt"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// A ticker tells how a live capture goes. Only tell may be called from another
// goroutine than the reading one.
type ticker struct {
	next  time.Time // when to tell
	pace  time.Duration
	asked chan struct{}
	lines chan string // what to tell, dropped if nobody hears
	begun time.Time
}

// newTicker returns a ticker that tells every pace, never if that is 0.
func newTicker(pace time.Duration) *ticker {
	p := &ticker{pace: pace, asked: make(chan struct{}, 1), lines: make(chan string, 1), begun: time.Now()}
	p.next = p.begun.Add(pace)
	return p
}

// ask has the next beat tell.
func (p *ticker) ask() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

// beat tells if it is time, or if asked. Counting takes the reading's time, so it
// is done less often where that is long.
func (p *ticker) beat(src *capture.Source, count func(at int64) analyze.Snapshot) {
	const share = 20
	now := time.Now()
	select {
	case <-p.asked:
	default:
		if p.pace == 0 || now.Before(p.next) {
			return
		}
		p.next = now.Add(p.pace)
	}
	census, stats := count(now.UnixNano()), src.Stats()
	if least := now.Add(share * time.Since(now)); p.next.Before(least) {
		p.next = least
	}
	dropped := stats.InterfaceDropped
	if stats.KernelDropped != nil {
		dropped += *stats.KernelDropped
	}
	line := fmt.Sprintf("%v, %s packets, %s connections (%s open), %s requests, %s TIME_WAIT now, %s dropped",
		now.Sub(p.begun).Round(time.Second), grouped(stats.Packets), grouped(uint64(census.Connections)), grouped(uint64(census.Open)),
		grouped(uint64(census.Requests)), grouped(uint64(census.TimeWait)), grouped(dropped))
	select {
	case p.lines <- line:
	default:
	}
}

// drawsStatus reports whether the status of a live capture is drawn on a terminal.
func (j *Job) drawsStatus() bool { return j.s.progress && IsTerminal(j.ui.w) }

// statusInterval is how often a live capture tells its status, 0 for never.
func (j *Job) statusInterval() time.Duration {
	switch {
	case j.s.Quiet:
		return 0
	case j.drawsStatus():
		return time.Second
	case IsTerminal(j.ui.w): // and --progress never
		return 0
	}
	return j.s.live.interval
}

// showStatus shows the ticker's lines until the function that it returns is called:
// on a terminal each in the place of the one before.
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
