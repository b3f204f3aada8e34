package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Decisions are what a Collector came to: one cause for each connection, and
// the policies that were inferred. Only AddPast changes them; all other methods are
// safe for concurrent use. The zero value knows of no connection.
type Decisions struct {
	Causes   []Total // most connections first
	Policies []Policy

	Corrected []Corrected // in the order in which they were met

	groups  *groups
	all     *Collector
	starved map[uint32]int64 // connections whose data was never answered, by server

	policies map[policyKey]int // where they are in Policies

	losses          losses
	estimatedLosses losses
	runEnds         map[uint32]bool  // IDs of connections that a run which ended cut short, whatever their cause
	streams         map[uint32]Lost  // requests that were lost with their stream alone, by ID of the connection
	pipelined       map[uint32]int64 // requests without a whole response, of connections with more than one
}

type policyKey struct {
	kind    PolicyKind
	by      analyze.Party
	subject string
}

// Servers returns all servers, in the order of the report.
func (d *Decisions) Servers() []*Server { return d.groups.servers }

// Pairs returns all pairs of client and server, in the order of the report.
func (d *Decisions) Pairs() []*Pair { return d.groups.pairs }

// Hosts returns all clients, in the order of their first pair.
func (d *Decisions) Hosts() []*Host { return d.groups.hosts }

// PairOf returns the pair of a connection.
func (d *Decisions) PairOf(r *Record) *Pair { return d.groups.pair(r.Pair) }

// Pair returns the pair with that number.
func (d *Decisions) Pair(num uint32) *Pair { return d.groups.pair(num) }

// Records returns all connections, in order of ID.
func (d *Decisions) Records() []*Record { return d.all.byID }

// Record returns the connection with that ID, nil if there is none.
func (d *Decisions) Record(id uint64) *Record { return d.all.find(id) }

// Summary returns sums over all connections.
func (d *Decisions) Summary() *Summary { return &d.all.summary }

// EachAnomaly calls f with each anomaly of these kinds of a connection whose pair is
// known, in the order in which their connections were added.
func (d *Decisions) EachAnomaly(f func(*Anomaly), kinds ...AnomalyKind) {
	d.all.summary.each(func(m *Anomaly) {
		if d.groups.listed(d.all.find(uint64(m.ID))) {
			f(m)
		}
	}, kinds...)
}

// Starved returns how many connections of a server have data that it never
// answered.
func (d *Decisions) Starved(s *Server) int64 { return d.starved[s.Num] }

// Total counts the connections of one cause.
type Total struct {
	Cause       Cause
	By          analyze.Party
	Connections int64
}

// byCount puts the most first.
func byCount(x, y Total) int {
	return cmp.Or(cmp.Compare(y.Connections, x.Connections), cmp.Compare(x.Cause, y.Cause), cmp.Compare(x.By, y.By))
}

// addPolicy keeps a policy that was inferred.
func (d *Decisions) addPolicy(p Policy) { d.Policies = append(d.Policies, p) }

// Of returns why a connection was not reused; Undecided if there is none with
// that ID.
func (d *Decisions) Of(id uint64) NotReused {
	if d.all == nil {
		return NotReused{}
	}
	if r := d.all.find(id); r != nil {
		return r.notReused()
	}
	return NotReused{}
}

// Early is Of as Add answered it: Undecided where the group was needed.
func (d *Decisions) Early(id uint64) NotReused {
	if d.all == nil {
		return NotReused{}
	}
	if r := d.all.find(id); r != nil && r.class == decided && !r.ProvedForged() {
		return r.notReused()
	}
	return NotReused{}
}

// Late returns the connections that Add could not decide, by ID.
func (d *Decisions) Late() []uint64 {
	if d.all == nil {
		return nil
	}
	var ids []uint64
	for _, r := range d.all.byID {
		if r.class != decided || r.ProvedForged() {
			ids = append(ids, uint64(r.ID))
		}
	}
	return ids
}

// Limit returns what a server's policy of that kind comes to, or Unknown.
func (d *Decisions) Limit(kind PolicyKind, s *analyze.ServerSummary) int64 {
	if p, ok := d.PolicyOf(kind, analyze.Server, s.Server.String()); ok {
		return p.Value
	}
	return analyze.Unknown
}

// Past is what became of connections that are not kept any more. The zero Past is
// of none.
type Past struct {
	Causes []Total

	losses, estimatedLosses losses
}

// Remember adds the connections with these IDs, which are judged in d, to p.
func (d *Decisions) Remember(p *Past, ids []uint64) {
	for _, id := range ids {
		if r := d.all.find(id); r != nil {
			p.Causes = plus(p.Causes, Total{r.Cause, r.By, 1})
			d.noteLoss(r, &p.losses, &p.estimatedLosses)
		}
	}
}

// AddPast adds what is remembered of connections that were judged before.
func (d *Decisions) AddPast(p *Past) {
	d.Causes = slices.Clone(d.Causes)
	for _, t := range p.Causes {
		d.Causes = plus(d.Causes, t)
	}
	slices.SortFunc(d.Causes, byCount)
	d.losses.join(&p.losses)
	d.estimatedLosses.join(&p.estimatedLosses)
}

// plus adds a total to the one of the same cause and party.
func plus(totals []Total, t Total) []Total {
	for i := range totals {
		if x := &totals[i]; x.Cause == t.Cause && x.By == t.By {
			x.Connections += t.Connections
			return totals
		}
	}
	return append(totals, t)
}
