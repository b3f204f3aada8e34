package report

import (
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Medium is what a report is told on: a terminal, Markdown, a browser. It gets plain
// text, and escapes what has a meaning there. What it gets belongs to the teller: a
// medium does not change it.
type Medium interface {
	// Title comes first: what was read, facts about it, and to which part of the
	// capture it is narrowed, "" for all of it.
	Title(name, facts, narrowed string)
	Verdict(v rules.Verdict)
	// Finding is one of the findings behind the verdict, from number 1 on.
	Finding(n int, a *Advice)
	// Section begins a section. Its heading may go on with what it is about, which
	// is not plain yet; "" for none.
	Section(heading, about string)
	// Para is a paragraph. Its lines but the first are set in by hang more.
	Para(hang int, text string)
	// Fact is a line with a name.
	Fact(name, value string)
	Table(t *Table)
	// More says how many rows of what stands above are left out.
	More(rows int)
	// Shape draws curves over the same time.
	Shape(intro string, curves []Curve)
	// Packets is the table of the packets of a connection. What means returns is not
	// plain yet.
	Packets(lines []StoryLine, means func(*StoryLine) []string)
}

// Advice is a finding in words. What there is nothing to say of is "".
type Advice struct {
	*rules.Finding
	Fix    string // what to change first, and what that saves
	Likely string // the cause, and how sure it is
	Seen   string // the first example
	Filter string // of Wireshark, for that example
}

// Curve is one line of the shape over time.
type Curve struct {
	Name   string
	Values []int64 // one for each column of equal time
	Unit   string  // follows the largest value: " in 5 s"
}

// Most returns the largest value.
func (c *Curve) Most() int64 { return largest(c.Values) }

// Table is rows of cells.
type Table struct {
	Align string   // a letter for each column, l or r
	Heads []string // of the columns
	Rows  [][]string
	Notes []string // below each row, "" for none
	Apart bool     // an empty line stands above it
}

// Row appends a row, which has a cell for each column.
func (t *Table) Row(cells ...string) {
	t.Rows = append(t.Rows, cells)
	t.Notes = append(t.Notes, "")
}

// note sets what stands below the last row.
func (t *Table) note(s string) { t.Notes[len(t.Notes)-1] = s }
