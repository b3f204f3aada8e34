package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Finish says that the analysis is over: it gives every connection its cause. The
// Collector must not be used any more.
func (d *Collector) Finish(r *analyze.Result) Decisions {
	x := Decisions{all: d, starved: map[uint32]int64{}}
	if d.byID == nil {
		d.sort()
	}
	x.groups = group(d.byID, r)
	d.summary.each(func(m *Anomaly) {
		x.starved[x.groups.pair(d.find(uint64(m.ID)).Pair).To.Num]++
	}, AnomalyStarved)
	x.correct()
	x.untranslated()
	for _, s := range x.groups.servers {
		x.decideServer(s)
	}
	for _, h := range x.groups.hosts {
		x.decideHost(h)
	}
	x.decideLeftOut()
	x.tellGoAways()
	x.agePolicies()
	x.groups.noteCauses()
	x.findRunEnds()
	x.countLosses()
	x.bodyTimeouts()
	x.probeSettings()
	x.sortPolicies()
	x.tellNode()
	x.countCauses()
	return x
}

// decideLeftOut gives a cause to each connection whose pair has no row, as if it were
// the only one of its server and its client.
func (d *Decisions) decideLeftOut() {
	p := d.groups.leftOut
	h := &Host{Pairs: p.To.Pairs}
	alone := Decisions{all: d.all, groups: d.groups}
	one := make([]*Record, 1)
	for _, r := range d.all.byID {
		if r.Cause != Undecided || d.groups.listed(r) {
			continue
		}
		one[0] = r
		p.Records, p.To.Records = one, one
		p.classes, p.To.classes = 0, 0
		alone.decideServer(p.To)
		alone.decideHost(h)
	}
	p.Records, p.To.Records = nil, nil
}

// countCauses counts the connections of each cause.
func (d *Decisions) countCauses() {
	var by [causeCount][analyze.Network + 1]int64
	for _, r := range d.all.byID {
		by[r.Cause][r.By]++
	}
	for cause := range by {
		for who, n := range by[cause] {
			if n > 0 {
				d.Causes = append(d.Causes, Total{Cause(cause), analyze.Party(who), n})
			}
		}
	}
	slices.SortFunc(d.Causes, byCount)
}
