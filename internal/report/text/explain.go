package text

import (
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/products"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// WriteRules writes a line for each rule.
func WriteRules(w io.Writer) error {
	return writePlain(w, &report.Options{}, func(p *plainText) {
		for _, r := range rules.Rules {
			p.printf("%s  %s\n", r.ID, r.Title)
		}
	})
}

// WriteMetrics writes a line for each metric.
func WriteMetrics(w io.Writer) error {
	return writePlain(w, &report.Options{}, func(p *plainText) {
		widest := 0
		for _, m := range gate.Metrics {
			widest = max(widest, len(m.Name))
		}
		for _, m := range gate.Metrics {
			p.printf("%-*s  %-7s  %s\n", widest, m.Name, m.Unit, m.Help)
		}
	})
}

// WriteRule writes all that there is to know of a rule.
func WriteRule(w io.Writer, r *rules.Rule) error {
	return writePlain(w, &report.Options{}, func(p *plainText) {
		p.printf("%s  %s\n\n", r.ID, r.Title)
		p.Fact("when", r.SetWhen)
		p.Fact("likely cause", r.Why)
		p.Fact("who has to change", partyToChange(r.Who))
		p.Fact("fix", r.Fix)
		p.moreAdvice(&r.Advice)
		for _, program := range products.WithAdvice(r.ID) {
			advice, _ := program.Advice(r.ID)
			p.Fact("in "+program.String(), advice.Fix)
			p.moreAdvice(&advice)
		}
		p.verify(r)
		p.Fact("needs", r.Needs.String())
	})
}

// partyToChange says who has to change something.
func partyToChange(who analyze.Party) string {
	switch who {
	case analyze.Both:
		return "the client or the server"
	case analyze.Network:
		return "what lies between the client and the server"
	}
	return "the " + who.String()
}
