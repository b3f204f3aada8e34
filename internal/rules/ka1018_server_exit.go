package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var serverExit = &Rule{
	ID:      "KA1018",
	Title:   "server process ended",
	Who:     analyze.Server,
	SetWhen: "FINs or RSTs of one server end all its connections at one moment, also busy ones; then it refuses connections",
	Why:     "the server was killed, crashed or was restarted: the kernel closed its sockets",
	Advice: products.Advise(
		"look for a crash, an out-of-memory kill or a deploy at that time",
		"let deploys shut down gracefully",
	),
	Filter: "tcp.flags.fin == 1 or tcp.flags.reset == 1",
	Hint:   "sorted by time, they come at one moment",
	Needs:  BothSides,
	Check:  checkServerExit,
}

func checkServerExit(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerExit) {
		busy := e.busy()
		when := "one moment"
		if n := cause.Moments(e.records); n > 1 {
			when = cause.Plural(n, "moment", "moments")
		}
		f := v.found(r, e, "%s went away at %s: %s closed, %s", e.server.Name, when, conns(e.len()), underWay(busy))
		f.Severity = max(f.Severity, Notable)
		f.brief = "the process of " + e.server.Name + " ended"
		out = append(out, f)
	}
	return out
}
