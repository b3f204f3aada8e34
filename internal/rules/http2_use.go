package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// http2Use is how a client uses HTTP/2 with a server: one rule of several tells of it.
type http2Use struct {
	pair     *cause.Pair
	records  []*cause.Record // that the client sent on, but for spare dials, in order of ID
	atOnce   int64           // that could be used at the same time
	requests int64
	streams  int64 // open at once on one of them at most
	hidden   bool  // the streams of some cannot be counted
	full     int64 // connections with as many open streams as the server allows
	limit    int64 // that it allows; 0 if none reached it
	way      http2Way
}

// http2Way is what is told of it.
type http2Way uint8

const (
	apart         http2Way = iota // several connections at once, if there are, for no reason that shows
	eachRequest                   // one after the other, a connection for each request
	oneByOne                      // several at once, with one open stream each
	atStreamLimit                 // several at once, for the server allows no more streams on each
)

// findHTTP2 finds how clients use HTTP/2.
func (v *view) findHTTP2() {
	v.http2 = map[uint32]*http2Use{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		r := v.Record(uint64(m.ID))
		if r.Cause == cause.SpareDial || r.Cause == cause.TLSFailed {
			return
		}
		x := v.http2[r.Pair]
		if x == nil {
			x = &http2Use{pair: v.PairOf(r)}
			v.http2[r.Pair] = x
		}
		if m.Kind == cause.AnomalyFull {
			x.full++
			x.limit = max(x.limit, m.Duration)
			return
		}
		x.records = append(x.records, r)
		x.requests += int64(r.Requests)
		x.streams = max(x.streams, m.Duration)
		x.hidden = x.hidden || m.Duration == 0
	}, cause.AnomalyHTTP2, cause.AnomalyFull)
	for _, x := range v.http2 {
		slices.SortFunc(x.records, cause.ByID)
		x.atOnce = mostAtOnce(x.records)
		x.way = x.wayOf()
	}
}

// wayOf returns what is told of it.
func (x *http2Use) wayOf() http2Way {
	n := int64(len(x.records))
	switch {
	case x.hidden || n < 2:
	case x.full > 1 && x.full >= n-1 && x.pair.StreamsAtOnce > x.limit && x.atOnce > 1 && x.atOnce <= (x.pair.StreamsAtOnce-1)/x.limit+2:
		return atStreamLimit // one more than it takes may have been opened before it was needed
	case n >= cause.MinSamples && (x.requests-n)*rarely <= x.requests && x.oneAfterTheOther():
		return eachRequest
	case x.streams == 1 && x.full == 0 && x.pair.StreamsAtOnce > 1 && x.requests >= 2*n && x.atOnce >= x.fewest():
		return oneByOne
	}
	return apart
}

// fewest is from how many connections at once on they are told to be used for one request
// at a time: of what is known to do so two are enough.
func (x *http2Use) fewest() int64 {
	if x.pair.Program == products.Node {
		return 2
	}
	return manyHTTP2
}

// oneAfterTheOther reports whether most connections were opened when the first of them
// could have been used: more than a burst of a client that knows none yet.
func (x *http2Use) oneAfterTheOther() bool {
	first, later := x.records[0], 0
	for _, r := range x.records {
		if r.Done < first.Done {
			first = r
		}
	}
	for _, r := range x.records {
		if r.Start > first.Done {
			later++
		}
	}
	return later+1 >= cause.MinSamples && later*2 >= len(x.records)
}

// toldAsHTTP2 reports whether a connection is one of those that are made for each request,
// which a rule of HTTP/2 tells.
func (v *view) toldAsHTTP2(r *cause.Record) bool {
	x := v.http2[r.Pair]
	if x == nil || x.way != eachRequest || !endsUntold(r) {
		return false
	}
	_, in := slices.BinarySearchFunc(x.records, r, cause.ByID)
	return in
}

// endsUntold reports whether how a connection ends, or that it stays open, does not explain
// why it carried one request.
func endsUntold(r *cause.Record) bool {
	return r.Cause == cause.ClientClosedAfterResponse || r.Cause == cause.Leaked || r.Cause == cause.IdleAtEnd
}

// inWay returns how clients use HTTP/2 that do so in that way, in order of pairs.
func (v *view) inWay(way http2Way) (out []*http2Use) {
	for _, p := range v.Pairs() {
		if x := v.http2[p.Num]; x != nil && x.way == way {
			out = append(out, x)
		}
	}
	return out
}

func (x *http2Use) group() group {
	return group{subject: subject{pair: x.pair, server: x.pair.To}, records: x.records}
}

// mostAtOnce returns how many connections could be used at the same time at most.
func mostAtOnce(records []*cause.Record) (most int64) {
	type change struct {
		at int64
		by int64
	}
	var all []change
	for _, r := range records {
		all = append(all, change{r.Start, 1}, change{r.UsableUntil(), -1})
	}
	slices.SortFunc(all, func(x, y change) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.by, y.by)) })
	n := int64(0)
	for _, c := range all {
		n += c.by
		most = max(most, n)
	}
	return most
}
