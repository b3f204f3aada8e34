package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var localFirewall = &Rule{
	ID:      "KA1023",
	Title:   "answers dropped on the capturing host",
	Who:     analyze.Both,
	SetWhen: "probes are answered on the wire, but the timestamps of their sender stop advancing, and it resets",
	Why:     "a firewall rule or connection tracking on the capturing host drops what comes in, after the capture has seen it",
	Advice:  products.Advise("look for dropped input on that host: nft list ruleset, iptables -L -v, conntrack -S"),
	Filter:  "tcp.analysis.keep_alive_ack",
	Hint:    "tcp.options.timestamp.tsecr of what the prober sends stays the same: it does not see the answers",
	Needs:   Probed | BothSides,
	Check:   checkLocalFirewall,
}

func checkLocalFirewall(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.LocalDrop) {
		who := e.pair.Name
		if e.records[0].By == analyze.Server {
			who = e.server.Server.Addr().String()
		}
		f := v.found(r, e, "%s does not receive what reaches its interface: probes answered, yet it resets %s", who, conns(e.len()))
		f.Severity = max(f.Severity, Notable)
		f.brief = "a firewall on " + who + " drops answers"
		out = append(out, f)
	}
	return out
}
