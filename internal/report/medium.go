package report

import (
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Medium is what a report is told on: a terminal, Markdown, a browser. It
// gets plain text, and escapes what has a meaning there.
type Medium interface {
	Title(name, facts, narrowed string) // narrowed is what of the capture, "" for all
	Verdict(v rules.Verdict)
	Finding(n int, f *Advice)
	Section(heading, of string) // of is what it is about, "" for none
	Para(hang int, text string)
	Fact(name, value string)
	Table(t *Table)
	More(n int) // rows of the table above are left out
	Shape(intro string, curves []Curve)
	Packets(lines []StoryLine, means func(*StoryLine) []string)
}

// Advice is a finding in words.
type Advice struct {
	*rules.Finding
	Fix, Also string // also is "" for none
	Likely    string // "" for none
	Seen      string // "" for none
	Filter    string // of Wireshark, for what was seen
}

// Curve is one line of the shape over time.
type Curve struct {
	Name   string
	Values []int64
	Unit   string // of the largest value
}

// Most returns the largest value.
func (c *Curve) Most() int64 { return largest(c.Values) }

// Table is rows of cells. align has a letter per column: l or r.
type Table struct {
	Align string
	Heads []string
	Rows  [][]string
	Notes []string // by row, below it; "" for none
	Apart bool     // from what stands above it
}

// Row appends a row.
func (t *Table) Row(cells ...string) {
	t.Rows = append(t.Rows, cells)
	t.Notes = append(t.Notes, "")
}

// note sets what stands below the last row.
func (t *Table) note(s string) { t.Notes[len(t.Notes)-1] = s }
