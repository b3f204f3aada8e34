package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Severity is how much a finding matters.
type Severity uint8

// The severities.
const (
	Info    Severity = iota // low: worth knowing
	Notable                 // medium
	Grave                   // high
)

// String returns the severity as reports name it.
func (s Severity) String() string { return [...]string{"low", "medium", "high"}[s] }

// Finding is a rule that fired for one subject.
type Finding struct {
	Rule       *Rule
	Severity   Severity
	Confidence cause.Confidence
	Title      string // what is wrong, with its numbers
	Subject    string // the server, the client and server, or the host
	Observed   string // the fact of the first example
	Fix        string

	Connections int64 // that show it
	Failed      int64 // requests that got no whole response
	Saves       Saving
	Examples    []Example

	subject subject
	records [][]*cause.Record // that show it; nil if they are not kept
	brief   string            // for the verdict; Title if empty

	unopened bool // what failed are connections that never opened
}

// Shows returns what tells whether the connection with some ID shows f. Of a
// finding whose connections are not kept only the examples do.
func (f *Finding) Shows() func(id uint64) bool {
	ids := map[uint64]bool{}
	for _, r := range slices.Concat(f.records...) {
		ids[uint64(r.ID)] = true
	}
	for i := range f.Examples {
		ids[f.Examples[i].Connection] = true
	}
	return func(id uint64) bool { return ids[id] }
}

// subject is who a finding is about.
type subject struct {
	server *cause.Server
	pair   *cause.Pair
	host   string
}

// Saving is what fixing a finding would spare, next to this capture; Unknown
// where it cannot be told.
type Saving struct {
	Connections int64
	TimeWait    int64 // closes that leave TIME_WAIT
}

// Example is a connection that shows a finding.
type Example struct {
	Connection uint64
	Stream     int64 // Unknown if the capture was filtered
	Packets    []uint64
	Filter     string // a Wireshark display filter
	Observed   string
}

// view is what a rule sees.
type view struct {
	*Diagnosis
	result                *analyze.Result
	connections, requests int64 // that were judged
	duration              int64 // that they span, ns

	scans   []scan
	scanned map[uint32]bool // numbers of their pairs
}

// ended is a group whose connections ended for one of some causes.
type ended struct {
	subject
	records []*cause.Record
	worst   cause.Anomaly // the longest one, if they have an oddity
}

func (e *ended) len() int64 { return int64(len(e.records)) }

// busy returns how many of them the server closed with a request under way.
func (e *ended) busy() (n int64) {
	for _, x := range e.records {
		if x.ServerEndedBusy() {
			n++
		}
	}
	return n
}

// perServer returns the servers with connections of these causes.
func (v *view) perServer(causes ...cause.Cause) []ended {
	var out []ended
	for _, s := range v.Servers() {
		if in := s.Having(causes); len(in) > 0 {
			out = append(out, ended{subject: subject{server: s}, records: in})
		}
	}
	return out
}

// perPair returns the pairs with connections of these causes.
func (v *view) perPair(causes ...cause.Cause) []ended {
	var out []ended
	for _, p := range v.Pairs() {
		if in := p.Having(causes); len(in) > 0 {
			out = append(out, ended{subject: subject{pair: p, server: p.To}, records: in})
		}
	}
	return out
}

// perHost returns the clients with connections of these causes.
func (v *view) perHost(causes ...cause.Cause) []ended {
	var out []ended
	for _, h := range v.Hosts() {
		if in := cause.Gather(h.Pairs, func(p *cause.Pair) []*cause.Record { return p.Having(causes) }); len(in) > 0 {
			out = append(out, ended{subject: subject{host: h.Addr.String()}, records: in})
		}
	}
	return out
}

// Anomaly returns the connections with an oddity, by server.
func (v *view) marked(what cause.AnomalyKind, is func(*cause.Anomaly) bool) []ended {
	var order []*cause.Server
	by := map[*cause.Server]*ended{}
	n := map[*cause.Server]int{}
	each := func(f func(m *cause.Anomaly, r *cause.Record, s *cause.Server)) {
		v.EachAnomaly(func(m *cause.Anomaly) {
			if m.Kind == what && (is == nil || is(m)) {
				r := v.Record(uint64(m.ID))
				f(m, r, v.PairOf(r).To)
			}
		})
	}
	each(func(_ *cause.Anomaly, _ *cause.Record, s *cause.Server) { n[s]++ })
	each(func(m *cause.Anomaly, r *cause.Record, s *cause.Server) {
		if by[s] == nil {
			order = append(order, s)
			by[s] = &ended{subject: subject{server: s}, records: make([]*cause.Record, 0, n[s])}
		}
		e := by[s]
		e.records = append(e.records, r)
		if m.Duration > e.worst.Duration || len(e.records) == 1 {
			e.worst = *m
		}
	})
	var out []ended
	for _, s := range order {
		out = append(out, *by[s])
	}
	return out
}

// name returns the subject in words.
func (s *subject) name() string {
	switch {
	case s.pair != nil:
		return s.pair.Title()
	case s.server != nil:
		return s.server.Name
	}
	return s.host
}

