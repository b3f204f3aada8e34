package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// comparison is what became of a baseline.
type comparison struct {
	verdict    change
	metrics    []movement
	gone, kept []counterpart
	fresh      []counterpart
	notJudged  []counterpart // they may be gone or not
	notes      []string      // that a reader needs to be fair
}

// change is what the difference of two values means.
type change string

const (
	better   change = "better"
	worse    change = "worse"
	same     change = "same"
	more     change = "more"
	less     change = "less"
	cannotBe change = "unknown"
)

// movement is a metric then and now, per second where the length of the capture
// adds to it.
type movement struct {
	*gate.Metric
	before, now float64 // NaN if not known
	change      change
}

// counterpart is a finding of the baseline, of this report or of both.
type counterpart struct {
	pastFinding
	note string
}

// Values that differ by less are the same.
const (
	sameShare  = 0.01 // of shares
	sameNumber = 0.05 // of other numbers, as a part of the larger
)

// muchMore is how many times longer a capture, or busier its traffic, is than
// another before a reader is told.
const muchMore = 1.5

// compare compares r with its baseline.
func (r *Report) compare() *comparison {
	b := r.Baseline
	c := &comparison{verdict: verdictChange(b.verdict.Level, r.diagnosis().Verdict.Level)}
	now := gate.NumbersOf(r.Result, r.diagnosis())
	lasts := math.NaN()
	if ns := r.analysed(); ns != analyze.Unknown {
		lasts = float64(ns) / 1e9
	}
	// As long as a capture has a steady state to come, its peak follows its length.
	filling := func(n gate.Numbers) bool { return !math.IsNaN(n("time_wait.steady_state")) }
	unlike := !alike(b.duration, lasts)
	cannot := map[gate.Length]bool{gate.Growing: unlike, gate.Filling: unlike && (filling(b.number) || filling(now))}
	for i := range gate.Metrics {
		m := &gate.Metrics[i]
		if m.Trend == gate.NotCompared {
			continue
		}
		x := movement{Metric: m, before: m.Of(b.number), now: m.Of(now)}
		if m.Length == gate.PerSecond {
			x.before, x.now = per(x.before, b.duration), per(x.now, lasts)
		}
		x.change = changed(m, x.before, x.now)
		if cannot[m.Length] {
			x.change = cannotBe
		}
		// There are too many causes to tell of those that stay.
		if m.Trend != gate.Neutral || m.Unit != gate.Share || x.change != same {
			c.metrics = append(c.metrics, x)
		}
		if m.Name == "requests" && !alike(x.before, x.now) {
			c.notes = append(c.notes, "the traffic differs: what is told per second follows the requests, shares do not")
		}
	}
	if unlike {
		c.notes = append(c.notes, fmt.Sprintf("the captures last %s and %s: counts are told per second, and what has no rate is not judged",
			gate.Seconds.Text(b.duration), gate.Seconds.Text(lasts)))
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

// alike reports whether neither is much more; not if one is not known.
func alike(x, y float64) bool { return max(x, y) <= muchMore*min(x, y) }

// changed says what a difference means.
func changed(m *gate.Metric, before, now float64) change {
	least := sameShare
	if m.Unit != gate.Share {
		least = sameNumber * max(math.Abs(before), math.Abs(now))
	}
	rises := now > before
	switch {
	case math.IsNaN(before) || math.IsNaN(now):
		return cannotBe
	case math.Abs(now-before) <= least:
		return same
	case m.Trend == gate.Neutral && rises:
		return more
	case m.Trend == gate.Neutral:
		return less
	case rises == (m.Trend == gate.MoreIsBetter):
		return better
	}
	return worse
}

func verdictChange(before, now rules.Level) change {
	switch {
	case before == rules.CannotTell || now == rules.CannotTell:
		return cannotBe
	case before == now:
		return same
	case now == rules.OK:
		return better
	}
	return worse
}

// findings pairs the findings then and now: by rule and subject, and by rule
// alone where neither subject is in the other capture, as when addresses changed.
func (c *comparison) findings(r *Report) {
	b, d := r.Baseline, r.diagnosis()
	subjects := subjectsOf(r)
	then := slices.Clone(b.findings)
	take := func(is func(p *pastFinding) bool) (pastFinding, bool) {
		for i := range then {
			if p := then[i]; is(&p) {
				then = slices.Delete(then, i, i+1)
				return p, true
			}
		}
		return pastFinding{}, false
	}
	var left []pastFinding
	for i := range d.Findings {
		f := pastFinding{d.Findings[i].Rule.ID, d.Findings[i].Severity.String(), d.Findings[i].Title, d.Findings[i].Subject}
		if _, ok := take(func(p *pastFinding) bool { return p.Rule == f.Rule && p.Subject == f.Subject }); ok {
			c.kept = append(c.kept, counterpart{f, ""})
		} else {
			left = append(left, f)
		}
	}
	for _, f := range left {
		p, ok := take(func(p *pastFinding) bool { return p.Rule == f.Rule && !b.subjects[f.Subject] && !subjects[p.Subject] })
		switch {
		case ok:
			c.kept = append(c.kept, counterpart{f, "matched by rule alone: it was about " + fit(p.Subject, longText)})
		case !b.judged[f.Rule]:
			c.fresh = append(c.fresh, counterpart{f, "not judged before"})
		default:
			c.fresh = append(c.fresh, counterpart{f, ""})
		}
	}
	lacks := map[string]string{}
	for _, j := range d.Judged {
		lacks[j.Rule.ID] = j.Lacks
	}
	for _, p := range then {
		switch {
		case lacks[p.Rule] != "":
			c.notJudged = append(c.notJudged, counterpart{p, lacks[p.Rule]})
		case !subjects[p.Subject]:
			c.gone = append(c.gone, counterpart{p, "that server or client is not in this capture"})
		default:
			c.gone = append(c.gone, counterpart{p, ""})
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
		addPair(subjects, r.Result.Pairs[i].Client.String(), r.Result.Pairs[i].Server.String())
	}
	return subjects
}
