package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var maxAge = &Rule{
	ID:      "KA1007",
	Title:   "server ends connections at a certain age",
	Who:     analyze.Server,
	SetWhen: "connections are ended at the same age, however many requests they carried",
	Why:     "a limit of the age is reached: keepalive_time, max_connection_duration, max_connection_age",
	Advice:  products.Advise("let the server keep connections longer if new connections are expensive").Noting("no action if this is as configured"),
	Filter:  `http.response and http.connection matches "(?i)close"`,
	Hint:    "the time since the first packet of the stream (tcp.time_relative) is alike on each",
	Needs:   HTTP | Opening | BothSides,
	Check:   checkMaxAge,
	Costs:   true,
}

func checkMaxAge(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerMaxAge) {
		p, _ := v.PolicyOf(cause.MaxAge, analyze.Server, e.server.Name)
		f := v.found(r, e, "%s ends connections that are %s old: %s", e.server.Name, cause.Duration(p.Value),
			shareOf(e.len(), e.server.Seen()))
		f.brief = e.server.Name + " ends connections at an age of " + cause.Duration(p.Value)
		out = append(out, f)
	}
	return out
}
