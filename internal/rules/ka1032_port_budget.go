package rules

import (
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var portBudget = &Rule{
	ID:    "KA1032",
	Title: "client runs out of ports",
	Who:   analyze.Client,
	SetWhen: "the ports that a client has in use or in TIME_WAIT towards one server come close to those that it has (28,232 by default), " +
		"in the capture or at its rate in 60 s",
	Why: "each short connection keeps its port for 60 s if the client closes; then connect fails with EADDRNOTAVAIL, which is not " +
		"seen on the wire",
	Advice: products.Advise(
		"reuse connections",
		"until then widen net.ipv4.ip_local_port_range, set tcp_tw_reuse = 1 on the client, or use more server addresses",
	),
	Filter: "tcp.flags.syn == 1",
	Hint:   "Statistics, Conversations, TCP: the ports of one client and server",
	Needs:  Opening | BothSides,
	Check:  checkPortBudget,
}

func checkPortBudget(v *view, r *Rule) []Finding {
	var out []Finding
	for _, p := range v.Pairs() {
		used, how := p.PortsInUse, "are taken at once"
		if v.duration > 0 && v.duration < timeWait && v.duration >= ShortestRate {
			if ahead := v.portsAhead(p); ahead > used {
				used, how = ahead, "will be taken at this rate"
			}
		}
		if used*10 < p.PortBudget*portsTenths {
			continue
		}
		e := group{subject: subject{pair: p, server: p.To}, records: p.Records}
		f := v.found(r, e, "%s of %s ports of %s to %s %s", cause.Count(used), cause.Count(p.PortBudget), p.Name, p.To.Name, how)
		f.Severity, f.Confidence = Grave, cause.High
		f.Observed = cause.Plural(p.PortsInUse, "port", "ports") + " in use or in TIME_WAIT at once"
		sparesNothing(&f, e.records)
		f.brief = p.Name + " runs out of ports to " + p.To.Name
		out = append(out, f)
	}
	return out
}

// portsAhead returns how many ports a pair will have in TIME_WAIT at the client
// when 60 s have passed at the rate of the capture.
func (v *view) portsAhead(p *cause.Pair) int64 {
	held, latest := int64(0), int64(math.MinInt64)
	for _, x := range p.Records {
		if x.TimeWait == analyze.TimeWaitClient || x.TimeWait == analyze.TimeWaitBoth {
			held++
			latest = max(latest, x.Ended)
		}
	}
	if held == 0 || v.result.Last-latest > max(stillCloses, 2*v.duration/held) {
		return 0 // what closed has ended
	}
	return int64(float64(held) / float64(v.duration) * timeWait)
}