// found makes a finding of the connections that show it.
func (v *view) found(r *Rule, e ended, title string, args ...any) Finding {
	f := Finding{
		Rule: r, Subject: e.name(), subject: e.subject, records: [][]*cause.Record{e.records}, Title: fmt.Sprintf(title, args...), Fix: r.fixFor(e),
		Connections: e.len(), Saves: saving(v, e.records), Confidence: cause.Low,
	}
	for _, x := range e.records {
		f.Confidence = max(f.Confidence, x.Confidence)
		if x.Cause.Failed() || x.Cause == cause.MiddleboxReset && x.Unanswered() {
			f.Failed++
			f.unopened = x.Requests == 0
		}
	}
	for _, x := range e.records[:min(len(e.records), maxExamples)] {
		f.Examples = append(f.Examples, v.example(x))
	}
	f.Observed = f.Examples[0].Observed
	f.Severity = v.weigh(&f)
	return f
}

// fixFor picks the words that fit who has to change.
func (r *Rule) fixFor(e ended) string {
	who := r.Who
	if who == analyze.Both {
		who = e.records[0].By
	}
	says := products.Unknown
	switch {
	case who == analyze.Server && e.server != nil:
		says = e.server.Software
	case who == analyze.Client && e.pair != nil:
		says = e.pair.Program
	}
	return cmp.Or(says.Advice(r.ID), r.Fix)
}

// example shows one connection.
func (v *view) example(r *cause.Record) Example {
	x := Example{Connection: uint64(r.ID), Stream: analyze.Unknown, Observed: r.Observed()}
	switch {
	case r.Stream != cause.NoStream:
		x.Stream = int64(r.Stream)
		x.Filter = fmt.Sprintf("tcp.stream eq %d", r.Stream)
	default:
		p := v.PairOf(r)
		family := "ip"
		if p.Client.Is6() {
			family = "ipv6"
		}
		x.Filter = fmt.Sprintf("%s.addr eq %s and tcp.port eq %d and tcp.port eq %d", family, p.Client, r.Port, p.Server.Port())
	}
	for _, n := range [...]uint64{r.Request, r.Packet} {
		if n != 0 && !slices.Contains(x.Packets, n) {
			x.Packets = append(x.Packets, n)
		}
	}
	slices.Sort(x.Packets)
	return x
}

// saving estimates what a perfect pool would spare of these connections: of
// each pair no more than it has too many.
func saving(v *view, records []*cause.Record) Saving {
	perPair := map[uint32]*int64{}
	waits := int64(0)
	last, n := uint32(0), new(int64) // there is no pair 0
	for _, r := range records {
		if r.Requests == 0 {
			continue
		}
		if r.Pair != last {
			last, n = r.Pair, perPair[r.Pair]
			if n == nil {
				n = new(int64)
				perPair[last] = n
			}
		}
		*n++
		switch r.TimeWait {
		case analyze.TimeWaitClient, analyze.TimeWaitServer, analyze.TimeWaitBoth:
			waits++
		}
	}
	var s Saving
	of := int64(0)
	for num, n := range perPair {
		p := v.Pair(num)
		of += *n
		if p.AvoidableConnections > 0 {
			s.Connections += min(*n, p.AvoidableConnections)
		}
	}
	if of > 0 {
		s.TimeWait = waits * s.Connections / of
	}
	return s
}

// weigh says how much a finding matters: by the requests that failed, else by
// the connections that it cost, as a share of all and per minute.
func (v *view) weigh(f *Finding) Severity {
	t := &v.result.Totals
	switch n := f.Failed; {
	case n == 0:
	case n*100 < v.requests+n:
		return Info
	case n >= cause.MinSamples:
		return Grave
	default:
		return Notable
	}
	n := f.Saves.Connections
	minutes := float64(v.duration) / 60e9
	switch share := float64(n) / float64(max(v.connections, 1)); {
	case n < few || float64(n) < minutes || n < many && t.ReuseRatio >= goodReuse:
		return Info
	case n < cause.MinSamples && share < 0.5:
		return Info
	case n >= cause.MinSamples && share >= 0.2:
		return Grave
	case share >= 0.02 || n >= many:
		return Notable
	}
	return Info
}

// rank sorts findings by what they cost.
func rank(f []Finding) {
	cost := func(x *Finding) int64 {
		return 10*x.Failed + x.Saves.Connections + x.Saves.TimeWait
	}
	slices.SortStableFunc(f, func(x, y Finding) int {
		return cmp.Or(
			cmp.Compare(y.Severity, x.Severity),
			cmp.Compare(cost(&y), cost(&x)),
			cmp.Compare(y.Confidence, x.Confidence),
			cmp.Compare(x.Rule.ID, y.Rule.ID), cmp.Compare(x.Subject, y.Subject))
	})
}

// after writes how long after the message before them connections ended: from the
// least to the most, if that is not about the same.
func after(records []*cause.Record) string {
	d := cause.Values(records, (*cause.Record).Measured)
	lo, hi := slices.Min(d), slices.Max(d)
	if hi-lo <= max(hi*cause.Agreement/100, cause.Jitter) {
		return cause.Duration(cause.Typical(d))
	}
	return cause.Duration(lo) + " to " + cause.Duration(hi)
}

// list writes names as in a sentence.
func list(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return strings.Join(names, "")
}

// shareOf writes part of whole: "99.8% (1,198 of 1,200)".
func shareOf(part, whole int64) string {
	if whole <= 0 {
		return cause.Count(part)
	}
	return fmt.Sprintf("%s (%s of %s)", cause.Percent(math.Min(1, float64(part)/float64(whole))), cause.Count(part), cause.Count(whole))
}

// underWay says how many of some connections had a request under way.
func underWay(n int64) string {
	if n == 0 {
		return "none of them with a request under way"
	}
	return cause.Count(n) + " of them with a request under way"
}

// conns writes a count of connections.
func conns(n int64) string { return cause.Plural(n, "connection", "connections") }
