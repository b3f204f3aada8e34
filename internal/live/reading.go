package live

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Reading follows the capture of files, which has an end: it keeps all connections, or
// what a Collector keeps of them, while there is memory for that and for judging them at
// the end. Then it goes on as a [Session]. One goroutine at a time may use it.
type Reading struct {
	analyzer *analyze.Analyzer
	options  analyze.Options
	workers  int
	bytes    int64 // 0 is no bound

	// Of connections that go to OnConnection and are not kept: what is left of them, or nil.
	collector *cause.Collector
	stream    *Stream

	session *Session // nil while all is kept
}

// A Stream takes connections as they end.
type Stream struct {
	// Ended takes a connection, with why it was not reused: [cause.Undecided] if only
	// its group can tell.
	Ended func(*analyze.Connection, cause.NotReused)
	// Decided takes what was decided late, for connections that are kept no longer; nil
	// is no use for it.
	Decided func(d *cause.Decisions, ids []uint64)
	// Last returns the time of the capture's last packet, or 0 if that is not known yet.
	Last func() int64
}

// NewReading returns a Reading that takes no more than that many bytes, 0 for no bound.
// With a stream connections go to it as they end. Rules run on that many workers.
func NewReading(opt analyze.Options, stream *Stream, workers int, maxMemory int64) *Reading {
	r := &Reading{options: opt, stream: stream, workers: workers, bytes: maxMemory}
	if stream != nil {
		r.collector = cause.NewCollector(workers)
		opt.OnConnection = func(c *analyze.Connection) {
			stream.Ended(c, r.collector.Add(c, max(stream.Last(), c.End)))
		}
	}
	r.analyzer = analyze.New(opt)
	return r
}

// Apply takes the next segments.
func (r *Reading) Apply(segs []flows.Segment) {
	if r.session != nil {
		r.session.Apply(segs)
		return
	}
	r.analyzer.Apply(segs)
	if r.bytes > 0 && r.needs() > r.bytes {
		r.bound()
	}
}

// What it takes to judge a connection at the end, and to put a pair, a server and a host
// into the report, in bytes.
const (
	judgedBytes    = 130
	reportedPair   = 800
	reportedServer = 500
	reportedHost   = 150
	endedTransient = 64 // of a connection, to add up TIME_WAIT and ports
)

// needs returns about how much memory it takes to go on, and to judge and report what
// was seen so far.
func (r *Reading) needs() int64 {
	a := r.analyzer
	pairs, servers, hosts := a.Rows()
	n := a.Memory().Sum() + int64(a.Len())*judgedBytes + int64(a.Times())*endedTransient
	if r.collector != nil {
		n += r.collector.Bytes()
	}
	n += int64(pairs)*reportedPair + int64(servers)*reportedServer + int64(hosts)*reportedHost
	return n + int64(a.Unpaired())*(reportedPair+analyze.PairBytes) // each may be of a pair of its own
}

// bound goes on as a Session.
func (r *Reading) bound() {
	s := &Session{keep: DefaultKeep, analyzer: r.analyzer, now: r.analyzer.Now()}
	if st := r.stream; st != nil {
		s.onEnded = func(c *analyze.Connection) { st.Ended(c, cause.Judge(c, max(st.Last(), c.End))) }
		s.decided = st.Decided
	}
	s.setOptions(&r.options, r.bytes)
	s.givesUpRows = true
	if d := r.collector; d != nil {
		ids := d.IDs()
		if len(ids) > 0 {
			x := rules.Diagnose(d, r.analyzer.SoFar(analyze.Peek{Briefly: true}, nil).Result(s.now, s.now))
			s.forget(x, ids)
		}
		r.collector = nil
	}
	r.analyzer.Bound(&r.options)
	r.session = s
	s.Apply(nil)
}

// Finish ends the reading. Of one that kept all the Snapshot is nil, and d has the
// causes.
func (r *Reading) Finish(first, last int64) (result *analyze.Result, d *cause.Collector, x *Snapshot) {
	if r.session != nil {
		x = r.session.Finish(first, last)
		return x.Result, nil, x
	}
	return r.analyzer.Finish(first, last), r.collector, nil
}
