package rules

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Diagnose says that the analysis is over: it finishes d, which must not be used
// any more, and runs the rules on as many goroutines as d uses.
func Diagnose(d *cause.Collector, r *analyze.Result) *Diagnosis {
	x := &Diagnosis{Decisions: d.Finish(r)}
	v := newView(x, r)
	v.checkAll(d.Workers())
	rank(x.Findings)
	v.countOnce(x.Findings)
	x.Verdict = v.conclude()
	return x
}

// Run judges an analysis that keeps its connections, on that many goroutines, or on
// one.
func Run(r *analyze.Result, workers int) *Diagnosis { return Diagnose(cause.Collect(r, workers), r) }

// checkAll runs the rules, which do not see what the others find.
func (v *view) checkAll(workers int) {
	v.Judged = make([]Judgement, len(Rules))
	found := make([][]Finding, len(Rules))
	var jobs sync.WaitGroup
	var next atomic.Int64
	for range workers {
		jobs.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(Rules)); i = next.Add(1) - 1 {
				v.Judged[i], found[i] = v.check(Rules[i])
			}
		})
	}
	jobs.Wait()
	v.Findings = slices.Concat(found...)
}

// check runs a rule.
func (v *view) check(rule *Rule) (j Judgement, found []Finding) {
	j = Judgement{Rule: rule, Lacks: v.lacks(rule.Needs)}
	if j.Lacks != "" {
		return j, nil
	}
	found = slices.DeleteFunc(rule.Check(v, rule), func(f Finding) bool { return v.cannotJudge(rule, &f) })
	if rule.Costs {
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.Saves.Connections == 0 && f.Failed == 0 })
	}
	for i := range found {
		f := &found[i]
		v.tellRepeats(f)
		if f.Failed > 0 {
			f.Severity = max(f.Severity, Notable) // whatever else the rule makes of it
		}
	}
	found = v.join(found)
	for i := range found {
		found[i].tellEstimated()
	}
	j.Findings = len(found)
	return j, found
}
