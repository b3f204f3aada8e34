package live

import (
	"cmp"
	"slices"
	"sort"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// DefaultKeep is how many ended connections a Session keeps in detail, at least.
const DefaultKeep = 20_000

// Session follows one capture. It belongs to one goroutine; its snapshots may
// go to others.
type Session struct {
	keep     int
	onEnded  func(*analyze.Connection)
	analyzer *analyze.Analyzer

	// The window of connections that have ended: those before, and those since it was
	// last moved. At most keep are in either, but for what one Apply brings.
	older, newer []analyze.Connection

	// What became of connections that have left the window.
	left     int64 // how many there are
	causes   []cause.Total
	findings []rules.Finding

	now int64 // time of the last segment, ns since the epoch
}

// NewSession returns a Session that keeps at least that many connections in
// detail. Connections go to opt.OnConnection, too, if it is set.
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
		s.causes = x.Add(s.causes, left)
		s.findings = rules.Worst(s.findings, x.Findings)
		s.left += int64(len(s.older))
	}
	s.older, s.newer = s.newer, s.older[:0]
}

// Snapshot is what can be said of a capture at a moment. Nobody changes it any more, so
// many goroutines may read it.
type Snapshot struct {
	At          int64 // time of the last packet, ns since the epoch
	Result      *analyze.Result
	Diagnosis   *rules.Diagnosis
	Connections []analyze.Connection // in order of ID: those that have not ended, and the last that have
	Left        int64                // connections that are in the sums alone

	whole bool // Result has the connections
}

// Snapshot says what can be said now; the session goes on. First and last are the
// times of the first and the last packet, TCP or not.
func (s *Session) Snapshot(first, last int64) *Snapshot {
	x := s.peek(first, last)
	x.Diagnosis.Before(s.causes, s.findings)
	return x
}

// Census says how things stand, as [analyze.Analyzer.Snapshot].
func (s *Session) Census(at int64) analyze.Snapshot { return s.analyzer.Snapshot(at) }

// Finish ends the session and returns its last snapshot: connections that are still
// open are judged as the end of the capture leaves them.
func (s *Session) Finish(first, last int64) *Snapshot {
	x := s.judge(s.analyzer.Finish(first, last), slices.Concat(s.older, s.newer))
	x.Diagnosis.Before(s.causes, s.findings)
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

// Whole returns the Snapshot of an analysis that is over and has kept all
// connections.
func Whole(r *analyze.Result, d *rules.Diagnosis) *Snapshot {
	return &Snapshot{At: r.Last, Result: r, Diagnosis: d, whole: true}
}

// Len returns how many connections there are. With Connection, Exchanges and Example
// a Snapshot is the [report.Facts] of a report.
func (x *Snapshot) Len() int {
	if x.whole {
		return x.Result.Len()
	}
	return len(x.Connections)
}

// Connection fills c with the i-th connection.
func (x *Snapshot) Connection(i int, c *analyze.Connection) {
	if x.whole {
		x.Result.Connection(i, c)
		return
	}
	*c = x.Connections[i]
}

// ConnectionAt returns the i-th connection without a copy where it can: it lies in
// x, or in scratch, which is filled then.
func (x *Snapshot) ConnectionAt(i int, scratch *analyze.Connection) *analyze.Connection {
	if x.whole {
		x.Result.Connection(i, scratch)
		return scratch
	}
	return &x.Connections[i]
}

// ByID fills c with the connection that has that ID, and reports whether there
// is one.
func (x *Snapshot) ByID(id uint64, c *analyze.Connection) bool {
	i := sort.Search(x.Len(), func(i int) bool {
		x.Connection(i, c)
		return c.ID >= id
	})
	if i == x.Len() {
		return false
	}
	x.Connection(i, c)
	return c.ID == id
}

// Exchanges returns the exchanges if a whole analysis has kept them, and else none.
func (x *Snapshot) Exchanges() []analyze.Exchange {
	if x.whole {
		return x.Result.Exchanges()
	}
	return nil
}

// Example returns a connection that is worth a look, and why, if it is still kept.
func (x *Snapshot) Example() (id uint64, why string, ok bool) {
	var c analyze.Connection
	id, why, ok = x.Result.Example()
	return id, why, ok && x.ByID(id, &c)
}
