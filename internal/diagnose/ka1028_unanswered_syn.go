package diagnose

import (
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var unansweredSYN = &Rule{
	ID:      "KA1028",
	Title:   "connections not answered",
	Who:     analyze.Network,
	SetWhen: "SYNs get no answer at all, though they are sent again, or within a second in a capture that lacks nothing",
	Why:     "a firewall drops them, the address is wrong, or the host is gone",
	Fix:     "check routes, firewall rules and security groups between the two, and the address",
	Verify:  "tcp.flags.syn == 1 and tcp.flags.ack == 0",
	Needs:   Opening | BothSides,
	Check:   checkUnansweredSYN,
}

// firstRTO is after what time a SYN is sent again (RFC 6298, 2.1): an answer that is
// later than that has got lost.
const firstRTO = int64(time.Second)

func checkUnansweredSYN(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.unscanned(v.perServer(Unanswered)) {
		e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *record) bool {
			once := x.fact.n < 2 // it may have been answered after the capture, or beside it
			return x.by == analyze.Client || once && (v.result.Last-x.start < firstRTO || v.all.traits.lossy > 0)
		})
		if len(e.records) == 0 {
			continue
		}
		sent := typical(values(e.records, func(x *record) int64 { return int64(x.fact.n) }))
		f := v.found(r, e, "%s did not answer %s of the connections to it, %s each", e.server.name, shareOf(e.len(), e.server.seen()), Plural(sent, "SYN", "SYNs"))
		f.brief = e.server.name + " does not answer SYNs"
		out = append(out, f)
	}
	return out
}
