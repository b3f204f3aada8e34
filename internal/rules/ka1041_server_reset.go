package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var serverReset = &Rule{
	ID:      "KA1041",
	Title:   "server resets connections",
	Who:     analyze.Server,
	SetWhen: "the server sends RST from a live socket, after a response or with a request under way",
	Why:     "it closes with unread data or with SO_LINGER 0, or a timeout aborts the connection",
	Advice:  products.Advise("read requests to the end before closing, drop SO_LINGER 0, and look for aborts in the log of the server"),
	Filter:  "tcp.flags.reset == 1",
	Needs:   BothSides,
	Check:   checkServerReset,
	Costs:   true,
}

func checkServerReset(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerReset) {
		busy := e.busy()
		f := v.found(r, e, "%s resets connections: %s, %s", e.server.Name, shareOf(e.len(), e.server.Seen()), underWay(busy))
		f.brief = e.server.Name + " resets connections"
		out = append(out, f)
	}
	return out
}
