package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var middleboxReset = &Rule{
	ID:      "KA1022",
	Title:   "RST from something on the path",
	Who:     analyze.Network,
	SetWhen: "an RST that claims to come from one side has a different TTL than that side's packets",
	Why:     "a firewall, NAT gateway or load balancer on the path ended the connection, often after its idle limit",
	Advice: products.Advise("keep idle connections shorter than the idle limit of the path (350 s for AWS NLB and NAT gateways), or probe more " +
		"often than it"),
	Filter: "tcp.flags.reset == 1",
	Hint:   "compare ip.ttl with that of the packets before from the same address",
	Needs:  BothSides,
	Check:  checkMiddleboxReset,
}

// resetsInUse is the advice where connections were not idle.
var resetsInUse = products.Advise(
	"look for what rejects connections that are open: a firewall rule on the path (iptables REJECT --reject-with tcp-reset and its counter, "+
		"nftables reject), a limit on connections or time, or a filter of what they carry",
	"capture on both sides of each device on the path: the RST comes from the one before which it does not show (--other-side)",
)

// resetsBetween is resetsInUse where the capture of the other end is there.
var resetsBetween = products.Advise(
	resetsInUse.Fix,
	"move one capture nearer to the other, device by device, until the one that sends the RST lies behind it",
)

// ofThem tells of how many of all something holds, if not of each.
func ofThem(n, all int64) string {
	if n == all {
		return ""
	}
	return fmt.Sprintf(" for %s of them", cause.Count(n))
}

func checkMiddleboxReset(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.MiddleboxReset) {
		if e.records = cause.Where(e.records, func(x *cause.Record) bool { return !x.Untranslated() }); len(e.records) == 0 {
			continue // told by another rule
		}
		idle := cause.Typical(cause.Values(e.records, (*cause.Record).Measured))
		f := v.found(r, e, "something between %s and %s resets connections: %s, %s after the last response",
			e.pair.Name, e.server.Name, conns(e.len()), cause.Duration(idle))
		if idle < cause.MinIdle {
			f = v.found(r, e, "something between %s and %s resets connections in use: %s", e.pair.Name, e.server.Name, conns(e.len()))
			f.Advice = resetsInUse
		}
		if n := int64(len(cause.Where(e.records, (*cause.Record).ProvedForged))); n > 0 {
			f.Title += "; the other capture proves it" + ofThem(n, e.len())
			if idle < cause.MinIdle {
				f.Advice = resetsBetween
			}
		}
		f.Severity = max(f.Severity, Notable)
		f.brief = "something between " + e.pair.Name + " and " + e.server.Name + " resets connections"
		out = append(out, f)
	}
	return out
}
