package machine

import (
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// recentObject is the window of --window.
type recentObject struct {
	Asked       seconds               `json:"asked_seconds"`
	First       instant               `json:"first"`
	Last        instant               `json:"last"`
	Verdict     verdictObject         `json:"verdict"`
	Connections number                `json:"connections"`
	Requests    number                `json:"requests"`
	Failed      number                `json:"failed_requests"`
	Abandoned   number                `json:"abandoned_requests"`
	ReuseRatio  ratio                 `json:"reuse_ratio"`
	Findings    []recentFindingObject `json:"findings"`
}

// recentFindingObject is a finding of the window. Its connections have no number: those
// of the report are the whole's.
type recentFindingObject struct {
	Rule         string `json:"rule"`
	Severity     string `json:"severity"`
	Confidence   string `json:"confidence"`
	Title        str    `json:"title"`
	Subject      str    `json:"subject"`
	Fix          str    `json:"fix"`
	Alternatives []str  `json:"alternatives"`
	Note         text   `json:"note"`
	Connections  number `json:"connections"`
	Failed       number `json:"failed_requests"`
	Filter       str    `json:"filter"`
}

func newRecent(x *report.Recent) *recentObject {
	t, lost := &x.Result.Totals, x.Lost()
	return &recentObject{
		Asked: seconds(x.Span / time.Nanosecond), First: instant(x.Result.First), Last: instant(x.Result.Last),
		Verdict: newVerdict(x.Diagnosis.Verdict), Connections: number(t.Connections), Requests: number(t.Requests),
		Failed: number(lost.Failed), Abandoned: number(lost.Abandoned), ReuseRatio: ratio(t.ReuseRatio),
		Findings: listOf(x.Diagnosis.Findings, func(f *rules.Finding) recentFindingObject {
			filter := ""
			if len(f.Examples) > 0 {
				filter = f.Examples[0].Filter
			}
			return recentFindingObject{
				f.Rule.ID, f.Severity.String(), f.Confidence.String(), str(f.Title), str(f.Subject), str(f.Fix),
				listOf(f.Alternatives, func(s *string) str { return str(*s) }), text(f.Note),
				number(f.Connections), number(f.Failed), str(filter),
			}
		}),
	}
}
