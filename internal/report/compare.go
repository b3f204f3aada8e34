package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Comparison is a report beside its baseline.
type Comparison struct {
	Change    Change // of the verdict
	Metrics   []ComparedMetric
	Gone      []ComparedFinding // only the baseline has them
	Kept      []ComparedFinding // both have them
	New       []ComparedFinding // only the report has them
	NotJudged []ComparedFinding // of the baseline; this capture does not allow to judge them
	Notes     []string          // what a reader has to know to judge the numbers
}

// Change is what the difference of two values means.
type Change string

// What may become of a value. More and Less are neither good nor bad.
const (
	Better        Change = "better"
	Worse         Change = "worse"
	Same          Change = "same"
	More          Change = "more"
	Less          Change = "less"
	NotComparable Change = "unknown"
)

// ComparedMetric is a metric then and now: per second where the length of the capture
// adds to it.
type ComparedMetric struct {
	*gate.Metric
	Before, Now float64 // NaN if not known
	Change      Change
}

// ComparedFinding is a finding of the baseline, of this report or of both.
type ComparedFinding struct {
	BaselineFinding
	Note string // "" for none
}

// Values that differ by less are the same.
const (
	sameShare  = 0.01 // of shares
	sameNumber = 0.05 // of other numbers, as a part of the larger
)

// muchMore is how many times longer a capture, or busier its traffic, is than
// another before a reader is told.
const muchMore = 1.5

// Compare compares r with its baseline, which it must have.
func (r *Report) Compare() *Comparison {
	b := r.Baseline
	c := &Comparison{Change: verdictChange(b.Verdict.Level, r.Diagnosed().Verdict.Level)}
	now := gate.NumbersOf(r.Result, r.Diagnosed())
	lasts := math.NaN()
	if ns := r.Analyzed(); ns != analyze.Unknown {
		lasts = float64(ns) / 1e9
	}
	// As long as a capture has a steady state to come, its peak follows its length.
	filling := func(n gate.Numbers) bool { return !math.IsNaN(n("time_wait.steady_state")) }
	unlike := !alike(b.Duration, lasts)
	cannot := map[gate.Length]bool{gate.Growing: unlike, gate.Filling: unlike && (filling(b.Metric) || filling(now))}
	for i := range gate.Metrics {
		m := &gate.Metrics[i]
		if m.Trend == gate.NotCompared {
			continue
		}
		x := ComparedMetric{Metric: m, Before: m.Of(b.Metric), Now: m.Of(now)}
		if m.Seldom && math.IsNaN(x.Before) && math.IsNaN(x.Now) {
			continue
		}
		if m.Length == gate.PerSecond {
			x.Before, x.Now = per(x.Before, b.Duration), per(x.Now, lasts)
		}
		x.Change = changed(m, x.Before, x.Now)
		if cannot[m.Length] {
			x.Change = NotComparable
		}
		// There are too many causes to tell of those that stay.
		if m.Trend != gate.Neutral || m.Unit != gate.Share || x.Change != Same {
			c.Metrics = append(c.Metrics, x)
		}
		if m.Name == "requests" && !alike(x.Before, x.Now) {
			c.Notes = append(c.Notes, "the traffic differs: counts per second follow the number of requests, shares do not")
		}
	}
	if unlike {
		c.Notes = append(c.Notes, fmt.Sprintf("the captures last %s and %s: counts are compared per second, and numbers without a rate are not judged",
			gate.Seconds.Text(b.Duration), gate.Seconds.Text(lasts)))
	}
	c.findings(r)
	return c
}

// per divides by a time, if there is one.
func per(n, seconds float64) float64 {
	if seconds > 0 {
		return n / seconds
	}
	return math.NaN()
}

// alike reports whether x and y are both known and neither is much more.
func alike(x, y float64) bool { return max(x, y) <= muchMore*min(x, y) }

// changed says what a difference means.
func changed(m *gate.Metric, before, now float64) Change {
	least := sameShare
	if m.Unit != gate.Share {
		least = sameNumber * max(math.Abs(before), math.Abs(now))
	}
	rises := now > before
	switch {
	case math.IsNaN(before) || math.IsNaN(now):
		return NotComparable
	case math.Abs(now-before) <= least:
		return Same
	case m.Trend == gate.Neutral && rises:
		return More
	case m.Trend == gate.Neutral:
		return Less
	case rises == (m.Trend == gate.MoreIsBetter):
		return Better
	}
	return Worse
}

// verdictChange says what the difference of two verdicts means.
func verdictChange(before, now rules.Level) Change {
	switch {
	case before == rules.CannotTell || now == rules.CannotTell:
		return NotComparable
	case before == now:
		return Same
	case now == rules.OK:
		return Better
	}
	return Worse
}

// findings pairs the findings then and now: by rule and subject, and by rule
// alone where neither subject is in the other capture, as when addresses changed.
func (c *Comparison) findings(r *Report) {
	b, d := r.Baseline, r.Diagnosed()
	subjects := subjectsOf(r)
	then := slices.Clone(b.Findings)
	take := func(is func(p *BaselineFinding) bool) (BaselineFinding, bool) {
		for i := range then {
			if p := then[i]; is(&p) {
				then = slices.Delete(then, i, i+1)
				return p, true
			}
		}
		return BaselineFinding{}, false
	}
	var left []BaselineFinding
	for i := range d.Findings {
		f := BaselineFinding{d.Findings[i].Rule.ID, d.Findings[i].Severity.String(), d.Findings[i].Title, d.Findings[i].Subject}
		if _, ok := take(func(p *BaselineFinding) bool { return p.Rule == f.Rule && p.Subject == f.Subject }); ok {
			c.Kept = append(c.Kept, ComparedFinding{f, ""})
		} else {
			left = append(left, f)
		}
	}
	for _, f := range left {
		p, ok := take(func(p *BaselineFinding) bool {
			return p.Rule == f.Rule && !b.Subjects[f.Subject] && !subjects[p.Subject]
		})
		switch {
		case ok:
			c.Kept = append(c.Kept, ComparedFinding{f, "matched by rule alone: it was about " + Fit(p.Subject, MaxText)})
		case !b.Judged[f.Rule]:
			c.New = append(c.New, ComparedFinding{f, "not judged before"})
		default:
			c.New = append(c.New, ComparedFinding{f, ""})
		}
	}
	lacks := map[string]string{}
	for _, j := range d.Judged {
		lacks[j.Rule.ID] = j.Lacks
	}
	for _, p := range then {
		switch {
		case lacks[p.Rule] != "":
			c.NotJudged = append(c.NotJudged, ComparedFinding{p, lacks[p.Rule]})
		case !subjects[p.Subject]:
			c.Gone = append(c.Gone, ComparedFinding{p, "that server or client is not in this capture"})
		default:
			c.Gone = append(c.Gone, ComparedFinding{p, ""})
		}
	}
}

// subjectsOf returns what findings of r may be about.
func subjectsOf(r *Report) map[string]bool {
	subjects := map[string]bool{}
	for i := range r.Result.Servers {
		subjects[r.Result.Servers[i].Server.String()] = true
	}
	for i := range r.Result.Pairs {
		client := r.Result.Pairs[i].Client.String()
		subjects[client] = true
		subjects[cause.PairSubject(client, r.Result.Pairs[i].Server.String())] = true
	}
	return subjects
}
