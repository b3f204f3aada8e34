package report

import (
	"math"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Baseline is an earlier report that this one is compared with. Its text is as
// hostile as a packet's.
type Baseline struct {
	Source   string             // its name
	Duration float64            // of its capture in seconds, NaN if not known
	Numbers  map[string]float64 // by metric
	Verdict  rules.Verdict
	Findings []BaselineFinding
	Judged   map[string]bool // by ID of the rule
	Subjects map[string]bool // that findings may be about

	Anonymized bool // addresses and names are pseudonyms
}

type BaselineFinding struct{ Rule, Severity, Title, Subject string }

// Metric returns a metric, NaN if the baseline does not tell it.
func (b *Baseline) Metric(metric string) float64 {
	if v, ok := b.Numbers[metric]; ok {
		return v
	}
	return math.NaN()
}
