package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var keptAfterGoAway = &Rule{
	ID:      "KA1073",
	Title:   "client keeps connections after GOAWAY",
	Who:     analyze.Client,
	SetWhen: "10 s after a GOAWAY of the server, and after the last response, neither side has closed",
	Why:     "no further request can be sent on it, and both sides hold a socket; Go's client leaves the close to the server",
	Advice: products.Advise("let the server close some time after GOAWAY, as servers of Go and gRPC do, or the client when its last stream has " +
		"ended"),
	Filter: "http2.type == 7",
	Needs:  HTTP | BothSides,
	Check:  checkKeptAfterGoAway,
}

func checkKeptAfterGoAway(v *view, r *Rule) []Finding {
	by, longest := map[uint32][]*cause.Record{}, map[uint32]int64{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		x := v.Record(uint64(m.ID))
		by[x.Pair] = append(by[x.Pair], x)
		longest[x.Pair] = max(longest[x.Pair], m.Duration)
	}, cause.AnomalyKeptAway)
	var out []Finding
	for _, p := range v.Pairs() {
		if len(by[p.Num]) == 0 {
			continue
		}
		e := group{subject: subject{pair: p, server: p.To}, records: by[p.Num]}
		slices.SortFunc(e.records, cause.ByID)
		f := v.told(r, e, "%s keeps connections to %s after GOAWAY: %s, up to %s", p.Name, p.To.Name, cause.Count(e.len()), cause.Duration(longest[p.Num]))
		f.Severity = Info
		out = append(out, f)
	}
	return out
}
