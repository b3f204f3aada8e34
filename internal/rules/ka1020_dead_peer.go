package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var deadPeer = &Rule{
	ID:      "KA1020",
	Title:   "peer gone: keep-alive probes unanswered",
	Who:     analyze.Network,
	SetWhen: "keep-alive probes of an idle connection stay unanswered to the end or to the RST of their sender",
	Why:     "the other host went away, the path is broken, or something on it dropped the connection silently",
	Advice: products.Advise("let the probes begin before the shortest idle limit on the path (NAT, firewall, load balancer), so that it never " +
		"forgets the connection"),
	Filter: "tcp.analysis.keep_alive",
	Needs:  Probed | BothSides,
	Check:  checkDeadPeer,
}

func checkDeadPeer(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.DeadPeer) {
		f := v.found(r, e, "keep-alive probes between %s and %s are not answered on %s: the peer or the path is gone", e.pair.Name, e.server.Name, conns(e.len()))
		f.Severity = max(f.Severity, Notable)
		f.brief = "keep-alive probes between " + e.pair.Name + " and " + e.server.Name + " are not answered: the peer or the path is gone"
		out = append(out, f)
	}
	return out
}
