package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Where only the last connections of an analysis are kept, those that leave are
// counted by cause, and the findings that they showed are remembered.

// Worst returns findings with the graver one of each rule and subject.
func Worst(findings, more []Finding) []Finding {
	for _, f := range more {
		f.subject, f.records = subject{}, nil // they hold all connections that were judged then
		i := slices.IndexFunc(findings, f.same)
		switch {
		case i < 0:
			findings = append(findings, f)
		case f.Connections > findings[i].Connections:
			findings[i] = f
		}
	}
	rank(findings)
	return findings[:min(len(findings), maxRemembered)]
}

// same reports whether x is of the same rule and subject.
func (f *Finding) same(x Finding) bool { return x.Rule == f.Rule && x.Subject == f.Subject }

// earlier marks what only connections showed that are not kept any more.
const earlier = "earlier: "

// Before adds what is remembered of connections that were judged before.
func (d *Diagnosis) Before(past *cause.Past, findings []Finding) {
	d.AddPast(past)
	for _, f := range findings {
		if slices.ContainsFunc(d.Findings, f.same) {
			continue
		}
		f.Title = earlier + f.Title
		d.Findings = append(d.Findings, f)
	}
	rank(d.Findings)
	if d.Verdict.Level != Problem && len(d.Findings) > 0 && d.Findings[0].Severity >= Notable {
		f := &d.Findings[0]
		d.Verdict = Verdict{Problem, earlier + cmp.Or(f.brief, strings.TrimPrefix(f.Title, earlier))}
	}
}
