package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var challenged = &Rule{
	ID:      "KA1031",
	Title:   "SYN for a connection that the server still has",
	Who:     analyze.Server,
	SetWhen: "a SYN is answered by a bare ACK; the client resets and sends its SYN again, on older systems only after a second",
	Why:     "the server still has the 4-tuple, in TIME_WAIT or open: ports are used again too soon, through NAT or without timestamps",
	Advice:  products.Advise("reuse connections, give the NAT more ports or addresses, and leave tcp_timestamps on"),
	Filter:  "tcp.flags.syn == 1",
	Hint:    "the answer is an ACK instead of a SYN-ACK, and then the client sends RST",
	Needs:   Opening | BothSides,
	Check:   checkChallenged,
}

func checkChallenged(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyChallenged, nil) {
		f := v.told(r, e, "%s to %s hit an old connection there, and had to start again", conns(e.len()), e.server.Name)
		f.Severity, f.Confidence = Notable, cause.High
		f.Observed = "the SYN was answered by a bare ACK"
		out = append(out, f)
	}
	return out
}
