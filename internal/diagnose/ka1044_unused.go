package diagnose

import (
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var unusedConnections = &Rule{
	ID:      "KA1044",
	Title:   "connections opened and never used",
	Who:     analyze.Client,
	SetWhen: "a connection carries no byte of a request",
	Why:     "health checks that only connect, browsers that open connections ahead, load generators",
	Fix:     "let health checks send a request on a connection that they keep; otherwise this is harmless in small numbers",
	Verify:  "tcp.len == 0 throughout the stream",
	Needs:   Opening | BothSides,
	Check:   checkUnusedConnections,
}

// manyUnused is how many unused connections a minute are more than what health
// checks make.
const manyUnused = 60

// soonUsed is how long a connection is not called unused while it is open.
const soonUsed = int64(time.Second)

func checkUnusedConnections(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(NoRequest) {
		e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *record) bool {
			return x.has(isOpen) && v.result.Last-x.start < soonUsed // its request may follow after the capture
		})
		if e.len() < minSamples {
			continue
		}
		f := v.found(r, e, "%s opened connections to %s without using them: %s", e.pair.name, e.server.name, shareOf(e.len(), e.pair.seen()))
		f.Severity, f.Saves = Info, Saving{}
		every, checks := paced(e.records)
		if checks {
			f.Title += ", one every " + Duration(every) + ", as health checks do"
		}
		if !checks && e.len()*2 > e.pair.seen() && e.len() >= 10 && v.perMinute(e.len()) >= manyUnused {
			f.Severity = Notable
		}
		f.brief = e.pair.name + " opens connections to " + e.server.name + " that it does not use"
		out = append(out, f)
	}
	return out
}

// paced returns the time from one connection to the next, if it is always the
// same and nothing but a timer makes it so.
func paced(records []*record) (every int64, ok bool) {
	starts := slices.Sorted(slices.Values(values(records, func(r *record) int64 { return r.start })))
	gaps := make([]int64, 0, len(starts))
	for i, t := range starts[1:] {
		gaps = append(gaps, t-starts[i])
	}
	b, ok := agree(gaps)
	return b.middle, ok && b.middle >= minIdle
}
