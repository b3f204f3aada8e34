package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var unusedConnections = &Rule{
	ID:      "KA1044",
	Title:   "connections opened and never used",
	Who:     analyze.Client,
	SetWhen: "a connection carries no byte of a request",
	Why:     "health checks that only connect, browsers that open connections ahead, load generators",
	Advice:  products.Advise("let health checks send a request on a connection that they keep").Noting("harmless in small numbers"),
	Filter:  "tcp.flags.syn == 1 or tcp.flags.fin == 1",
	Hint:    "tcp.len is 0 in the whole stream",
	Needs:   Opening | BothSides,
	Check:   checkUnusedConnections,
}

func checkUnusedConnections(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.NoRequest) {
		e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *cause.Record) bool {
			return x.Open() && v.result.Last-x.Start < soonUsed // its request may follow after the capture
		})
		if e.len() < cause.MinSamples {
			continue
		}
		f := v.told(r, e, "%s opened connections to %s without using them: %s",
			e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.Severity = Info
		every, checks := paced(e.records)
		if checks {
			f.Title += ", one every " + cause.Duration(every) + ", as health checks do"
		}
		if e.len() == e.pair.Seen() && !slices.ContainsFunc(e.records, func(x *cause.Record) bool { return !x.ClosedAfterTLS() }) {
			f.Title += ", each closed by the client right after the TLS handshake"
			f.Advice = products.Advise(
				"look for an error of TLS in the log of the client: curl, for one, compares the name in the certificate after "+
					"the handshake, and closes",
				"if it says so, serve a certificate for the name that it asks for",
			)
		}
		if !checks && e.len()*2 > e.pair.Seen() && e.len() >= leastUnused && perMinute(e.records) >= manyUnused {
			f.Severity = Notable
		}
		f.brief = e.pair.Name + " opens connections to " + e.server.Name + " that it does not use"
		out = append(out, f)
	}
	return out
}

// paced returns the time from one connection to the next, if it is always the
// same and nothing but a timer makes it so.
func paced(records []*cause.Record) (every int64, ok bool) {
	starts := cause.SortedValues(records, func(r *cause.Record) int64 { return r.Start })
	gaps := make([]int64, 0, len(starts))
	for i, t := range starts[1:] {
		gaps = append(gaps, t-starts[i])
	}
	b, ok := cause.Agree(gaps)
	return b.Middle, ok && b.Middle >= cause.MinIdle
}
