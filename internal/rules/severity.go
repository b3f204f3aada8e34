package rules

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// How much a finding matters is told by the pairs of client and server that show
// it, and by what they are part of, a server or a host; never by the capture. Of these
// pairs those count together that make the worst of it: what went well elsewhere
// changes nothing, and a request more that fails, or a connection more that is wasted,
// never makes it less. TestSeverity holds both.

// stake is what a finding costs a pair.
type stake struct {
	cost int64 // what it costs
	of   int64 // of how many
}

// share is part of so many.
type share struct{ part, of int64 }

// worst returns the most that a finding costs where it costs that share or more: of all
// parts of its pairs for which that holds, the cost of the greatest. A pair may be in it
// in part.
func worst(at share, stakes []stake) float64 {
	slices.SortFunc(stakes, func(x, y stake) int { return cmp.Compare(y.cost*max(x.of, 1), x.cost*max(y.of, 1)) })
	cost, spare := int64(0), int64(0) // spare is by how much the cost is more than that share
	for _, s := range stakes {
		more := at.of*s.cost - at.part*s.of
		if spare+more < 0 {
			return float64(cost) + float64(s.cost)*float64(spare)/float64(-more)
		}
		cost, spare = cost+s.cost, spare+more
	}
	return float64(cost)
}

// atLeast compares what worst returned with a number, but for what rounding takes away.
func atLeast(cost float64, n int64) bool { return cost >= float64(n)-1e-6 }

// weigh says how much a finding matters: by the requests that it failed, else by the
// connections that it wasted.
func (v *view) weigh(f *Finding) Severity {
	s := Info
	if f.Failed+f.Unopened > 0 {
		s = v.weighFailed(f)
	}
	if f.Saves.Connections > 0 {
		s = max(s, v.weighWasted(f))
	}
	return s
}

// weighFailed weighs the requests that failed, as a share of those of their pairs. One
// alone matters; of connections that did not open one matters if it is not one of many.
func (v *view) weighFailed(f *Finding) Severity {
	by := newStakes()
	for _, r := range f.shown() {
		failed, unopened := int64(0), int64(0)
		if f.Failed > 0 {
			failed = v.Lost(r).Failed
		}
		if f.Unopened > 0 && r.NeverOpened() {
			unopened = 1
		}
		if failed+unopened > 0 {
			x := by.of(r.Pair, v.requests[r.Pair])
			x.cost += failed + unopened
			x.of += unopened // it did not come to a request
		}
	}
	return ofFailed(by.list(func(uint32) int64 { return math.MaxInt64 }), f.Failed > 0)
}

// ofFailed returns how grave it is that requests failed, or that connections did not open.
func ofFailed(failed []stake, requests bool) Severity {
	switch n := worst(failedShare, failed); {
	case atLeast(n, cause.MinSamples):
		return Grave
	case requests, atLeast(n, 1):
		return Notable
	}
	return Info
}

// weighWasted weighs the connections that need not have been opened: as a share of the
// requests of their pairs, each of which needs one connection at most, and as a share of
// their connections.
func (v *view) weighWasted(f *Finding) Severity {
	grave, most, notable, connections := v.wasted(f)
	switch {
	case atLeast(worst(graveShare, grave), cause.MinSamples):
		return Grave
	case atLeast(worst(notableShare, notable), cause.MinSamples), atLeast(worst(mostShare, most), fewWasted),
		atLeast(worst(graveShare, connections), manyWasted):
		return Notable
	}
	return Info
}

// stakes are what a finding costs, by the number of the pair.
type stakes struct {
	place map[uint32]uint32 // of a pair in all, from 1
	all   []pairStake
}

type pairStake struct {
	stake
	pair uint32
}

func newStakes() *stakes { return &stakes{place: map[uint32]uint32{}} }

// of returns what it costs a pair, which has that many in all. It may be changed until
// another pair is asked for.
func (s *stakes) of(pair uint32, all int64) *stake {
	at := s.place[pair]
	if at == 0 {
		s.all = append(s.all, pairStake{stake{of: all}, pair})
		at = uint32(len(s.all))
		s.place[pair] = at
	}
	return &s.all[at-1].stake
}

// list returns what costs something, and no more than the greatest cost of each pair.
func (s *stakes) list(greatest func(pair uint32) int64) []stake {
	out := make([]stake, 0, len(s.all))
	for _, x := range s.all {
		if x.cost = min(x.cost, greatest(x.pair)); x.cost > 0 {
			out = append(out, x.stake)
		}
	}
	return out
}

// wasted returns what the connections of a finding cost among the requests of their
// pairs, for each share that matters, and among their connections. One that carried so many
// requests that it makes less than that share was well used, and counts on neither side.
func (v *view) wasted(f *Finding) (grave, most, notable, connections []stake) {
	requests := [...]struct {
		share
		*stakes
	}{{graveShare, newStakes()}, {mostShare, newStakes()}, {notableShare, newStakes()}}
	among := newStakes()
	var x [len(requests)]*stake
	var used *stake
	last := uint32(0) // there is no pair 0
	for r := range v.busyWith(f) {
		if r.Pair != last {
			last, used = r.Pair, among.of(r.Pair, v.used[r.Pair])
			for i := range requests {
				x[i] = requests[i].stakes.of(r.Pair, v.requests[r.Pair])
			}
		}
		n := int64(r.Requests)
		for i := range requests {
			if at := requests[i].share; n*at.part > at.of {
				x[i].of -= n
			} else {
				x[i].cost++
			}
		}
		if n > notableShare.of {
			used.of--
		} else {
			used.cost++
		}
	}
	avoidable := func(pair uint32) int64 { return v.avoidable[pair] }
	return requests[0].list(avoidable), requests[1].list(avoidable), requests[2].list(avoidable), among.list(avoidable)
}

// busyWith returns the connections of a finding that had requests and were opened within a
// minute of another: one now and then costs nobody anything, and silence between them does
// not make many fewer. Health checks are not among them.
func (v *view) busyWith(f *Finding) iter.Seq[*cause.Record] {
	all := f.shown()
	return func(yield func(*cause.Record) bool) {
		told := -1
		for i := 1; i < len(all); i++ {
			if apart := all[i].Start - all[i-1].Start; max(apart, -apart) > busyGap {
				continue
			}
			for told = max(told, i-2); told < i; {
				told++
				if r := all[told]; r.Requests > 0 && !(r.Requests == 1 && v.checks[r.Pair]) && !yield(r) {
					return
				}
			}
		}
	}
}
