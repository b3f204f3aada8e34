// Package text writes a report for people: as text for a terminal ([Write]) or
// as Markdown for a ticket ([WriteMarkdown]). Both are media that
// [report.Tell] tells the report on. The package also writes parts of a report,
// as [WriteFinding], and what there is to know of rules and metrics.
package text

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Write writes r for a person on call at night: the first five lines stand
// alone when pasted in a chat, and what is unusual comes before what is not.
func Write(w io.Writer, r *report.Report) error {
	return writePlain(w, &r.Options, func(p *plainText) {
		report.Tell(p, r, r.Options.Rows())
		if r.Story == nil {
			p.again(r)
		}
	})
}

// WriteConnection writes what is known of c for a person, without its packets.
func WriteConnection(w io.Writer, r *report.Report, c *analyze.Connection) error {
	return writePlain(w, &r.Options, func(p *plainText) { report.TellConnection(p, r, c) })
}

// WriteFinding writes all about a finding for a person.
func WriteFinding(w io.Writer, r *report.Report, f *rules.Finding) error {
	return writePlain(w, &r.Options, func(p *plainText) { p.wholeFinding(r, f) })
}

// moreAdvice writes what else helps, and what to know about it.
func (p *plainText) moreAdvice(a *products.Advice) {
	for _, s := range a.Alternatives {
		p.Fact("  also", s)
	}
	if a.Note != "" {
		p.Fact("  note", a.Note)
	}
}

// verify writes how to see in Wireshark what a rule is about.
func (p *plainText) verify(r *rules.Rule) {
	p.Fact("in Wireshark", r.Filter)
	if r.Hint != "" {
		p.Fact("  look", r.Hint)
	}
}

// wholeFinding writes all about a finding of r.
func (p *plainText) wholeFinding(r *report.Report, f *rules.Finding) {
	p.Para(0, "["+f.Severity.String()+"] "+p.bold(f.Rule.ID)+" "+f.Title)
	p.printf("\n")
	p.Fact("about", f.Subject)
	p.Fact("shown by", report.Connections(f.Connections))
	if f.Failed > 0 {
		p.Fact("failed", cause.Plural(f.Failed, "request", "requests"))
	}
	if f.Unopened > 0 {
		p.Fact("never opened", report.Connections(f.Unopened))
	}
	p.Fact("why", fmt.Sprintf("%s (confidence: %s)", f.Rule.Why, f.Confidence))
	p.Fact("fix", r.Advice(f).Fix)
	p.moreAdvice(&f.Advice)
	p.Fact("it is set when", f.Rule.SetWhen)
	p.verify(f.Rule)
	p.Section("EXAMPLES", "")
	for i := range f.Examples {
		x := &f.Examples[i]
		p.Para(2, report.ExampleText(x))
		p.Para(2, "  In Wireshark: "+x.Filter)
	}
}
