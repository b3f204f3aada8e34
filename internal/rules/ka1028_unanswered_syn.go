package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var unansweredSYN = &Rule{
	ID:      "KA1028",
	Title:   "connections not answered",
	Who:     analyze.Network,
	SetWhen: "SYNs get no answer at all, though they are sent again, or within a second in a capture that lacks nothing",
	Why:     "a firewall drops them, the address is wrong, or the host is gone",
	Advice:  products.Advise("check routes, firewall rules and security groups between the two, and the address"),
	Filter:  "tcp.flags.syn == 1 and tcp.flags.ack == 0",
	Needs:   Opening | BothSides,
	Check:   checkUnansweredSYN,
}

func checkUnansweredSYN(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.unscanned(v.perServer(cause.Unanswered)) {
		e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *cause.Record) bool {
			once := x.SYNs() < 2 // it may have been answered after the capture, or beside it
			return x.By == analyze.Client || once && (v.result.Last-x.Start < firstRTO || v.Summary().Lossy > 0)
		})
		if len(e.records) == 0 {
			continue
		}
		sent := cause.Typical(cause.Values(e.records, func(x *cause.Record) int64 { return int64(x.SYNs()) }))
		f := v.found(r, e, "%s did not answer %s of the connections to it, %s each",
			e.server.Name, shareOf(e.len(), e.server.Seen()), cause.Plural(sent, "SYN", "SYNs"))
		f.brief = e.server.Name + " does not answer SYNs"
		out = append(out, f)
	}
	return out
}
