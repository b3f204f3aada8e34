package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var recycled = &Rule{
	ID:    "KA1030",
	Title: "TIME_WAIT is recycled",
	Who:   analyze.Client,
	SetWhen: "a new connection takes over the 4-tuple of one that is still in TIME_WAIT: its first sequence number is 65,537 above the " +
		"last of the old one",
	Why:    "client ports are used again within 60 s: many short connections between the same two hosts",
	Advice: products.Advise("reuse connections, and it goes away").Noting("nothing is lost by it"),
	Filter: "tcp.analysis.reused_ports",
	Needs:  Opening | BothSides,
	Check:  checkRecycled,
}

func checkRecycled(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyRecycled, nil) {
		f := v.told(r, e, "%s to %s took over a TIME_WAIT of the same ports", conns(e.len()), e.server.Name)
		f.Severity, f.Confidence = Info, cause.High
		f.Observed = "the sequence numbers continue those of a TIME_WAIT"
		out = append(out, f)
	}
	return out
}
