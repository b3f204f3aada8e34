package diagnose

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Diagnosis is what a Collector found. It is not changed any more; its methods
// are safe for concurrent use.
type Diagnosis struct {
	Verdict  Verdict
	Findings []Finding    // what costs most first
	Causes   []CauseTotal // most connections first
	Policies []Policy
	Judged   []Judgement // what became of each rule, in the order of Rules

	groups  *groups
	all     *Collector
	starved map[uint32]int64 // connections whose data was never answered, by server

	policies map[policyKey]int // where they are in Policies
}

type policyKey struct {
	kind    PolicyKind
	by      analyze.Party
	subject string
}

// CauseTotal counts the connections of one cause.
type CauseTotal struct {
	Cause       Cause
	By          analyze.Party
	Connections int64
}

// Finish says that the analysis is over: it gives every connection its cause,
// and runs the rules. The Collector must not be used any more.
func (d *Collector) Finish(r *analyze.Result) *Diagnosis {
	x := &Diagnosis{all: d, starved: map[uint32]int64{}}
	if d.byID == nil {
		d.sort()
	}
	x.groups = group(d.byID, r)
	d.traits.marks.Each(func(m *marked) {
		if m.what == oddStarved {
			x.starved[x.groups.byPair[d.find(uint64(m.id)).pair].server.Num]++
		}
	})
	for _, s := range x.groups.servers {
		x.decideServer(s)
	}
	for _, h := range x.groups.hosts {
		x.decideHost(h)
	}
	x.groups.note()
	x.probeSettings()
	x.sortPolicies()
	x.countCauses()
	v := d.view(x, r)
	v.checkAll(d.workers)
	rank(x.Findings)
	x.Verdict = v.conclude()
	return x
}

// checkAll runs the rules, which do not see what the others find.
func (v *view) checkAll(workers int) {
	v.Judged = make([]Judgement, len(Rules))
	found := make([][]Finding, len(Rules))
	var jobs sync.WaitGroup
	var next atomic.Int64
	for range workers {
		jobs.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(Rules)); i = next.Add(1) - 1 {
				v.Judged[i], found[i] = v.check(Rules[i])
			}
		})
	}
	jobs.Wait()
	v.Findings = slices.Concat(found...)
}

// check runs a rule.
func (v *view) check(rule *Rule) (j Judgement, found []Finding) {
	j = Judgement{Rule: rule, Lacks: v.lacks(rule.Needs)}
	if j.Lacks != "" {
		return j, nil
	}
	found = rule.Check(v, rule)
	if rule.Costs {
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.Saves.Connections == 0 && f.Failed == 0 })
	}
	found = v.join(found)
	j.Findings = len(found)
	return j, found
}

// view makes what the rules see. A Collector that took only the last
// connections of the analysis sees their time alone.
func (d *Collector) view(x *Diagnosis, r *analyze.Result) *view {
	v := &view{Diagnosis: x, result: r, connections: int64(len(d.byID)), duration: r.Last - r.First}
	since := r.Last
	for _, x := range d.byID {
		v.requests += int64(x.requests)
		since = min(since, x.start)
	}
	if v.connections < r.Totals.Connections {
		v.duration = r.Last - since
	}
	v.findScans()
	return v
}

// countCauses counts the connections of each cause.
func (d *Diagnosis) countCauses() {
	var by [causeCount][analyze.Network + 1]int64
	for _, r := range d.all.byID {
		by[r.cause][r.by]++
	}
	for cause := range by {
		for who, n := range by[cause] {
			if n > 0 {
				d.Causes = append(d.Causes, CauseTotal{Cause(cause), analyze.Party(who), n})
			}
		}
	}
	slices.SortFunc(d.Causes, byCount)
}

// byCount puts the most first.
func byCount(x, y CauseTotal) int {
	return cmp.Or(cmp.Compare(y.Connections, x.Connections), cmp.Compare(x.Cause, y.Cause), cmp.Compare(x.By, y.By))
}

// policy keeps a policy that was inferred.
func (d *Diagnosis) policy(p Policy) { d.Policies = append(d.Policies, p) }

// Of returns why a connection was not reused; Undecided if there is none with
// that ID.
func (d *Diagnosis) Of(id uint64) NotReused {
	if d.all == nil {
		return NotReused{}
	}
	if r := d.all.find(id); r != nil {
		return r.is()
	}
	return NotReused{}
}

// Early is Of as Add answered it: Undecided where the group was needed.
func (d *Diagnosis) Early(id uint64) NotReused {
	if d.all == nil {
		return NotReused{}
	}
	if r := d.all.find(id); r != nil && r.class == decided {
		return r.is()
	}
	return NotReused{}
}

// Late returns the connections that Add could not decide, by ID.
func (d *Diagnosis) Late() []uint64 {
	if d.all == nil {
		return nil
	}
	var ids []uint64
	for _, r := range d.all.byID {
		if r.class != decided {
			ids = append(ids, uint64(r.id))
		}
	}
	return ids
}

// Limit returns what a server's policy of that kind comes to, or Unknown.
func (d *Diagnosis) Limit(kind PolicyKind, s *analyze.ServerSummary) int64 {
	if p, ok := d.policyOf(kind, analyze.Server, s.Server.String()); ok {
		return p.Value
	}
	return analyze.Unknown
}

// Run judges an analysis that keeps its connections, with so many goroutines.
func Run(r *analyze.Result, workers int) *Diagnosis {
	n := r.Len()
	d := NewCollector(workers)
	records := make([]record, n)
	d.byID = make([]*record, n)
	parts := make([]traits, d.workers)
	var jobs sync.WaitGroup
	for k := range parts {
		jobs.Go(func() {
			var c analyze.Connection
			for i := n * k / len(parts); i < n*(k+1)/len(parts); i++ {
				r.Connection(i, &c)
				d.byID[i] = &records[i]
				parts[k].add(d.byID[i], &c, r.Last)
			}
		})
	}
	jobs.Wait()
	for k := range parts {
		d.traits.join(&parts[k])
	}
	return d.Finish(r)
}
