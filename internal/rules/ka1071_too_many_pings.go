package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var tooManyPings = &Rule{
	ID:      "KA1071",
	Title:   "server ends connections with ENHANCE_YOUR_CALM",
	Who:     analyze.Client,
	SetWhen: "the server sends GOAWAY with ENHANCE_YOUR_CALM; with too_many_pings in it the client pings more often than the server allows",
	Why: "the client's keep-alive PINGs come more often than the server's policy allows: servers of gRPC take one in 5 minutes, and none " +
		"while no call is under way, unless they are told otherwise",
	Advice: products.Advise("let the client ping less often (grpc-go keepalive.ClientParameters.Time of 5 minutes or more, PermitWithoutStream " +
		"false), or let the server allow it (keepalive.EnforcementPolicy MinTime, PermitWithoutStream)"),
	Filter: "http2.goaway.error == 11 || http2.type == 6",
	Needs:  HTTP | BothSides,
	Check:  checkTooManyPings,
}

func checkTooManyPings(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.GoAway) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return x.TooManyPings() || x.Calm() })
		if len(e.records) == 0 {
			continue
		}
		what := "asks too much"
		if e.records[0].TooManyPings() {
			what = "sends too many PINGs"
		}
		f := v.found(r, e, "%s %s for %s, which ends connections for that: %s", e.pair.Name, what, e.server.Name,
			shareOf(e.len(), e.pair.Seen()))
		f.Severity = max(f.Severity, Notable)
		f.brief = e.server.Name + " ends connections of " + e.pair.Name + ", which " + what
		out = append(out, f)
	}
	return out
}
