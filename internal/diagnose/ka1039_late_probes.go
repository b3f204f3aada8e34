package diagnose

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var lateProbes = &Rule{
	ID:      "KA1039",
	Title:   "keep-alive probes come later than a path forgets",
	Who:     analyze.Both,
	SetWhen: "the first keep-alive probe comes only after more than 240 s of silence",
	Why:     "the default of the system is 2 hours; load balancers, NAT gateways and firewalls forget idle connections after 240 to 350 s",
	Fix:     "set the idle time of TCP keep-alive below 240 s (Go: net.KeepAliveConfig.Idle, Linux: TCP_KEEPIDLE or net.ipv4.tcp_keepalive_time)",
	Verify:  "tcp.analysis.keep_alive",
	Needs:   Probed | BothSides,
	Check:   checkLateProbes,
}

// shortestPath is the shortest idle limit of a well-known middlebox, the Azure
// load balancer.
const shortestPath = 240e9

func checkLateProbes(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.marked(oddProbes, func(m *marked) bool { return m.d > shortestPath }) {
		idle := e.worst.d
		f := v.found(r, e, "probes on connections to %s begin after %s: later than some paths forget", e.server.name, Duration(idle))
		f.Severity, f.Confidence, f.Failed, f.Saves = Info, High, 0, Saving{}
		f.Observed = "the first probe came after " + Duration(idle)
		out = append(out, f)
	}
	return out
}
