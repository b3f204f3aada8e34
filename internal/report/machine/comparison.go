package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// verdictObject is the answer in one line.
type verdictObject struct {
	Level string `json:"level"`
	Text  str    `json:"text"`
}

func newVerdict(v rules.Verdict) verdictObject {
	return verdictObject{v.Level.String(), str(v.Text)}
}

// baselineObject is what became of the baseline.
type baselineObject struct {
	Source   str                    `json:"source"`
	Duration float                  `json:"duration_seconds"`
	Verdict  verdictObject          `json:"verdict"`
	Change   report.Change          `json:"change"`
	Metrics  []metricObject         `json:"metrics"`
	Findings comparedFindingsObject `json:"findings"`
	Notes    []str                  `json:"notes"`
}

// metricObject is a metric then and now.
type metricObject struct {
	Name      string        `json:"name"`
	PerSecond bool          `json:"per_second"`
	Before    ratio         `json:"before"`
	Now       ratio         `json:"now"`
	Change    report.Change `json:"change"`
}

// comparedFindingsObject is the findings then and now.
type comparedFindingsObject struct {
	Gone      []comparedFindingObject `json:"gone"`
	Kept      []comparedFindingObject `json:"kept"`
	New       []comparedFindingObject `json:"new"`
	NotJudged []comparedFindingObject `json:"not_judged"`
}

// comparedFindingObject is a finding of the baseline, of the report or of both.
type comparedFindingObject struct {
	Rule     str  `json:"rule"`
	Severity str  `json:"severity"`
	Title    str  `json:"title"`
	Subject  str  `json:"subject"`
	Note     text `json:"note"`
}

// newBaseline compares r with its baseline.
func newBaseline(r *report.Report) *baselineObject {
	b, c := r.Baseline, r.Compare()
	return &baselineObject{
		Source: str(b.Source), Duration: float(b.Duration), Verdict: newVerdict(b.Verdict), Change: c.Change,
		Metrics: listOf(c.Metrics, func(x *report.ComparedMetric) metricObject {
			return metricObject{x.Name, x.Length == gate.PerSecond, ratio(x.Before), ratio(x.Now), x.Change}
		}),
		Findings: comparedFindingsObject{
			listOf(c.Gone, newComparedFinding), listOf(c.Kept, newComparedFinding),
			listOf(c.New, newComparedFinding), listOf(c.NotJudged, newComparedFinding),
		},
		Notes: strList(c.Notes),
	}
}

func newComparedFinding(f *report.ComparedFinding) comparedFindingObject {
	return comparedFindingObject{str(f.Rule), str(f.Severity), str(f.Title), str(f.Subject), text(f.Note)}
}
