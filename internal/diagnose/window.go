package diagnose

import (
	"cmp"
	"slices"
	"strings"
)

// Where only the last connections of an analysis are kept, those that leave are
// counted by cause, and the findings that they showed are remembered.

// Add adds the connections with these IDs, which are judged in d, to totals.
func (d *Diagnosis) Add(totals []CauseTotal, ids []uint64) []CauseTotal {
	for _, id := range ids {
		is := d.Of(id)
		totals = plus(totals, CauseTotal{is.Cause, is.By, 1})
	}
	return totals
}

// plus adds a total to those of its kind.
func plus(totals []CauseTotal, t CauseTotal) []CauseTotal {
	for i := range totals {
		if x := &totals[i]; x.Cause == t.Cause && x.By == t.By {
			x.Connections += t.Connections
			return totals
		}
	}
	return append(totals, t)
}

// maxRemembered bounds the findings that are remembered.
const maxRemembered = 200

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
func (d *Diagnosis) Before(causes []CauseTotal, findings []Finding) {
	d.Causes = slices.Clone(d.Causes)
	for _, t := range causes {
		d.Causes = plus(d.Causes, t)
	}
	slices.SortFunc(d.Causes, byCount)
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
