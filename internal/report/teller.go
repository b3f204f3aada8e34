package report

import "fmt"

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
