package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// group is a subject with the connections that show something of it, in order of ID.
type group struct {
	subject
	records []*cause.Record
	worst   cause.Anomaly // the longest one, if they have an anomaly
	byCause bool          // their cause is what they show: what they lost counts here and nowhere else
}

func (e *group) len() int64 { return int64(len(e.records)) }

// busy returns how many of them the server closed with a request under way.
func (e *group) busy() (n int64) {
	for _, x := range e.records {
		if x.ServerEndedBusy() {
			n++
		}
	}
	return n
}

// view is what a rule sees.
type view struct {
	*Diagnosis
	result      *analyze.Result
	connections int64 // that were judged
	duration    int64 // that they span, ns

	// By the number of the pair, of what was judged.
	requests  []int64
	used      []int64 // connections with requests
	avoidable []int64 // connections that a perfect pool would not have opened
	checks    []bool  // those with one request check the health of the server

	failed    map[uint32][]*cause.Record // that failed for another reason than their cause, by pair
	failedIDs map[uint32]bool            // their IDs

	unjudged   map[uint32]unjudged // servers that cannot be judged, by number
	seesSome   bool                // the packets of others are there
	judgesSome bool                // and their requests can be read

	short    []short
	shortIDs map[uint32]bool // the IDs of their connections

	secured map[uint32]*secured  // by the number of the pair
	http2   map[uint32]*http2Use // by the number of the pair

	scans   []scan
	scanned map[uint32]bool // numbers of their pairs
}

// none reports whether no connection has one of these causes, nor lost requests for one.
func (v *view) none(causes []cause.Cause) bool {
	return len(v.failed) == 0 && v.count(causes...) == 0 && v.count(cause.GoAway) == 0 // whose reason may be one of them
}

// perServer returns the servers with connections of these causes.
func (v *view) perServer(causes ...cause.Cause) []group {
	if v.none(causes) {
		return nil
	}
	var out []group
	for _, s := range v.Servers() {
		if in := v.ofServer(s, causes); len(in) > 0 {
			out = append(out, group{subject: subject{server: s}, records: in, byCause: true})
		}
	}
	return out
}

// perPair returns the pairs with connections of these causes.
func (v *view) perPair(causes ...cause.Cause) []group {
	if v.none(causes) {
		return nil
	}
	n := 0
	for _, p := range v.Pairs() {
		if len(v.failed[p.Num]) > 0 || p.Has(causes) {
			n++
		}
	}
	out := make([]group, 0, n)
	for _, p := range v.Pairs() {
		if in := v.ofPair(p, causes); len(in) > 0 {
			out = append(out, group{subject: subject{pair: p, server: p.To}, records: in, byCause: true})
		}
	}
	return out
}

// perHost returns the clients with connections of these causes.
func (v *view) perHost(causes ...cause.Cause) []group {
	var out []group
	for _, h := range v.Hosts() {
		if in := cause.Gather(h.Pairs, func(p *cause.Pair) []*cause.Record { return v.ofPair(p, causes) }); len(in) > 0 {
			out = append(out, group{subject: subject{host: h.Addr.String()}, records: in, byCause: true})
		}
	}
	return out
}

// ofServer returns the connections of a server with one of some causes. Where
// requests failed for another reason than the cause, that reason counts.
func (v *view) ofServer(s *cause.Server, causes []cause.Cause) []*cause.Record {
	if slices.ContainsFunc(s.Pairs, func(p *cause.Pair) bool { return len(v.failed[p.Num]) > 0 }) {
		return cause.Gather(s.Pairs, func(p *cause.Pair) []*cause.Record { return v.ofPair(p, causes) })
	}
	return s.Having(causes)
}

// ofPair is ofServer for a pair.
func (v *view) ofPair(p *cause.Pair, causes []cause.Cause) []*cause.Record {
	in, failed := p.Having(causes), v.failed[p.Num]
	if len(failed) == 0 {
		return in
	}
	in = slices.Concat(
		cause.Where(in, func(r *cause.Record) bool { return !v.failedIDs[r.ID] }),
		cause.Where(failed, func(r *cause.Record) bool { return slices.Contains(causes, r.Why()) }))
	slices.SortFunc(in, cause.ByID)
	return in
}

// findFailed finds the connections whose requests failed for another reason than
// their cause.
func (v *view) findFailed() {
	v.failed, v.failedIDs = map[uint32][]*cause.Record{}, map[uint32]bool{}
	for _, r := range v.FailedOtherwise() {
		v.failed[r.Pair] = append(v.failed[r.Pair], r)
		v.failedIDs[r.ID] = true
	}
}

// withAnomaly returns the connections with an anomaly of that kind for which is holds,
// if it is not nil, by server.
func (v *view) withAnomaly(what cause.AnomalyKind, is func(*cause.Anomaly) bool) []group {
	var order []*cause.Server
	by := map[*cause.Server]*group{}
	n := map[*cause.Server]int{}
	each := func(f func(m *cause.Anomaly, r *cause.Record, s *cause.Server)) {
		v.EachAnomaly(func(m *cause.Anomaly) {
			if is == nil || is(m) {
				r := v.Record(uint64(m.ID))
				f(m, r, v.PairOf(r).To)
			}
		}, what)
	}
	each(func(_ *cause.Anomaly, _ *cause.Record, s *cause.Server) { n[s]++ })
	each(func(m *cause.Anomaly, r *cause.Record, s *cause.Server) {
		if by[s] == nil {
			order = append(order, s)
			by[s] = &group{subject: subject{server: s}, records: make([]*cause.Record, 0, n[s])}
		}
		e := by[s]
		e.records = append(e.records, r)
		if m.Duration > e.worst.Duration || len(e.records) == 1 {
			e.worst = *m
		}
	})
	var out []group
	for _, s := range order {
		slices.SortFunc(by[s].records, cause.ByID) // anomalies come as connections end
		out = append(out, *by[s])
	}
	return out
}

// newView makes what the rules see. Of a Collector that took only the last
// connections of the analysis they see only the time that these span.
func newView(x *Diagnosis, r *analyze.Result) *view {
	records := x.Records()
	v := &view{Diagnosis: x, result: r, connections: int64(len(records)), duration: r.Last - r.First}
	v.countPairs()
	since := r.Last
	for _, x := range records {
		since = min(since, x.Start)
	}
	if v.connections < r.Totals.Connections {
		v.duration = r.Last - since
	}
	v.findScans()
	v.findUnjudged()
	v.findFailed()
	v.findShort()
	v.findSecured()
	v.findHTTP2()
	v.findRepeats()
	return v
}

// count returns how many connections have one of these causes.
func (v *view) count(causes ...cause.Cause) (n int64) {
	for _, t := range v.Causes {
		if slices.Contains(causes, t.Cause) {
			n += t.Connections
		}
	}
	return n
}

// perMinute returns how many connections were opened a minute, in the time in which any
// were.
func perMinute(records []*cause.Record) int64 {
	bins := map[int64]bool{}
	for _, r := range records {
		bins[(r.Start-records[0].Start)/rateBin] = true
	}
	return int64(len(records)) * (60e9 / rateBin) / int64(max(1, len(bins)))
}
