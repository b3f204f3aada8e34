package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// verdict writes the answer and the findings behind it.
func (p *page) verdict() {
	d := p.r.diagnosis()
	p.on.verdict(d.Verdict)
	for i := range min(len(d.Findings), p.top) {
		p.on.finding(i+1, p.advice(&d.Findings[i]))
	}
	p.more(len(d.Findings))
}

// advice puts into words what is wrong, how to mend it and how to check it.
func (p *page) advice(f *rules.Finding) *advice {
	a := &advice{Finding: f}
	a.fix, a.also, _ = strings.Cut(f.Fix, "; ")
	a.fix += saves(f, &p.r.Result.Totals)
	if f.Severity == rules.Info {
		return a
	}
	a.likely = fmt.Sprintf("%s (confidence: %s)", f.Rule.Why, f.Confidence)
	if len(f.Examples) > 0 {
		x := &f.Examples[0]
		a.seen = fmt.Sprintf("connection %d%s: %s", x.Connection, frames(x.Packets), x.Observed)
		a.filter = x.Filter
	}
	return a
}

// WriteFinding writes all about a finding for a person.
func WriteFinding(w io.Writer, r *Report, f *rules.Finding) error {
	out := bufio.NewWriter(w)
	p := newPage(out, r)
	p.para(0, "%s %s %s", "["+f.Severity.String()+"]", p.bold(f.Rule.ID), f.Title)
	p.printf("\n")
	p.fact("about", f.Subject)
	p.fact("shown by", connections(f.Connections))
	if f.Failed > 0 {
		p.fact("failed", plural(f.Failed, "request", "requests")+" without a whole response")
	}
	p.fact("why", fmt.Sprintf("%s (confidence: %s)", f.Rule.Why, f.Confidence))
	first, rest, more := strings.Cut(f.Fix, "; ")
	p.fact("fix", first+saves(f, &r.Result.Totals))
	if more {
		p.fact("  also", rest)
	}
	p.fact("it is set when", f.Rule.SetWhen)
	p.fact("verify in Wireshark", f.Rule.Verify)
	p.section("EXAMPLES")
	for i := range f.Examples {
		x := &f.Examples[i]
		p.para(2, "connection %d%s: %s", x.Connection, frames(x.Packets), x.Observed)
		p.para(2, "  In Wireshark: %s", x.Filter)
	}
	if err := out.Flush(); err != nil {
		return writeError(err)
	}
	return nil
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
	var list []string
	if n := f.Saves.Connections; n > 0 {
		s := connections(n)
		if n*100 >= t.Connections {
			s = fmt.Sprintf("%s, %s,", s, share(n, t.Connections))
		}
		list = append(list, s)
	}
	if n := f.Saves.TimeWait; n > 1 {
		list = append(list, count(n)+" TIME_WAIT")
	}
	if len(list) == 0 {
		return ""
	}
	if len(list) == 1 {
		list[0] = strings.TrimSuffix(list[0], ",")
	}
	return " (saves " + strings.Join(list, " and ") + ")"
}

// gates writes what became of the conditions of --fail-on.
func (p *page) gates() {
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
		p.para(6, "%s  %s: %s", outcome, fit(o.Gate.Expression, 80), o.Said())
	}
}

// causes writes why connections were not reused.
func (p *page) causes() {
	d := p.r.diagnosis()
	if len(d.Causes) == 0 {
		return
	}
	p.section("WHY CONNECTIONS CARRIED NO FURTHER REQUEST")
	tab := table{align: "llrrl", heads: []string{"cause", "by", "connections", "share", ""}}
	for i := range d.Causes {
		c := &d.Causes[i]
		tab.row(c.Cause.String(), partyName(c.By), count(c.Connections), share(c.Connections, p.r.Result.Totals.Connections), c.Cause.Meaning())
	}
	p.table(&tab)
}

// policies writes the settings that the ends of connections show.
func (p *page) policies() {
	list := p.r.diagnosis().Policies
	if len(list) == 0 {
		return
	}
	p.section("SETTINGS INFERRED")
	tab := table{align: "lllrr", heads: []string{"of", "", "value", "samples", "spread"}}
	for i := range min(len(list), p.top) {
		x := &list[i]
		value := count(x.Value)
		if x.Kind.Timed() {
			value = duration(x.Value)
		}
		tab.row(x.Subject, strings.ReplaceAll(x.Kind.String(), "_", " "), value, count(x.Samples), percent(x.Spread))
		if len(x.Matches) > 0 {
			tab.note("the default of: " + strings.Join(x.Matches, "; "))
		}
	}
	p.table(&tab)
	p.more(len(list))
}

// notJudged says which rules could not be judged, and why.
func (p *page) notJudged() {
	var order []string
	by := map[string][]string{}
	for _, j := range p.r.diagnosis().Judged {
		if j.Lacks == "" {
			continue
		}
		if by[j.Lacks] == nil {
			order = append(order, j.Lacks)
		}
		by[j.Lacks] = append(by[j.Lacks], j.Rule.ID)
	}
	for _, lacks := range order {
		p.fact("not judged", fmt.Sprintf("%s: %s", plural(int64(len(by[lacks])), "rule", "rules"), lacks))
	}
}
