package live

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// DefaultKeep is how many ended connections a Session keeps in detail, at least.
const DefaultKeep = 20_000

// Session follows one capture. One goroutine at a time may use it; its snapshots may go
// to others.
type Session struct {
	keep     int
	onEnded  func(*analyze.Connection)
	analyzer *analyze.Analyzer

	// The window of connections that have ended: those before, and those since it was
	// last moved. At most keep are in either, but for what one Apply brings.
	older, newer []analyze.Connection

	// What became of connections that have left the window.
	left     int64 // how many there are
	past     cause.Past
	findings []rules.Finding

	now int64 // time of the last segment, ns since the epoch
}

// NewSession returns a Session that keeps at least that many ended connections in
// detail, and about twice as many at most. Connections go to opt.OnConnection, too, if
// it is set.
func NewSession(opt analyze.Options, keep int) *Session {
	s := &Session{keep: max(keep, 1), onEnded: opt.OnConnection}
	opt.Fold = true
	opt.OnConnection = s.ended
	s.analyzer = analyze.New(opt)
	return s
}

// Apply takes the next segments, as [analyze.Analyzer.Apply].
func (s *Session) Apply(segs []flows.Segment) {
	if n := len(segs); n > 0 {
		s.now = max(s.now, segs[n-1].Time)
	}
	s.analyzer.Apply(segs)
	if len(s.newer) >= s.keep {
		s.moveWindow()
	}
}

// ended takes a connection that has ended.
func (s *Session) ended(c *analyze.Connection) {
	s.newer = append(s.newer, *c)
	if s.onEnded != nil {
		s.onEnded(c)
	}
}

// moveWindow makes room for new connections: the older half of the window leaves it,
// and what became of these connections is counted.
func (s *Session) moveWindow() {
	if len(s.older) > 0 {
		d := cause.NewCollector(1)
		add := func(c *analyze.Connection) { d.Add(c, s.now) }
		left := make([]uint64, len(s.older))
		for i := range s.older {
			left[i] = s.older[i].ID
			add(&s.older[i])
		}
		for i := range s.newer {
			add(&s.newer[i])
		}
		x := rules.Diagnose(d, s.analyzer.ResultSoFar(s.older[0].Start, s.now, add))
		x.Remember(&s.past, left)
		s.findings = rules.Worst(s.findings, x.Findings)
		s.left += int64(len(s.older))
	}
	s.older, s.newer = s.newer, s.older[:0]
}

// Snapshot says what can be said now; the session goes on. First and last are the
// times of the first and the last packet, TCP or not.
func (s *Session) Snapshot(first, last int64) *Snapshot {
	x := s.peek(first, last)
	x.Diagnosis.Before(&s.past, s.findings)
	return x
}

// Counts counts connections, requests and TIME_WAIT entries at a time in ns since the
// epoch, as [analyze.Analyzer.Snapshot]. It takes less than a [Snapshot], and nothing is
// judged.
func (s *Session) Counts(at int64) analyze.Snapshot { return s.analyzer.Snapshot(at) }

// Finish ends the session and returns its last snapshot: connections that are still
// open are judged as the end of the capture leaves them.
func (s *Session) Finish(first, last int64) *Snapshot {
	x := s.judge(s.analyzer.Finish(first, last), slices.Concat(s.older, s.newer))
	x.Diagnosis.Before(&s.past, s.findings)
	return x
}

// peek judges the connections of the window and the open ones.
func (s *Session) peek(first, last int64) *Snapshot {
	list := make([]analyze.Connection, 0, len(s.older)+len(s.newer)+s.analyzer.Kept())
	list = append(append(list, s.older...), s.newer...)
	r := s.analyzer.ResultSoFar(first, last, func(c *analyze.Connection) { list = append(list, *c) })
	return s.judge(r, list)
}

// judge returns the snapshot of a result with these connections.
func (s *Session) judge(r *analyze.Result, list []analyze.Connection) *Snapshot {
	slices.SortFunc(list, func(a, b analyze.Connection) int { return cmp.Compare(a.ID, b.ID) })
	d := cause.NewCollector(1)
	for i := range list {
		d.Add(&list[i], r.Last)
	}
	return &Snapshot{At: r.Last, Result: r, Diagnosis: rules.Diagnose(d, r), Connections: list, Left: s.left}
}
