package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var halfOpenPeer = &Rule{
	ID:      "KA1024",
	Title:   "server no longer knows the connection",
	Who:     analyze.Server,
	SetWhen: "a request on an open connection is answered by a bare RST, and no FIN came before",
	Why: "the server was restarted or failed over, its address moved, its FIN was lost, or a NAT, firewall or load balancer on the " +
		"path forgot the idle connection or rejects it with an RST",
	Advice: products.Advise(
		"let clients close idle connections, or probe them, sooner than the path forgets them",
		retryIdempotent,
		"look for restarts or failovers of the server, and for firewall rules that reject",
	),
	Filter: "tcp.flags.reset == 1",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkHalfOpenPeer,
}

func checkHalfOpenPeer(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.HalfOpenPeer) {
		f := v.found(r, e, "%s answers %s of %s by RST: it no longer knows these connections",
			e.server.Name, cause.Plural(e.len(), "request", "requests"), e.pair.Name)
		if silence := v.silenceOf(e); silence.outlived > 0 {
			f.Title += silence.String()
		}
		f.brief = e.server.Name + " no longer knows connections that " + e.pair.Name + " uses"
		out = append(out, f)
	}
	return out
}
