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
	memory   *memory // nil without a bound
	decided  func(d *cause.Decisions, ids []uint64)

	givesUpRows bool // fewer connections are kept one by one than were asked for

	// The window of connections that have ended: those before, and those since it was
	// last moved. At most keep are in either, but for what one Apply brings.
	older, newer []analyze.Connection
	unanswered   int // of newer

	// What became of connections that have left the window.
	left     int64 // how many there are
	past     cause.Past
	findings []rules.Finding

	window *window // what happened last, judged beside the whole; nil without

	now    int64 // time of the last segment, ns since the epoch
	looked int   // how many connections the last turn of the window looked at
}

// NewSession returns a Session that keeps at least that many ended connections in
// detail, and about twice as many at most; it gives up detail so that it takes no more
// than that many bytes, 0 for no bound. Connections go to opt.OnConnection, too, if it is
// set.
func NewSession(opt analyze.Options, keep int, maxMemory int64) *Session {
	s := &Session{keep: max(keep, 1), onEnded: opt.OnConnection}
	s.setOptions(&opt, maxMemory)
	s.analyzer = analyze.New(opt)
	return s
}

// setOptions makes opt the options of a session, within the bound of its memory.
func (s *Session) setOptions(opt *analyze.Options, maxMemory int64) {
	opt.Fold = true
	opt.OnConnection = s.ended
	opt.Limits, opt.OnRenumber = analyze.DefaultLimits, s.renumber
	opt.Turn = s.turn
	if maxMemory > 0 {
		s.memory = newMemory(maxMemory)
		opt.Limits = s.memory.limits(opt.Limits)
		fit := s.memory.rows(s.keep)
		s.givesUpRows = fit < s.keep
		s.keep = fit
	}
	opt.SweepMost = s.keep
}

// Apply takes the next segments, as [analyze.Analyzer.Apply].
func (s *Session) Apply(segs []flows.Segment) {
	if n := len(segs); n > 0 {
		s.now = max(s.now, segs[n-1].Time)
	}
	s.analyzer.Apply(segs)
	s.turn()
	s.memory.keepWithin(s.analyzer)
	s.turn()
	s.window.apply(segs, s.now)
}

// turn moves the window if it is full.
func (s *Session) turn() {
	if len(s.newer) >= s.keep {
		s.moveWindow()
	}
}

// unansweredShare is the share of the window that connections may have whose SYN nobody
// answered: a flood of them must not take the place of all others.
const unansweredShare = 4

// ended takes a connection that has ended.
func (s *Session) ended(c *analyze.Connection) {
	if s.onEnded != nil {
		s.onEnded(c)
	}
	if c.Handshake == flows.HandshakeUnanswered {
		if s.unanswered >= max(1, s.keep/unansweredShare) {
			s.leave(1)
			s.past.AddUnanswered()
			return
		}
		s.unanswered++
	}
	s.newer = append(s.newer, *c)
}

// renumber takes the new numbers of pairs and servers.
func (s *Session) renumber(pair, server func(uint32) uint32) {
	s.past.Renumber(server)
	for _, half := range [][]analyze.Connection{s.older, s.newer} {
		for i := range half {
			e := &half[i].Evidence
			e.Pair, e.Server = pair(e.Pair), server(e.Server)
		}
	}
}

// lookAt is how many connections, beside those that leave the window, a turn of it looks
// at for certain.
const lookAt = 20_000

// moveWindow makes room for new connections: the older half of the window leaves it,
// and what became of these connections is counted. Its time does not grow with what
// was seen before.
func (s *Session) moveWindow() {
	if len(s.older) > 0 {
		d := cause.NewCollector(1)
		s.looked = 0
		add := func(c *analyze.Connection) {
			s.looked++
			d.Add(c, s.now)
		}
		left := make([]uint64, len(s.older))
		for i := range s.older {
			left[i] = s.older[i].ID
			add(&s.older[i])
		}
		for i := range s.newer {
			add(&s.newer[i])
		}
		var how analyze.Peek
		if most := max(4*s.keep, lookAt); s.analyzer.Kept() > most || s.analyzer.Times() > 4*most {
			how = analyze.Peek{Most: s.keep, Briefly: true}
		}
		x := rules.Diagnose(d, s.analyzer.SoFar(how, add).Result(s.older[0].Start, s.now))
		s.forget(x, left)
	}
	s.older, s.newer, s.unanswered = s.newer, s.older[:0], 0
}

