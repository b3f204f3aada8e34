package report

import (
	"math"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Baseline is what is kept of an earlier report that this one is compared with. Its
// text is as hostile as a packet's.
type Baseline struct {
	Source   string             // the name of its file
	Duration float64            // of its capture in seconds, NaN if not known
	Numbers  map[string]float64 // by the name of the metric
	Verdict  rules.Verdict
	Findings []BaselineFinding
	Judged   map[string]bool // by ID of the rule
	Subjects map[string]bool // that findings may be about

	Anonymized bool // addresses and names are pseudonyms
}

// BaselineFinding is a finding as the report of the baseline has it.
type BaselineFinding struct{ Rule, Severity, Title, Subject string }

// Metric returns the value of a metric, NaN if the baseline does not tell it.
func (b *Baseline) Metric(name string) float64 {
	if v, ok := b.Numbers[name]; ok {
		return v
	}
	return math.NaN()
}
