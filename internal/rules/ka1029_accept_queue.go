package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var acceptQueue = &Rule{
	ID:    "KA1029",
	Title: "accept queue of the server is full",
	Who:   analyze.Server,
	SetWhen: "SYNs stay unanswered while other connections to the same port open, and data on some of these is acknowledged but never " +
		"answered",
	Why: "the program does not accept connections fast enough, and its listen backlog is full",
	Advice: products.Advise(
		"find what keeps the program from accepting",
		"raise its listen backlog and net.core.somaxconn",
		"watch ListenOverflows (nstat -az TcpExtListenOverflows)",
	),
	Filter: "tcp.flags.syn == 1 or tcp.analysis.retransmission",
	Needs:  Opening | BothSides,
	Check:  checkAcceptQueue,
}

func checkAcceptQueue(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.AcceptQueueFull) {
		f := v.found(r, e, "%s does not accept connections: no room for %s", e.server.Name, conns(e.len()))
		if n := v.Starved(e.server); n > 0 {
			f.Title += ", and " + conns(n) + " answered by the kernel only"
		}
		f.brief = "the accept queue of " + e.server.Name + " is full"
		out = append(out, f)
	}
	return out
}
