package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientTimeout = &Rule{
	ID:      "KA1017",
	Title:   "client gives up on requests",
	Who:     analyze.Client,
	SetWhen: "the client closes with a request unanswered or its response not complete",
	Why:     "the client's timeout is shorter than what the server takes, or its caller cancelled",
	Advice:  products.Advise("raise the client's timeout above the slowest response, or make the server faster").Noting("reuse is lost with each of these"),
	Filter:  "tcp.flags.fin == 1",
	Hint:    "the client's FIN comes before the response is whole",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkClientTimeout,
}

func checkClientTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientTimeout) {
		if e.records = v.notShort(e.records); len(e.records) == 0 {
			continue
		}
		waited, timeout := " after "+after(e.records), ""
		if p, ok := v.PolicyOf(cause.RequestTimeout, analyze.Client, e.pair.Title()); ok {
			waited, timeout = " after "+cause.Duration(p.Value), ", its timeout"
		}
		if slices.Max(cause.Values(e.records, (*cause.Record).Measured)) == 0 { // the times of the packets are all alike
			waited, timeout = "", ""
		}
		f := v.found(r, e, "%s gave up %s to %s", e.pair.Name, cause.Plural(e.len(), "request", "requests"), e.server.Name)
		if waited != "" {
			f.Title += "," + waited + timeout
		}
		if p, ok := v.PolicyOf(cause.RequestTimeout, analyze.Client, e.pair.Title()); ok && e.pair.HeedsAnnounced(e.records, p.Value) {
			f.Advice = products.Advise(
				fmt.Sprintf("raise the server's keep-alive timeout, which it announces (Keep-Alive: timeout=%d): Node's http.Agent takes "+
					"that, less 1 s, for the timeout of each connection that it uses again, and its own timeout does not help",
					e.server.AdvertisedTimeout),
				"give each request a timeout of its own (the option timeout of http.request, other than the agent's)",
			)
			f.Title += ", which is the server's announced " + fmt.Sprint(e.server.AdvertisedTimeout) + " s less 1"
		}
		f.brief = fmt.Sprintf("%s gives up requests to %s%s", e.pair.Name, e.server.Name, waited)
		out = append(out, f)
	}
	return out
}
