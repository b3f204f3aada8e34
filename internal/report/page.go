package report

import (
	"bufio"
	"fmt"
	"strings"
	"unicode/utf8"
)

// page writes text for a terminal of some width.
type page struct {
	out   *bufio.Writer
	r     *Report
	width int
	top   int
}

// newPage returns a page for r. Errors of out stay in it until it is flushed.
func newPage(out *bufio.Writer, r *Report) *page {
	p := &page{out: out, r: r, width: 100, top: r.Options.Top}
	if w := r.Options.Width; w > 0 {
		p.width = min(max(w, 80), 100)
	}
	if p.top <= 0 {
		p.top = 10
	}
	return p
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

// bold returns s for a heading.
func (p *page) bold(s string) string {
	if !p.r.Options.Color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// section begins a section.
func (p *page) section(heading string) { p.printf("\n%s\n", p.bold(heading)) }

// para writes a text with an indent, wrapped at the width. Its lines but the
// first are set in by hang more.
func (p *page) para(hang int, format string, args ...any) {
	line := "  "
	for i, word := range strings.Split(fmt.Sprintf(format, args...), " ") {
		n := utf8.RuneCountInString(word)
		if i > 0 && utf8.RuneCountInString(line)+1+n > p.width && 2+hang+n <= p.width {
			p.printf("%s\n", strings.TrimRight(line, " "))
			line = strings.Repeat(" ", 2+hang)
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	p.printf("%s\n", line)
}

// more says how many rows a table leaves out.
func (p *page) more(all int) {
	if all > p.top {
		p.printf("  and %s more, see --top\n", count(int64(all-p.top)))
	}
}

// table is rows of cells. align has a letter per column: l or r.
type table struct {
	align string
	heads []string
	rows  [][]string
	notes []string // by row, below it; "" for none
}

// row appends a row.
func (t *table) row(cells ...string) {
	t.rows = append(t.rows, cells)
	t.notes = append(t.notes, "")
}

// note sets what stands below the last row.
func (t *table) note(s string) { t.notes[len(t.notes)-1] = s }

// table writes t. A first column that leaves no room for the others stands on
// a line of its own where it is too long.
func (p *page) table(t *table) {
	widths := make([]int, len(t.heads))
	for _, row := range append([][]string{t.heads}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rest := 2
	for _, w := range widths[1:] {
		rest += w + 2
	}
	widths[0] = max(min(widths[0], p.width-rest), utf8.RuneCountInString(t.heads[0]))
	if strings.TrimSpace(strings.Join(t.heads, "")) != "" {
		p.tableRow(t, widths, t.heads)
	}
	for i, row := range t.rows {
		if utf8.RuneCountInString(row[0]) > widths[0] {
			p.printf("  %s\n", row[0])
			row = append([]string{""}, row[1:]...)
		}
		p.tableRow(t, widths, row)
		if t.notes[i] != "" {
			p.para(4, "  %s", t.notes[i])
		}
	}
}

// tableRow writes one row.
func (p *page) tableRow(t *table, widths []int, row []string) {
	var b strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.align[i] == 'l' {
			b.WriteString("  " + cell + pad)
		} else {
			b.WriteString("  " + pad + cell)
		}
	}
	p.printf("%s\n", strings.TrimRight(b.String(), " "))
}

// bars draws values as columns as high as their share of the largest.
func (p *page) bars(values []int64) string { return Bars(values, largest(values), p.r.Options.ASCII) }

// Bars draws values as columns as high as their share of top. A value above
// zero is never drawn as nothing.
func Bars(values []int64, top int64, ascii bool) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune(" .:-=+*#@")
	}
	steps := int64(len(levels) - 1)
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = levels[0]
		if v > 0 {
			out[i] = levels[min(steps, 1+int64(float64(v)/float64(top)*float64(steps-1)+0.5))]
		}
	}
	return string(out)
}
