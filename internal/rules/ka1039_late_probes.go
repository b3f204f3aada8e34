package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var lateProbes = &Rule{
	ID:      "KA1039",
	Title:   "the first keep-alive probe comes after typical NAT and load-balancer timeouts",
	Who:     analyze.Both,
	SetWhen: "the first keep-alive probe comes only after more than 240 s of silence",
	Why:     "the default of the system is 2 hours; load balancers, NAT gateways and firewalls forget idle connections after 240 to 350 s",
	Advice: products.Advise("set the idle time of TCP keep-alive below 240 s (Go: net.KeepAliveConfig.Idle, Linux: TCP_KEEPIDLE or " +
		"net.ipv4.tcp_keepalive_time)"),
	Filter: "tcp.analysis.keep_alive",
	Needs:  Probed | BothSides,
	Check:  checkLateProbes,
}

func checkLateProbes(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyProbes, func(m *cause.Anomaly) bool { return m.Duration > shortestPath }) {
		idle := e.worst.Duration
		f := v.told(r, e, "probes on connections to %s begin after %s: later than typical NAT and load-balancer timeouts", e.server.Name, cause.Duration(idle))
		f.Severity, f.Confidence = Info, cause.High
		f.Observed = "the first probe came after " + cause.Duration(idle)
		out = append(out, f)
	}
	return out
}
