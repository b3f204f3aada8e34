package report

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// teller tells a report to people. It knows what there is to say and in which
// order, its medium how it looks.
type teller struct {
	medium Medium
	r      *Report
	rows   int // of a table
}

// section begins a section.
func (p *teller) section(heading string) { p.medium.Section(heading, "") }

// para writes a paragraph. Its lines but the first are set in by hang more.
func (p *teller) para(hang int, format string, args ...any) {
	p.medium.Para(hang, fmt.Sprintf(format, args...))
}

// fact writes a line with a name.
func (p *teller) fact(name, value string) { p.medium.Fact(name, value) }

// table writes t.
func (p *teller) table(t *Table) { p.medium.Table(t) }

// more says how many rows of all a table leaves out.
func (p *teller) more(all int) {
	if all > p.rows {
		p.medium.More(all - p.rows)
	}
}

// TellConnection tells on m what is known of c, without its packets.
func TellConnection(m Medium, r *Report, c *analyze.Connection) {
	p := &teller{medium: m, r: r}
	p.connection(c)
}

// Tell tells all of r on m, with at most that many rows in a table.
func Tell(m Medium, r *Report, rows int) {
	p := &teller{m, r, rows}
	if s := p.r.Story; s != nil {
		p.story(s)
		p.evidence()
		return
	}
	p.header()
	p.verdict()
	p.gates()
	p.comparison()
	if p.r.Result.Totals.Connections > 0 {
		s := takeSurvey(p.r)
		p.numbers()
		p.overTime()
		p.causes()
		p.closes()
		p.servers()
		p.pairs()
		p.policies()
		p.probes(s)
		p.handshakes(s)
		p.example()
	}
	p.evidence()
	p.host()
	p.trust()
	p.provenance()
}

// header writes what the report is about.
func (p *teller) header() {
	p.medium.Title(p.r.Meta.Title(), p.r.Meta.Extent(), p.r.Meta.Narrowed.Words())
}
