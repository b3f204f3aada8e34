package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var lateOpen = &Rule{
	ID:      "KA1048",
	Title:   "connections opened late: SYNs had to be sent again",
	Who:     analyze.Server,
	SetWhen: "connections open only after their SYN, or the answer to it, was sent again, a second or more after the first",
	Why:     "the first ones were dropped: the accept queue of the server was full for a while, or the path loses packets",
	Advice: products.Advise(
		"see on the server whether TcpExtListenOverflows and TcpExtListenDrops grow (nstat -az)",
		"if so, find what keeps the program from accepting and raise its listen backlog and net.core.somaxconn",
		"if not, look for loss on the path",
	),
	Filter: "tcp.flags.syn == 1 and tcp.analysis.retransmission",
	Needs:  Opening | BothSides,
	Check:  checkLateOpen,
}

func checkLateOpen(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyLateOpen, nil) {
		longest := cause.Duration(e.worst.Duration)
		f := v.told(r, e, "%s opened %s of the connections to it only after SYNs were sent again: up to %s late",
			e.server.Name, shareOf(e.len(), e.server.Seen()), longest)
		f.Severity, f.Confidence = Info, cause.Medium
		if e.len() >= cause.MinSamples && e.len()*lateShare >= e.server.Seen() {
			f.Severity = Notable
		}
		for i := range f.Examples {
			x := &f.Examples[i]
			x.Packets, x.Observed = nil, fmt.Sprintf("its handshake took %s, with SYNs sent again",
				cause.Duration(e.records[i].ConnectTime()))
		}
		f.Observed = f.Examples[0].Observed
		f.brief = fmt.Sprintf("connections to %s open up to %s late: SYNs are sent again", e.server.Name, longest)
		out = append(out, f)
	}
	return out
}
