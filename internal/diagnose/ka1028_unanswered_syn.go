package diagnose

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var unansweredSYN = &Rule{
	ID:      "KA1028",
	Title:   "connections not answered",
	Who:     analyze.Network,
	SetWhen: "SYNs get no answer at all, though they are sent again",
	Why:     "a firewall drops them, the address is wrong, or the host is gone",
	Fix:     "check routes, firewall rules and security groups between the two, and the address",
	Verify:  "tcp.flags.syn == 1 and tcp.flags.ack == 0",
	Needs:   Opening | BothSides,
	Check:   checkUnansweredSYN,
}

func checkUnansweredSYN(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(Unanswered) {
		sent := typical(values(e.records, func(x *record) int64 { return int64(x.is.fact.n) }))
		if sent < 2 {
			e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *record) bool { return x.is.fact.n < 2 })
			if len(e.records) == 0 {
				continue // each may have been answered after the capture
			}
		}
		f := v.found(r, e, "%s did not answer %s of the connections to it, %s each", e.server.name, shareOf(e.len(), e.server.seen()), Plural(sent, "SYN", "SYNs"))
		f.brief = e.server.name + " does not answer SYNs"
		out = append(out, f)
	}
	return out
}
