package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
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
	Confidence Confidence
	Title      string // what is wrong, with its numbers
	Subject    string // the server, the client and server, or the host
	Observed   string // the fact of the first example
	Fix        string

	Connections int64 // that show it
	Failed      int64 // requests that got no whole response
	Saves       Saving
	Examples    []Example

	subject subject
	records [][]*record // that show it; nil if they are not kept
	brief   string      // for the verdict; Title if empty

	unopened bool // what failed are connections that never opened
}

// Shows returns what tells whether the connection with some ID shows f. Of a
// finding whose connections are not kept only the examples do.
func (f *Finding) Shows() func(id uint64) bool {
	ids := map[uint64]bool{}
	for _, r := range slices.Concat(f.records...) {
		ids[uint64(r.id)] = true
	}
	for i := range f.Examples {
		ids[f.Examples[i].Connection] = true
	}
	return func(id uint64) bool { return ids[id] }
}

// subject is who a finding is about.
type subject struct {
	server *server
	pair   *pair
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

const maxExamples = 3

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
	records []*record
	worst   marked // the longest one, if they have an oddity
}

func (e *ended) len() int64 { return int64(len(e.records)) }

// busy returns how many of them the server closed with a request under way.
func (e *ended) busy() (n int64) {
	for _, x := range e.records {
		if x.class == serverEndedBusy {
			n++
		}
	}
	return n
}

// perServer returns the servers with connections of these causes.
func (v *view) perServer(causes ...Cause) []ended {
	var out []ended
	for _, s := range v.groups.servers {
		if in := s.having(causes); len(in) > 0 {
			out = append(out, ended{subject: subject{server: s}, records: in})
		}
	}
	return out
}

// perPair returns the pairs with connections of these causes.
func (v *view) perPair(causes ...Cause) []ended {
	var out []ended
	for _, p := range v.groups.pairs {
		if in := p.having(causes); len(in) > 0 {
			out = append(out, ended{subject: subject{pair: p, server: p.server}, records: in})
		}
	}
	return out
}

// perHost returns the clients with connections of these causes.
func (v *view) perHost(causes ...Cause) []ended {
	var out []ended
	for _, h := range v.groups.hosts {
		if in := gather(h.pairs, func(p *pair) []*record { return p.having(causes) }); len(in) > 0 {
			out = append(out, ended{subject: subject{host: h.addr.String()}, records: in})
		}
	}
	return out
}

func having(records []*record, causes []Cause) []*record {
	is := func(r *record) bool { return slices.Contains(causes, r.cause) }
	n := 0
	for _, r := range records {
		if is(r) {
			n++
		}
	}
	if n == len(records) {
		return records
	}
	in := make([]*record, 0, n)
	for _, r := range records {
		if is(r) {
			in = append(in, r)
		}
	}
	return in
}

