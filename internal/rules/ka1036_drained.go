package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var drained = &Rule{
	ID:      "KA1036",
	Title:   "server shut down gracefully",
	Who:     analyze.Server,
	SetWhen: "from one moment on responses say close, or all idle connections are closed at once, and the server takes no more",
	Why:     "a deploy, a restart or a drain",
	Fix:     "nothing, if it was planned; take the server out of the load balancer before it stops",
	Verify:  `http.connection matches "(?i)close", sorted by time`,
	Needs:   BothSides,
	Check:   checkDrained,
}

func checkDrained(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerDrain) {
		f := v.found(r, e, "%s shut down: %s drained", e.server.Name, conns(e.len()))
		f.Severity, f.Saves = Info, Saving{}
		out = append(out, f)
	}
	return out
}
