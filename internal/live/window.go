package live

import (
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// A sliding window is judged beside the whole of a capture: by an analysis of its own,
// which begins anew each half of the window, so that neither its time nor its memory
// grows with what was seen. Of two that overlap the older one is told: it has seen the
// last half of the window at least, and all of it at most.

// window makes sessions that begin one after the other. A nil one does nothing.
type window struct {
	span  int64
	clock func() int64 // the time when no segment comes; nil if that is not known
	begin func() *Session

	older, newer windowed
	turns        int // how often one began
}

// windowed is a session, and when it began, in ns since the epoch.
type windowed struct {
	*Session
	from int64
}

// Recent is a Snapshot of the window.
type Recent struct {
	Span  int64 // ns, as asked for
	First int64 // when the part that is judged begins, ns since the epoch; At of the Snapshot is its end
	*Snapshot
}

// AddWindow has s judge the last so much time beside the whole, before the first Apply. What s
// keeps, and may take, the window does twice, too.
func (s *Session) AddWindow(opt analyze.Options, span time.Duration, keep int, maxMemory int64) {
	opt.OnConnection = nil
	opt.Filtered = true // connections are numbered by each session on its own, and tshark numbers none so
	s.window = &window{span: int64(span), clock: opt.Clock, begin: func() *Session { return NewSession(opt, keep, maxMemory) }}
}

// WindowTurns returns how often the window has moved.
func (s *Session) WindowTurns() int {
	if s.window == nil {
		return 0
	}
	return s.window.turns
}

// apply takes the next segments.
func (w *window) apply(segs []flows.Segment, now int64) {
	if w == nil {
		return
	}
	if len(segs) == 0 && w.clock != nil {
		now = max(now, w.clock())
	}
	if now == 0 {
		return // nothing has come
	}
	from := now
	if len(segs) > 0 {
		from = segs[0].Time
	}
	switch half := w.span / 2; {
	case w.newer.Session == nil:
		w.turn(from)
	case now-w.newer.from >= w.span: // neither has seen what is in the window
		w.turn(from)
		w.older = windowed{}
	case now-w.newer.from >= half:
		w.turn(from)
	}
	w.newer.Apply(segs)
	if w.older.Session != nil {
		w.older.Apply(segs)
	}
}

// turn begins another session.
func (w *window) turn(from int64) {
	w.older, w.newer = w.newer, windowed{w.begin(), from}
	w.turns++
}

// told returns the session that is told, the zero one without any.
func (w *window) told() windowed {
	switch {
	case w == nil:
		return windowed{}
	case w.older.Session != nil:
		return w.older
	}
	return w.newer
}

// Told returns the window as reports have it, nil for nil.
func (x *Recent) Told() *report.Recent {
	if x == nil {
		return nil
	}
	return &report.Recent{Span: time.Duration(x.Span), Result: x.Result, Diagnosis: x.Diagnosis}
}

// recentMoment is a Moment of the window.
type recentMoment struct {
	*Moment
	span, from, now int64
}

// peek is [Session.Peek] of the window; nil without one.
func (w *window) peek(now int64) *recentMoment {
	x := w.told()
	if x.Session == nil {
		return nil
	}
	return &recentMoment{x.Peek(), w.span, x.from, max(now, x.now)}
}

// snapshot judges.
func (m *recentMoment) snapshot(opens bool) *Recent {
	if m == nil {
		return nil
	}
	m.opens = opens
	return &Recent{m.span, m.from, m.Snapshot(m.from, m.now)}
}

// finish ends the window.
func (w *window) finish(last int64, opens bool) *Recent {
	x := w.told()
	if x.Session == nil {
		return nil
	}
	return &Recent{w.span, x.from, x.finish(x.from, max(last, x.now), opens)}
}
