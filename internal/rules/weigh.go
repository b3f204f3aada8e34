package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

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
	switch n := f.Failed + f.Unopened; {
	case n == 0:
	case n*failedShare < v.requests+n:
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
	case n < cause.MinSamples && share < halfShare:
		return Info
	case n >= cause.MinSamples && share >= graveShare:
		return Grave
	case share >= notableShare || n >= many:
		return Notable
	}
	return Info
}

// rank sorts findings by what they cost.
func rank(f []Finding) {
	cost := func(x *Finding) int64 {
		return failedCost*(x.Failed+x.Unopened) + x.Saves.Connections + x.Saves.TimeWait
	}
	slices.SortStableFunc(f, func(x, y Finding) int {
		return cmp.Or(
			cmp.Compare(y.Severity, x.Severity),
			cmp.Compare(cost(&y), cost(&x)),
			cmp.Compare(y.Confidence, x.Confidence),
			cmp.Compare(x.Rule.ID, y.Rule.ID), cmp.Compare(x.Subject, y.Subject))
	})
}
