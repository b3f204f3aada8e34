package diagnose

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var stalled = &Rule{
	ID:      "KA1037",
	Title:   "receiver does not read: closed window",
	Who:     analyze.Both,
	SetWhen: "a side keeps its receive window closed for half a second or more",
	Why:     "the program on that side does not read fast enough; the connection is blocked meanwhile, and a server may give up on it",
	Fix:     "find what keeps that program from reading; raise its receive buffer if it only bursts",
	Verify:  "tcp.analysis.zero_window",
	Needs:   BothSides,
	Check:   checkStalled,
}

func checkStalled(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.marked(oddStall, nil) {
		longest, who := e.worst.d, e.worst.by
		f := v.found(r, e, "the %s of %s did not read for up to %s: %s with a closed window", who, e.server.name, Duration(longest), conns(e.len()))
		f.Severity, f.Confidence, f.Failed, f.Saves = Info, High, 0, Saving{}
		if who == analyze.Server {
			f.Title = fmt.Sprintf("%s did not read for up to %s: %s with a closed window", e.server.name, Duration(longest), conns(e.len()))
		}
		if longest >= 2e9 || e.len() >= minSamples {
			f.Severity = Notable
		}
		f.Observed = "window closed for " + Duration(longest)
		f.brief = f.Title
		out = append(out, f)
	}
	return out
}
