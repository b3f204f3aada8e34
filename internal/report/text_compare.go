package report

import (
	"fmt"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/gate"
)

// comparison writes what became of the baseline.
func (p *page) comparison() {
	b := p.r.Baseline
	if b == nil {
		return
	}
	c, d := p.r.compare(), p.r.diagnosis()
	p.on.section("COMPARED WITH", b.source)
	p.fact("verdict", string(c.verdict))
	p.fact("  before", b.verdict.Level.Words()+": "+fit(b.verdict.Text, longText))
	p.fact("  now", d.Verdict.Level.Words()+": "+d.Verdict.Text)
	for _, list := range []struct {
		name     string
		findings []counterpart
	}{{"gone", c.gone}, {"still there", c.kept}, {"new", c.fresh}, {"not judged now", c.notJudged}} {
		for _, f := range list.findings[:min(len(list.findings), p.top)] {
			p.fact(list.name, f.text())
		}
		p.more(len(list.findings))
	}
	tab := table{align: "lrrl", heads: []string{"", "before", "now", ""}}
	for i := range c.metrics {
		if x := &c.metrics[i]; x.before != 0 || x.now != 0 {
			tab.row(x.title(), x.text(x.before), x.text(x.now), string(x.change))
		}
	}
	p.table(&tab)
	for _, n := range c.notes {
		p.para(0, "(%s)", n)
	}
}

// text returns a finding in one line.
func (f *counterpart) text() string {
	s := fmt.Sprintf("[%s] %s %s", fit(f.Severity, 20), fit(f.Rule, 20), fit(f.Title, longText))
	if f.note != "" {
		s += " (" + f.note + ")"
	}
	return s
}

// title names what is compared.
func (x *movement) title() string {
	if x.Length == gate.PerSecond {
		return x.Name + " per second"
	}
	return x.Name
}

// text writes a value. Rates may be small.
func (x *movement) text(v float64) string {
	if x.Length == gate.PerSecond && math.Abs(v) < 10 {
		return fmt.Sprintf("%.3g", v)
	}
	return x.Unit.Text(v)
}
