package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var stalled = &Rule{
	ID:      "KA1037",
	Title:   "receiver does not read: closed window",
	Who:     analyze.Both,
	SetWhen: "a side keeps its receive window closed for half a second or more",
	Why:     "the program on that side does not read fast enough; the connection is blocked meanwhile, and a server may give up on it",
	Advice: products.Advise(
		"find what keeps that program from reading",
		"raise its receive buffer if it only bursts",
	),
	Filter: "tcp.analysis.zero_window",
	Needs:  BothSides,
	Check:  checkStalled,
}

func checkStalled(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyStall, nil) {
		longest, who := e.worst.Duration, e.worst.By
		f := v.told(r, e, "the %s of %s did not read for up to %s: %s with a closed window",
			who, e.server.Name, cause.Duration(longest), conns(e.len()))
		f.Severity, f.Confidence = Info, cause.High
		if who == analyze.Server {
			f.Title = fmt.Sprintf("%s did not read for up to %s: %s with a closed window",
				e.server.Name, cause.Duration(longest), conns(e.len()))
		}
		if n := left(e.records); who == analyze.Client && n >= cause.MinSamples && n*2 > len(e.records) {
			f.Advice = products.Advise(fmt.Sprintf("read each response to its end, or close it: "+
				"on %d of these connections one was still not complete when the client had opened others", n),
				append([]string{r.Fix}, r.Alternatives...)...)
		}
		if longest >= longStall || e.len() >= cause.MinSamples {
			f.Severity = Notable
		}
		f.Observed = "window closed for " + cause.Duration(longest)
		f.brief = f.Title
		out = append(out, f)
	}
	return out
}

// left returns on how many connections a response that had begun was still not
// complete when the client opened its newest one.
func left(records []*cause.Record) (n int) {
	newest := slices.Max(cause.Values(records, func(r *cause.Record) int64 { return r.Start }))
	for _, r := range records {
		begun := r.FirstByte() != analyze.Unknown && r.FirstByte() < newest
		if begun && (r.Cause == cause.BusyAtEnd || r.CutResponse() && r.Ended > newest) {
			n++
		}
	}
	return n
}