// forget counts what became of connections, and of what they showed.
func (s *Session) forget(x *rules.Diagnosis, ids []uint64) {
	x.Remember(&s.past, ids)
	s.findings = rules.Worst(s.findings, x.Findings)
	s.leave(int64(len(ids)))
	if s.decided != nil {
		s.decided(&x.Decisions, ids)
	}
}

// leave counts connections that are in the sums alone from now on.
func (s *Session) leave(n int64) {
	s.left += n
	if s.givesUpRows {
		s.analyzer.GiveUp(analyze.GaveUpConnections, n)
	}
}

// OnDecided has f called with what was decided late, for connections that are kept no
// longer.
func (s *Session) OnDecided(f func(d *cause.Decisions, ids []uint64)) { s.decided = f }

// Peek takes what is needed to say how things stand; the session goes on. It must not run
// beside Apply, which [Moment.Snapshot], the second half, may.
func (s *Session) Peek() *Moment {
	most := max(s.keep, DefaultKeep)
	m := &Moment{left: s.left, past: s.past.Clone(), findings: slices.Clone(s.findings), recent: s.window.peek(s.now)}
	m.list = make([]analyze.Connection, 0, len(s.older)+len(s.newer)+min(s.analyzer.Kept(), most))
	m.list = append(append(m.list, s.older...), s.newer...)
	m.soFar = s.analyzer.SoFar(analyze.Peek{Most: most}, func(c *analyze.Connection) { m.list = append(m.list, *c) })
	m.left += m.soFar.Untold
	return m
}

// A Moment is what a Session has seen so far, not judged yet. It shares nothing with the
// Session, so another goroutine may judge it.
type Moment struct {
	soFar    *analyze.SoFar
	list     []analyze.Connection
	left     int64
	past     cause.Past
	findings []rules.Finding
	recent   *recentMoment
	opens    bool // openings and closes would show, as they did before
}

// Snapshot judges. It may be called once.
func (m *Moment) Snapshot(first, last int64) *Snapshot {
	x := judge(m.soFar.Result(first, last), m)
	x.Recent = m.recent.snapshot(showsOpenings(x.Result))
	return x
}

// Counts counts connections, requests and TIME_WAIT entries at a time in ns since the
// epoch, as [analyze.Analyzer.Snapshot]. It takes less than a [Snapshot], and nothing is
// judged.
func (s *Session) Counts(at int64) analyze.Snapshot { return s.analyzer.Snapshot(at) }

// Finish ends the session and returns its last snapshot: connections that are still
// open are judged as the end of the capture leaves them.
func (s *Session) Finish(first, last int64) *Snapshot { return s.finish(first, last, false) }

// finish is Finish where it may be known that openings and closes would show.
func (s *Session) finish(first, last int64, opens bool) *Snapshot {
	s.memory.makeRoom(s.analyzer)
	r := s.analyzer.Finish(first, last)
	list := append(s.older, s.newer...)
	s.older, s.newer = nil, nil
	x := judge(r, &Moment{list: list, left: s.left, past: s.past, findings: s.findings, opens: opens})
	x.Recent = s.window.finish(last, showsOpenings(r))
	return x
}

// showsOpenings reports whether a capture shows when connections are opened and closed.
func showsOpenings(r *analyze.Result) bool {
	t := &r.Totals
	return t.BareACK || t.SYN+t.SYNACK+t.FIN+t.RST > 0
}

// judge returns the snapshot of a result.
func judge(r *analyze.Result, m *Moment) *Snapshot {
	r.Totals.BareACK = r.Totals.BareACK || m.opens
	slices.SortFunc(m.list, func(a, b analyze.Connection) int { return cmp.Compare(a.ID, b.ID) })
	d := cause.NewCollector(1)
	for i := range m.list {
		d.Add(&m.list[i], r.Last)
	}
	x := &Snapshot{At: r.Last, Result: r, Diagnosis: rules.Diagnose(d, r), Connections: m.list, Left: m.left}
	x.Diagnosis.Before(&m.past, m.findings)
	return x
}
