package diagnose

import (
	"fmt"
	"slices"

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
		if n := left(e.records); who == analyze.Client && n >= minSamples && n*2 > len(e.records) {
			f.Fix = fmt.Sprintf("read each response to its end, or close it: on %d of these connections one was still not complete when the client had opened others; %s", n, r.Fix)
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

// left returns on how many connections a response that had begun was still not
// complete when the client opened its newest one.
func left(records []*record) (n int) {
	newest := slices.Max(values(records, func(r *record) int64 { return r.start }))
	for _, r := range records {
		begun := r.firstByte() != analyze.Unknown && r.firstByte() < newest
		if begun && (r.cause == BusyAtEnd || r.begun() && r.ended > newest) {
			n++
		}
	}
	return n
}
