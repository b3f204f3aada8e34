package rules

import (
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var keptAfterGoAway = &Rule{
	ID:    "KA1073",
	Title: "client keeps or uses connections after GOAWAY",
	Who:   analyze.Client,
	SetWhen: "10 s after a GOAWAY of the server, and after the last response, neither side has closed; or the client opens streams above the " +
		"last that it names more than a round trip and 100 ms after the GOAWAY",
	Why: "no further request can be sent on it, and both sides hold a socket; Go's client leaves the close to the server; streams that are " +
		"opened anyway are ignored (RFC 9113, 6.8)",
	Advice: products.Advise("let the server close some time after GOAWAY, as servers of Go and gRPC do, or the client when its last stream has " +
		"ended"),
	Filter: "http2.type == 7",
	Needs:  HTTP | BothSides,
	Check:  checkKeptAfterGoAway,
}

func checkKeptAfterGoAway(v *view, r *Rule) []Finding {
	out := v.usedAfterGoAway(r)
	for _, e := range v.pairsWith(cause.AnomalyKeptAway) {
		f := v.told(r, e.group, "%s keeps connections to %s after GOAWAY: %s, up to %s", e.pair.Name, e.server.Name, cause.Count(e.len()),
			cause.Duration(e.longest))
		f.Severity = Info
		out = append(out, f)
	}
	return out
}

// usedAfterGoAway finds clients that send requests on connections to which GOAWAY came.
func (v *view) usedAfterGoAway(r *Rule) (out []Finding) {
	for _, e := range v.pairsWith(cause.AnomalyUsedAway) {
		f := v.told(r, e.group, "%s sent %s to %s on connections to which GOAWAY had come: %s", e.pair.Name,
			cause.Plural(e.sum, "request", "requests"), e.server.Name, cause.Count(e.len()))
		f.Advice = products.Advise("use a client that opens a new connection once GOAWAY has come, and sends the requests above its last stream " +
			"again there: the server takes none of them")
		f.Severity, f.Confidence = Info, cause.High
		if e.sum >= cause.MinSamples {
			f.Severity = Notable
		}
		out = append(out, f)
	}
	return out
}

// pairGroup is a pair with connections that have an anomaly.
type pairGroup struct {
	group
	longest, sum int64 // of its durations
}

// pairsWith returns the pairs with connections that have an anomaly.
func (v *view) pairsWith(kind cause.AnomalyKind) (out []*pairGroup) {
	by := map[uint32]*pairGroup{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		x := v.Record(uint64(m.ID))
		e := by[x.Pair]
		if e == nil {
			e = &pairGroup{longest: math.MinInt64}
			by[x.Pair] = e
		}
		e.records = append(e.records, x)
		e.longest, e.sum = max(e.longest, m.Duration), e.sum+m.Duration
	}, kind)
	for _, p := range v.Pairs() {
		if e := by[p.Num]; e != nil {
			e.subject = subject{pair: p, server: p.To}
			slices.SortFunc(e.records, cause.ByID)
			out = append(out, e)
		}
	}
	return out
}
