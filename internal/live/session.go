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

	old, recent []analyze.Connection // ended ones; keep of them in old, once there are so many
	left        int64                // how many are in neither any more
	causes      []cause.Total
	findings    []rules.Finding // of windows before
	now         int64           // time of the last segment
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
	if len(s.recent) >= s.keep {
		s.turn()
	}
}

func (s *Session) ended(c *analyze.Connection) {
	s.recent = append(s.recent, *c)
	if s.onEnded != nil {
		s.onEnded(c)
	}
}

// turn makes room for new connections: the older half of the window leaves it,
// and what became of these is counted.
func (s *Session) turn() {
	if len(s.old) > 0 {
		d := cause.NewCollector(1)
		add := func(c *analyze.Connection) { d.Add(c, s.now) }
		left := make([]uint64, len(s.old))
		for i := range s.old {
			left[i] = s.old[i].ID
			add(&s.old[i])
		}
		for i := range s.recent {
			add(&s.recent[i])
		}
		x := rules.Diagnose(d, s.analyzer.ResultSoFar(s.old[0].Start, s.now, add))
		s.causes = x.Add(s.causes, left)
		s.findings = rules.Worst(s.findings, x.Findings)
		s.left += int64(len(s.old))
	}
	s.old, s.recent = s.recent, s.old[:0]
}

// Snapshot is what can be said of a session at a moment. It is not changed any
// more.
type Snapshot struct {
	At          int64 // time of the last packet, ns since the epoch
	Result      *analyze.Result
	Diagnosis   *rules.Diagnosis
	Connections []analyze.Connection // in order of ID: those that have not ended, and the last that have
	Left        int64                // connections that are in the sums alone

	whole bool // Result has the connections
}

// Snapshot looks at the session, which goes on; first and last are the times of
// the first and the last packet.
func (s *Session) Snapshot(first, last int64) *Snapshot {
	x := s.look(first, last)
	x.Diagnosis.Before(s.causes, s.findings)
	return x
}

// Census says how things stand, as [analyze.Analyzer.Snapshot].
func (s *Session) Census(at int64) analyze.Snapshot { return s.analyzer.Snapshot(at) }

// Finish says that the capture is over.
func (s *Session) Finish(first, last int64) *Snapshot {
	x := s.judge(s.analyzer.Finish(first, last), slices.Concat(s.old, s.recent))
	x.Diagnosis.Before(s.causes, s.findings)
	return x
}

// look judges the window and what is open.
func (s *Session) look(first, last int64) *Snapshot {
	list := make([]analyze.Connection, 0, len(s.old)+len(s.recent)+s.analyzer.Kept())
	list = append(append(list, s.old...), s.recent...)
	r := s.analyzer.ResultSoFar(first, last, func(c *analyze.Connection) { list = append(list, *c) })
	return s.judge(r, list)
}

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

// Len, Connection, Exchanges and Example are what reports ask a Result for.
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

// Exchanges returns those that a whole analysis kept, and else none.
func (x *Snapshot) Exchanges() []analyze.Exchange {
	if x.whole {
		return x.Result.Exchanges()
	}
	return nil
}

// Example returns a connection to look at, if it is still kept.
func (x *Snapshot) Example() (id uint64, why string, ok bool) {
	var c analyze.Connection
	id, why, ok = x.Result.Example()
	return id, why, ok && x.ByID(id, &c)
}