// marked returns the connections with an oddity, by server.
func (v *view) marked(what oddity, is func(*marked) bool) []ended {
	var order []*server
	by := map[*server]*ended{}
	n := map[*server]int{}
	each := func(f func(m *marked, r *record, s *server)) {
		v.all.traits.marks.Each(func(m *marked) {
			if m.what == what && (is == nil || is(m)) {
				r := v.all.find(uint64(m.id))
				f(m, r, v.groups.byPair[r.pair].server)
			}
		})
	}
	each(func(_ *marked, _ *record, s *server) { n[s]++ })
	each(func(m *marked, r *record, s *server) {
		if by[s] == nil {
			order = append(order, s)
			by[s] = &ended{subject: subject{server: s}, records: make([]*record, 0, n[s])}
		}
		e := by[s]
		e.records = append(e.records, r)
		if m.d > e.worst.d || len(e.records) == 1 {
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
		return s.pair.title()
	case s.server != nil:
		return s.server.name
	}
	return s.host
}

// found makes a finding of the connections that show it.
func (v *view) found(r *Rule, e ended, title string, args ...any) Finding {
	f := Finding{
		Rule: r, Subject: e.name(), subject: e.subject, records: [][]*record{e.records}, Title: fmt.Sprintf(title, args...), Fix: r.fixFor(e),
		Connections: e.len(), Saves: saving(v, e.records), Confidence: Low,
	}
	for _, x := range e.records {
		f.Confidence = max(f.Confidence, x.confidence)
		if x.cause.failed() || x.cause == MiddleboxReset && x.unanswered() {
			f.Failed++
			f.unopened = x.requests == 0
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
		who = e.records[0].by
	}
	says := analyze.UnknownSoftware
	switch {
	case who == analyze.Server && e.server != nil:
		says = e.server.Software
	case who == analyze.Client && e.pair != nil:
		says = e.pair.agent
	}
	if fix, ok := r.FixFor[says]; ok {
		return fix
	}
	return r.Fix
}

// example shows one connection.
func (v *view) example(r *record) Example {
	x := Example{Connection: uint64(r.id), Stream: analyze.Unknown, Observed: r.fact.String()}
	switch {
	case r.stream != noStream:
		x.Stream = int64(r.stream)
		x.Filter = fmt.Sprintf("tcp.stream eq %d", r.stream)
	default:
		p := v.groups.byPair[r.pair]
		family := "ip"
		if p.Client.Is6() {
			family = "ipv6"
		}
		x.Filter = fmt.Sprintf("%s.addr eq %s and tcp.port eq %d and tcp.port eq %d", family, p.Client, r.port, p.Server.Port())
	}
	for _, n := range [...]uint64{r.asked, r.packet} {
		if n != 0 && !slices.Contains(x.Packets, n) {
			x.Packets = append(x.Packets, n)
		}
	}
	slices.Sort(x.Packets)
	return x
}

// saving estimates what a perfect pool would spare of these connections: of
// each pair no more than it has too many.
func saving(v *view, records []*record) Saving {
	perPair := map[uint32]*int64{}
	waits := int64(0)
	last, n := uint32(0), new(int64) // there is no pair 0
	for _, r := range records {
		if r.requests == 0 {
			continue
		}
		if r.pair != last {
			last, n = r.pair, perPair[r.pair]
			if n == nil {
				n = new(int64)
				perPair[last] = n
			}
		}
		*n++
		switch r.holder {
		case analyze.TimeWaitClient, analyze.TimeWaitServer, analyze.TimeWaitBoth:
			waits++
		}
	}
	var s Saving
	of := int64(0)
	for num, n := range perPair {
		p := v.groups.byPair[num]
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

const (
	// few is how many connections matter if they are the half of all.
	few = 2
	// many is how many matter even beside good reuse.
	many = 100
)

// weigh says how much a finding matters: by the requests that failed, else by
// the connections that it cost, as a share of all and per minute.
func (v *view) weigh(f *Finding) Severity {
	t := &v.result.Totals
	switch n := f.Failed; {
	case n == 0:
	case n*100 < v.requests+n:
		return Info
	case n >= minSamples:
		return Grave
	default:
		return Notable
	}
	n := f.Saves.Connections
	minutes := float64(v.duration) / 60e9
	switch share := float64(n) / float64(max(v.connections, 1)); {
	case n < few || float64(n) < minutes || n < many && t.ReuseRatio >= goodReuse:
		return Info
	case n < minSamples && share < 0.5:
		return Info
	case n >= minSamples && share >= 0.2:
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

// typical returns the value in the middle.
func typical(v []int64) int64 {
	if len(v) == 0 {
		return analyze.Unknown
	}
	s := slices.Sorted(slices.Values(v))
	return s[(len(s)-1)/2]
}

// after writes how long after the message before them connections ended: from the
// least to the most, if that is not about the same.
func after(records []*record) string {
	d := values(records, measured)
	lo, hi := slices.Min(d), slices.Max(d)
	if hi-lo <= max(hi*agreement/100, jitter) {
		return Duration(typical(d))
	}
	return Duration(lo) + " to " + Duration(hi)
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
		return Count(part)
	}
	return fmt.Sprintf("%s (%s of %s)", Percent(math.Min(1, float64(part)/float64(whole))), Count(part), Count(whole))
}

// underWay says how many of some connections had a request under way.
func underWay(n int64) string {
	if n == 0 {
		return "none of them with a request under way"
	}
	return Count(n) + " of them with a request under way"
}

// conns writes a count of connections.
func conns(n int64) string { return Plural(n, "connection", "connections") }

// policyOf returns the policy of that kind and subject.
func (d *Diagnosis) policyOf(kind PolicyKind, by analyze.Party, subject string) (Policy, bool) {
	i, ok := d.policies[policyKey{kind, by, subject}]
	if !ok {
		return Policy{}, false
	}
	return d.Policies[i], true
}
