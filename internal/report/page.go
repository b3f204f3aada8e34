package report

import (
	"bufio"
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// page is a report for people. It knows what there is to say and in which
// order, its medium how it looks.
type page struct {
	on    medium
	out   *bufio.Writer // for what is written as plain text alone
	r     *Report
	width int
	top   int
}

// medium is what a page is written on: a terminal, Markdown, a browser. It
// gets plain text, and escapes what has a meaning there.
type medium interface {
	title(name, facts, narrowed string) // narrowed is what of the capture, "" for all
	verdict(v rules.Verdict)
	finding(n int, f *advice)
	section(heading, of string) // of is what it is about, "" for none
	para(hang int, text string)
	fact(name, value string)
	table(t *table)
	more(n int) // rows of the table above are left out
	shape(intro string, curves []curve)
	packets(lines []StoryLine, means func(*StoryLine) []string)
}

// advice is a finding in words.
type advice struct {
	*rules.Finding
	fix, also string // also is "" for none
	likely    string // "" for none
	seen      string // "" for none
	filter    string // of Wireshark, for what was seen
}

// curve is one line of the shape over time.
type curve struct {
	name   string
	values []int64
	unit   string // of the largest value
}

// newPage returns a page of plain text for r. Errors of out stay in it until it
// is flushed.
func newPage(out *bufio.Writer, r *Report) *page {
	p := &page{out: out, r: r, width: 100, top: r.Options.Top}
	if w := r.Options.Width; w > 0 {
		p.width = min(max(w, 80), 100)
	}
	if p.top <= 0 {
		p.top = 10
	}
	p.on = plainText{p}
	return p
}

// section begins a section.
func (p *page) section(heading string) { p.on.section(heading, "") }

// para writes a paragraph. Its lines but the first are set in by hang more.
func (p *page) para(hang int, format string, args ...any) {
	p.on.para(hang, fmt.Sprintf(format, args...))
}

// fact writes a line with a name.
func (p *page) fact(name, value string) { p.on.fact(name, value) }

// table writes t.
func (p *page) table(t *table) { p.on.table(t) }

// more says how many rows of all a table leaves out.
func (p *page) more(all int) {
	if all > p.top {
		p.on.more(all - p.top)
	}
}

// table is rows of cells. align has a letter per column: l or r.
type table struct {
	align string
	heads []string
	rows  [][]string
	notes []string // by row, below it; "" for none
	apart bool     // from what stands above it
}

// row appends a row.
func (t *table) row(cells ...string) {
	t.rows = append(t.rows, cells)
	t.notes = append(t.notes, "")
}

// note sets what stands below the last row.
func (t *table) note(s string) { t.notes[len(t.notes)-1] = s }
