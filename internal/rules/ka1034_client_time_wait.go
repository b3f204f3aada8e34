package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientTimeWait = &Rule{
	ID:      "KA1034",
	Title:   "TIME_WAIT piles up at the client",
	Who:     analyze.Client,
	SetWhen: "a client that closes first holds 1,000 TIME_WAIT or more, in the capture or at its rate in 60 s",
	Why:     "the client ends most connections: each keeps one of its ports for 60 s, of 28,232 per server",
	Advice: products.Advise(
		"share one client or session with a pool for all requests, so that connections are reused instead of closed",
		"until then net.ipv4.tcp_tw_reuse = 1 lets the client use ports in TIME_WAIT again",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "the first of each stream is the client's",
	Needs:  Opening | BothSides,
	Check:  checkClientTimeWait,
}

func checkClientTimeWait(v *view, r *Rule) []Finding {
	return v.pileUp(r, analyze.Client)
}
