package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientReset = &Rule{
	ID:      "KA1045",
	Title:   "client resets connections",
	Who:     analyze.Client,
	SetWhen: "the client sends RST from a live socket, and neither an unread body, a timeout nor its end explains it",
	Why: "it closes with unread data or with SO_LINGER 0, as HAProxy does with idle connections to its servers, or gives up in " +
		"another way",
	Advice: products.Advise(
		"close connections in order: read what is left, drop SO_LINGER 0",
		"if it is HAProxy, set http-reuse always, and raise pool-purge-delay above the pauses between requests: at its "+
			"default, 5 s, it closes half of what was idle each time",
	),
	Filter: "tcp.flags.reset == 1",
	Needs:  BothSides,
	Check:  checkClientReset,
	Costs:  true,
}

func checkClientReset(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientReset) {
		f := v.found(r, e, "%s resets its connections to %s: %s", e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.brief = e.pair.Name + " resets its connections to " + e.server.Name
		out = append(out, f)
	}
	return out
}
