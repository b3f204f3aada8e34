package report

import (
	"fmt"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/gate"
)

// comparison writes what became of the baseline.
func (p *teller) comparison() {
	b := p.r.Baseline
	if b == nil {
		return
	}
	c, d := p.r.Compare(), p.r.Diagnosed()
	p.medium.Section("COMPARED WITH", b.Source)
	p.fact("verdict", string(c.Change))
	before := b.Verdict
	before.Text = Fit(before.Text, MaxText)
	p.fact("  before", before.Words())
	p.fact("  now", d.Verdict.Words())
	for _, list := range []struct {
		name     string
		findings []ComparedFinding
	}{{"gone", c.Gone}, {"still there", c.Kept}, {"new", c.New}, {"not judged now", c.NotJudged}} {
		for _, f := range list.findings[:min(len(list.findings), p.rows)] {
			p.fact(list.name, f.text())
		}
		p.more(len(list.findings))
	}
	tab := Table{Align: "lrrl", Heads: []string{"", "before", "now", ""}}
	for i := range c.Metrics {
		if x := &c.Metrics[i]; x.Before != 0 || x.Now != 0 {
			tab.Row(x.title(), x.text(x.Before), x.text(x.Now), string(x.Change))
		}
	}
	p.table(&tab)
	for _, n := range c.Notes {
		p.para(0, "(%s)", n)
	}
}

// text returns a finding in one line.
func (f *ComparedFinding) text() string {
	s := fmt.Sprintf("[%s] %s %s", Fit(f.Severity, 20), Fit(f.Rule, 20), Fit(f.Title, MaxText))
	if f.Note != "" {
		s += " (" + f.Note + ")"
	}
	return s
}

// title names what is compared.
func (x *ComparedMetric) title() string {
	if x.Length == gate.PerSecond {
		return x.Name + " per second"
	}
	return x.Name
}

// text writes a value. Rates may be small.
func (x *ComparedMetric) text(v float64) string {
	if x.Length == gate.PerSecond && math.Abs(v) < 10 {
		return fmt.Sprintf("%.3g", v)
	}
	return x.Unit.Text(v)
}
