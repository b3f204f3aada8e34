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
	return savingOf(records, func(pair uint32, n int64) int64 { return max(0, min(n, v.Pair(pair).Avoidable())) })
}

// countOnce leaves a connection that several findings would spare to the first of them, so
// that all of them together spare no more than there are.
func (v *view) countOnce(findings []Finding) {
	left := map[uint32]int64{}
	for i := range findings {
		if f := &findings[i]; f.Saves != (Saving{}) {
			f.Saves = savingOf(f.shown(), func(pair uint32, n int64) int64 {
				if _, ok := left[pair]; !ok {
					left[pair] = max(0, v.Pair(pair).Avoidable())
				}
				n = min(n, left[pair])
				left[pair] -= n
				return n
			})
		}
	}
}

// savingOf is saving where spared returns how many are spared of n connections of a pair.
func savingOf(records []*cause.Record, spared func(pair uint32, n int64) int64) Saving {
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
		of += *n
		s.Connections += spared(num, *n)
	}
	if of > 0 {
		s.TimeWait = waits * s.Connections / of
	}
	return s
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
