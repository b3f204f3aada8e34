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
			return x.open && v.result.Last-x.start < soonUsed // its request may follow after the capture
		})
		if e.len() < minSamples {
			continue
		}
		f := v.found(r, e, "%s opened connections to %s without using them: %s", e.pair.name, e.server.name, shareOf(e.len(), e.pair.seen()))
		f.Severity, f.Saves = Info, Saving{}
		if e.len()*2 > e.pair.seen() && e.len() >= 10 && v.perMinute(e.len()) >= manyUnused {
			f.Severity = Notable
		}
		f.brief = e.pair.name + " opens connections to " + e.server.name + " that it does not use"
		out = append(out, f)
	}
	return out
}
