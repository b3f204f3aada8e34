package diagnose

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var balancerRace = &Rule{
	ID:      "KA1015",
	Title:   "load balancer reuses connections that its backend is closing",
	Who:     analyze.Server,
	SetWhen: "a proxy's requests cross the FIN of the backend, or come just as it closes the idle connection, and are lost",
	Why:     "the backend's keep-alive timeout is shorter than that of the load balancer in front of it: its clients get 502 or 503 where it does not ask again",
	Fix:     "set the backend's keep-alive timeout above the load balancer's idle timeout (AWS ALB 60 s, Google Cloud 600 s, nginx upstream 60 s)",
	Verify:  "tcp.flags.fin == 1 or tcp.flags.reset == 1 or http.request, in the stream",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkBalancerRace,
}

func checkBalancerRace(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(StaleRace) {
		if !e.pair.balanced() {
			continue
		}
		f := v.found(r, e, "%s of the load balancer %s crossed the close of its backend %s: its clients get 502 or 503 where it does not ask again", Plural(e.len(), "request", "requests"), e.pair.name, e.server.name)
		if p, ok := v.policyOf(IdleTimeout, analyze.Server, e.server.name); ok {
			f.Fix = fmt.Sprintf("raise the keep-alive timeout of the backend, %s now, above the idle timeout of the load balancer (AWS ALB 60 s, Google Cloud 600 s, nginx upstream 60 s)", Duration(p.Value))
		}
		f.brief = "backend " + e.server.name + " closes connections that the load balancer still uses"
		out = append(out, f)
	}
	return out
}

// balanced reports whether the client is a proxy.
func (p *pair) balanced() bool { return p.Proxied }
