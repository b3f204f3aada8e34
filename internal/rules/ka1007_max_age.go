package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var maxAge = &Rule{
	ID:    "KA1007",
	Title: "server ends connections at a certain age",
	Who:   analyze.Server,
	SetWhen: "connections are ended at the same age, however many requests they carried; with GOAWAY also at ages within 10% of " +
		"each other, or with max_age as its debug data",
	Why:    "a limit on the age of connections is reached: keepalive_time, max_connection_duration, MaxConnectionAge of gRPC",
	Advice: products.Advise("let the server keep connections longer if new connections are expensive").Noting("no action if this is as configured"),
	Filter: `http.response and http.connection matches "(?i)close"`,
	Hint:   "the time since the first packet of the stream (tcp.time_relative) is alike on each",
	Needs:  HTTP | Opening | BothSides,
	Check:  checkMaxAge,
	Costs:  true,
}

func checkMaxAge(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerMaxAge) {
		ages := cause.Values(e.records, (*cause.Record).AgeAtEnd)
		told, brief, asGRPC := spanning(ages), "", false
		if p, ok := v.PolicyOf(cause.MaxAge, analyze.Server, e.server.Name); ok {
			brief = cause.Duration(p.Value)
			if asGRPC = e.records[0].Cause == cause.GoAway && slices.Min(ages) < p.Value && cause.Spread(ages)*100 > slices.Min(ages)*cause.Agreement; !asGRPC {
				told = brief
			}
		}
		f := v.found(r, e, "%s ends connections that are %s old: %s", e.server.Name, told, shareOf(e.len(), e.server.Seen()))
		if asGRPC {
			f.Title += "; gRPC's MaxConnectionAge of " + brief + ", a tenth more or less, does so"
			f.Advice = products.Advise("raise MaxConnectionAge (grpc-go keepalive.ServerParameters, max_connection_age_ms, maxConnectionAge of " +
				"Java) if new connections are expensive").
				Noting("it is there so that clients find new servers, and no call is lost by it")
		}
		f.brief = e.server.Name + " ends connections at an age of " + cmp.Or(brief, told)
		out = append(out, f)
	}
	return out
}
