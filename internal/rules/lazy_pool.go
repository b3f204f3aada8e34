package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// lazyPoolAdvice is what helps where a client closes late what the server has closed.
var lazyPoolAdvice = products.Advise("to close them sooner, have the pool evict idle connections before the server's timeout " +
	"(Apache HttpClient evictIdleConnections; urllib3 and requests cannot)").
	Noting("nothing leaks if the program goes on: its pool looks at idle connections only when one is asked for")

// lazyPools finds clients that notice only at their next request which connections the
// server has closed, and close these then: between the two they are in CLOSE_WAIT,
// but nothing leaks.
func (v *view) lazyPools(r *Rule) []Finding {
	var out []Finding
	closed := map[uint32]int64{} // when the client closed
	v.EachAnomaly(func(m *cause.Anomaly) {
		closed[m.ID] = v.Record(uint64(m.ID)).Ended + m.Duration
	}, cause.AnomalyLateClose)
	for _, e := range v.withAnomaly(cause.AnomalyLateClose, nil) {
		byPair := map[uint32][]*cause.Record{}
		for _, x := range e.records {
			byPair[x.Pair] = append(byPair[x.Pair], x)
		}
		for _, p := range e.server.Pairs {
			in := byPair[p.Num]
			if len(in) < cause.MinSamples || v.closedAlone(p, in, closed)*2 > int64(len(in)) {
				continue
			}
			f := v.found(r, group{subject: subject{pair: p, server: e.server}, records: in, worst: e.worst},
				"%s left %s that %s had closed in CLOSE_WAIT for up to %s, until it needed a connection again",
				p.Name, conns(int64(len(in))), e.server.Name, cause.Duration(e.worst.Duration))
			f.Advice = adviceOr(p.Program, "KA1025", lazyPoolAdvice)
			f.Severity, f.Failed, f.Saves, f.Confidence = Info, 0, Saving{}, cause.Medium
			out = append(out, f)
		}
	}
	return out
}

// closedAlone returns how many of some connections the client closed at no time at which
// it opened another.
func (v *view) closedAlone(p *cause.Pair, in []*cause.Record, closed map[uint32]int64) (alone int64) {
	starts := cause.SortedValues(p.Records, func(x *cause.Record) int64 { return x.Start })
	for _, x := range in {
		at := closed[x.ID]
		if i, _ := slices.BinarySearch(starts, at-besideRequest); i == len(starts) || starts[i] > at+besideRequest {
			alone++
		}
	}
	return alone
}
