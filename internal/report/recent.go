package report

import (
	"fmt"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Recent is what a capture that is being made shows of the last while: the window of
// --window.
type Recent struct {
	Span      time.Duration // as asked for
	Result    *analyze.Result
	Diagnosis *rules.Diagnosis
}

// Lost is [Report.Lost] of the window.
func (x *Recent) Lost() cause.Lost { return lostOf(x.Result, x.Diagnosis) }

// shownRecent is how many findings of the window are told.
const shownRecent = 3

// recent writes the verdict of the window and the findings behind it.
func (p *teller) recent() {
	x := p.r.Recent
	if x == nil {
		return
	}
	t := &x.Result.Totals
	p.medium.Section("LAST "+cause.Duration(int64(x.Span)), fmt.Sprintf("since %s (--window)", p.r.Meta.Clock(x.Result.First)))
	p.para(2, "%s", x.Diagnosis.Verdict.Words())
	list := x.Diagnosis.Findings
	for i := range list[:min(shownRecent, len(list))] {
		f := &list[i]
		p.para(6, "%d. [%s] %s %s", i+1, f.Severity, f.Rule.ID, f.Title)
	}
	if n := len(list) - shownRecent; n > 0 {
		p.medium.More(n)
	}
	if t.Requests == analyze.Unknown {
		return
	}
	p.para(2, "%s, %s, %s failed", Connections(t.Connections), cause.Plural(t.Requests, "request", "requests"), cause.Count(x.Lost().Failed))
}
