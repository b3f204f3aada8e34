package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var connectionLimit = &Rule{
	ID:    "KA1056",
	Title: "server closes idle connections to make room for others",
	Who:   analyze.Server,
	SetWhen: "the server sends FIN on idle connections just after another one was opened, whenever it has as many as it takes, and " +
		"after pauses that differ",
	Why: "more connections are open than the server's limit, and idle ones have to go: worker_connections in nginx, descriptors or " +
		"memory elsewhere",
	Advice: products.Advise("raise the server's limit of connections (in nginx worker_connections, which a proxy needs two of for each client, " +
		"and worker_rlimit_nofile), or let clients keep fewer idle ones"),
	Filter: "tcp.flags.fin == 1 or tcp.flags.syn == 1",
	Hint:   "sorted by time, a FIN follows the SYN of another connection",
	Needs:  HTTP | BothSides | Whole | Opening,
	Check:  checkConnectionLimit,
	Costs:  true,
}

func checkConnectionLimit(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerConnectionLimit) {
		p, _ := v.PolicyOf(cause.MaxConnections, analyze.Server, e.server.Name)
		f := v.found(r, e, "%s closes idle connections as soon as others are opened, beyond about %s at once: %s",
			e.server.Name, conns(p.Value), shareOf(e.len(), e.server.Seen()))
		f.brief = e.server.Name + " takes only about " + conns(p.Value) + " at once, and closes idle ones for others"
		out = append(out, f)
	}
	return out
}
