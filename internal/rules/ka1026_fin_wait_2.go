package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var finWait2 = &Rule{
	ID:      "KA1026",
	Title:   "server leaves closed connections open",
	Who:     analyze.Server,
	SetWhen: "the client sent FIN a second or more before the end of the capture, the server acknowledged it and never closed",
	Why: "a handler goes on after its client has gone, or the server leaks sockets: they stay in CLOSE_WAIT there, in FIN_WAIT_2 " +
		"at the client",
	Advice: products.Advise("end handlers when the client goes (in Go the context of the request), and close the socket at end of file"),
	Filter: "tcp.flags.fin == 1",
	Hint:   "only one side sends it",
	Needs:  BothSides,
	Check:  checkFinWait2,
}

func checkFinWait2(v *view, r *Rule) []Finding {
	return v.halfClosed(r, cause.AnomalyFINWait2, "clients of %s closed, but it has not after %s: %s in CLOSE_WAIT there")
}
