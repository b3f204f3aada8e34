package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var balancerRace = &Rule{
	ID:      "KA1015",
	Title:   "load balancer reuses connections that its backend is closing",
	Who:     analyze.Server,
	SetWhen: "a proxy's requests cross the FIN of the backend, or come just as it closes the idle connection, and are lost",
	Why: "the backend's keep-alive timeout is shorter than that of the load balancer in front of it: its clients get 502 or 503 " +
		"where it does not retry",
	Advice: products.Advise("set the backend's keep-alive timeout above the load balancer's idle timeout (AWS ALB 60 s, Google Cloud 600 s, nginx " +
		"upstream 60 s)"),
	Filter: "tcp.flags.fin == 1 or tcp.flags.reset == 1 or http.request",
	Hint:   "follow the stream of an example: the request comes just after the backend's FIN, or crosses it",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkBalancerRace,
}

func checkBalancerRace(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.StaleRace) {
		if !e.pair.Proxied {
			continue
		}
		f := v.found(r, e, "%s of the load balancer %s crossed the close of its backend %s: "+
			"its clients get 502 or 503 where it does not retry", cause.Plural(e.len(), "request", "requests"), e.pair.Name, e.server.Name)
		if p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Server, e.server.Name); ok {
			f.Advice = products.Advise(fmt.Sprintf("raise the keep-alive timeout of the backend, now %s%s, "+
				"above the idle timeout of the load balancer (AWS ALB 60 s, Google Cloud 600 s, nginx upstream 60 s)", cause.Duration(p.Value), inferred(p)))
		}
		f.brief = "backend " + e.server.Name + " closes connections that the load balancer still uses"
		out = append(out, f)
	}
	return out
}
