package report

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// verdict writes the answer and the findings behind it.
func (p *teller) verdict() {
	d := p.r.Diagnosed()
	p.medium.Verdict(d.Verdict)
	for i := range min(len(d.Findings), p.rows) {
		p.medium.Finding(i+1, p.r.Advice(&d.Findings[i]))
	}
	p.more(len(d.Findings))
}

// Advice puts into words what is wrong, how to mend it and how to check it.
func (r *Report) Advice(f *rules.Finding) *Advice {
	a := &Advice{Finding: f, Fix: f.Fix + saves(f, &r.Result.Totals)}
	if f.Severity == rules.Info {
		return a
	}
	a.Likely = fmt.Sprintf("%s (confidence: %s)", f.Rule.Why, f.Confidence)
	if len(f.Examples) > 0 {
		x := &f.Examples[0]
		a.Seen = ExampleText(x)
		a.Filter = x.Filter
	}
	return a
}

// Remarks are what there is to say of a finding below its fix: pairs of a name and a
// text, without those of which there is nothing to say.
func (a *Advice) Remarks() (list [][2]string) {
	for _, s := range a.Alternatives {
		list = append(list, [2]string{"also", s})
	}
	for _, x := range [][2]string{{"note", a.Note}, {"likely", a.Likely}, {"seen", a.Seen}} {
		if x[1] != "" {
			list = append(list, x)
		}
	}
	return list
}

// ExampleText says what one connection showed, and in which packets.
func ExampleText(x *rules.Example) string {
	return fmt.Sprintf("connection %d%s: %s", x.Connection, frames(x.Packets), x.Observed)
}

// frames names packets.
func frames(list []uint64) string {
	if len(list) == 0 {
		return ""
	}
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
	}
	name := "packet"
	if len(list) > 1 {
		name = "packets"
	}
	return " (" + name + " " + strings.Join(words, " and ") + ")"
}

// saves says what mending a finding spares.
func saves(f *rules.Finding, t *analyze.Totals) string {
	said := ""
	if n := f.Saves.Connections; n > 0 {
		said = fmt.Sprintf("%s of %s", cause.Count(n), Connections(t.Connections))
		if n*100 >= t.Connections {
			said += ", " + share(n, t.Connections)
		}
	}
	if n := f.Saves.TimeWait; n > 1 {
		if said != "" {
			said += ", and "
		}
		said += cause.Count(n) + " TIME_WAIT"
	}
	if said == "" {
		return ""
	}
	return " (would avoid " + said + ")"
}

// gates writes what became of the conditions of --fail-on.
func (p *teller) gates() {
	if len(p.r.Gates) == 0 {
		return
	}
	p.section("GATES (--fail-on)")
	for i := range p.r.Gates {
		o := &p.r.Gates[i]
		outcome := "FAIL"
		if o.Passed {
			outcome = "pass"
		}
		p.para(6, "%s  %s: %s", outcome, Fit(o.Condition.Expression, 80), o.Said())
	}
}

// causes writes why connections were not reused.
func (p *teller) causes() {
	d := p.r.Diagnosed()
	if len(d.Causes) == 0 {
		return
	}
	p.section("WHY CONNECTIONS WERE NOT REUSED")
	tab := Table{Align: "llrrl", Heads: []string{"cause", "by", "connections", "share", ""}}
	for i := range d.Causes {
		c := &d.Causes[i]
		tab.Row(c.Cause.String(), PartyName(c.By), cause.Count(c.Connections), share(c.Connections, p.r.Result.Totals.Connections), c.Cause.Meaning())
	}
	p.table(&tab)
}

// policies writes the settings that the ends of connections show.
func (p *teller) policies() {
	list := p.r.Diagnosed().Policies
	if len(list) == 0 {
		return
	}
	p.section("SETTINGS INFERRED")
	tab := Table{Align: "lllrr", Heads: []string{"of", "", "value", "samples", "spread"}}
	for i := range min(len(list), p.rows) {
		x := &list[i]
		value := cause.Count(x.Value)
		if x.Kind.Timed() {
			value = cause.Duration(x.Value)
		}
		tab.Row(x.Subject, strings.ReplaceAll(x.Kind.String(), "_", " "), value, cause.Count(x.Samples), cause.Percent(x.Spread))
		if len(x.Matches) > 0 {
			tab.note("the default of: " + strings.Join(x.Matches, "; "))
		}
	}
	p.table(&tab)
	p.more(len(list))
}
