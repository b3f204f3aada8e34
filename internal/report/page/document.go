package page

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// document is a page for a browser, as its template takes it.
type document struct {
	Policy  string
	Style   template.CSS
	Script  template.JS
	Data    string
	Version string
	Zone    string // of times

	Name, Facts   string
	Narrowed      string // to which part of the capture, "" for all of it
	Level, Answer string // Level is problem, ok or unknown
	LevelWords    string
	Findings      []*finding
	MoreFindings  string
	Sections      []*section
	Definitions   [][2]string

	Told       bool   // it is about one connection
	All, Shown string // how many connections there are, and how many of them are here
	Cut        string // says which exchanges are not here, "" if all are
}

// finding is a finding in words.
type finding struct {
	N                     int
	Rule, Severity, Title string
	Fix, Note             string
	Alternatives          []string
	Likely, Seen, Filter  string
	Connections           string
}

// section is a heading and what stands below.
type section struct {
	Heading string
	Kind    string // a value of sectionKinds, explore, or "" for an ordinary one
	Blocks  []*block
}

// block is a part of a section: one of its fields is set.
type block struct {
	Para  string
	Facts [][2]string
	Table *table
	Shape bool
}

// table is a table whose cells know their column.
type table struct {
	Heads []cell
	Rows  []tableRow
}

// tableRow is a row, and what stands below it.
type tableRow struct {
	Cells []cell
	Note  string // "" for none
	Width int    // how many columns the note spans
}

// longCell is how many bytes a name may have that is not wrapped: two addresses of IPv4
// and a port fit.
const longCell = 40

// cell is a cell of a row.
type cell struct {
	Text   string
	Number bool
	Sub    bool // it is a part of the row above
	Long   bool // a name that wraps where it is too wide for the others
}

// cut says which exchanges are not on the page.
func (d *document) cut(x *exchangeData) {
	if x == nil || x.Held == x.All {
		return
	}
	held, all := cause.Count(int64(x.Held)), cause.Plural(int64(x.All), "exchange", "exchanges")
	d.Facts += fmt.Sprintf("; this page holds %s of %s", held, all)
	d.Cut = fmt.Sprintf("This page holds %s of %s.", held, all)
	if x.Without > 0 {
		d.Cut += fmt.Sprintf(" %s have theirs left out: all of a connection's exchanges are here, or none. Of these the timeline shows the last exchange, and where the others lie.", report.Connections(int64(x.Without)))
	}
}

// explore puts the connections themselves behind the shape over time.
func (d *document) explore() {
	at := 0
	for i, s := range d.Sections {
		if s.Kind == "numbers" || s.Kind == "shape" {
			at = i + 1
		}
	}
	d.Sections = slices.Insert(d.Sections, at, &section{Heading: "Connections", Kind: "explore"})
}

// last returns the section that is being written.
func (d *document) last() *section {
	if len(d.Sections) == 0 {
		d.Sections = append(d.Sections, &section{})
	}
	return d.Sections[len(d.Sections)-1]
}

// add adds a block to the section that is being written.
func (d *document) add(b *block) {
	s := d.last()
	s.Blocks = append(s.Blocks, b)
}

// Title implements [report.Medium].
func (d *document) Title(name, facts, narrowed string) {
	d.Name, d.Facts, d.Narrowed = name, facts, narrowed
}

// Verdict implements [report.Medium].
func (d *document) Verdict(v rules.Verdict) {
	d.Level, d.LevelWords, d.Answer = v.Level.String(), strings.TrimSuffix(v.Level.Words()+v.Joint(), ": "), v.Text
}

// Finding implements [report.Medium].
func (d *document) Finding(n int, f *report.Advice) {
	d.Findings = append(d.Findings, &finding{
		N: n, Rule: f.Rule.ID, Severity: f.Severity.String(), Title: f.Title,
		Fix: f.Fix, Alternatives: f.Alternatives, Note: f.Note, Likely: f.Likely, Seen: f.Seen, Filter: f.Filter,
		Connections: report.Connections(f.Connections),
	})
}

// sectionKinds are the sections that a page lays out in their own way.
var sectionKinds = map[string]string{
	"NUMBERS": "numbers", "OVER TIME": "shape", "TRUST": "trust", "PROVENANCE": "provenance",
	"EXCHANGES": "wide", "BY SERVER": "wide", "RESPONSES BY SERVER": "wide", "BY CLIENT-SERVER PAIR": "wide",
}

// Section implements [report.Medium].
func (d *document) Section(heading, of string) {
	shown := report.SentenceCase(heading)
	if of != "" {
		shown += " " + report.Fit(of, 200)
	}
	d.Sections = append(d.Sections, &section{Heading: shown, Kind: sectionKinds[heading]})
}

// Para implements [report.Medium].
func (d *document) Para(_ int, text string) { d.add(&block{Para: strings.TrimSpace(text)}) }

// Fact implements [report.Medium].
func (d *document) Fact(name, value string) {
	s := d.last()
	if n := len(s.Blocks); n == 0 || s.Blocks[n-1].Facts == nil {
		d.add(&block{})
	}
	b := s.Blocks[len(s.Blocks)-1]
	b.Facts = append(b.Facts, [2]string{strings.TrimSpace(name), value})
}

// Table implements [report.Medium].
func (d *document) Table(t *report.Table) {
	x := &table{}
	cells := func(row []string) []cell {
		out := make([]cell, len(row))
		for i, text := range row {
			out[i] = cell{strings.TrimSpace(text), t.Align[i] == 'r', strings.HasPrefix(text, "  "), i == 0 && len(text) > longCell}
		}
		return out
	}
	x.Heads = cells(t.Heads)
	for i, row := range t.Rows {
		x.Rows = append(x.Rows, tableRow{cells(row), t.Notes[i], len(row)})
	}
	d.add(&block{Table: x})
}

// More implements [report.Medium].
func (d *document) More(n int) {
	text := fmt.Sprintf("and %s more", cause.Count(int64(n)))
	if len(d.Sections) == 0 {
		d.MoreFindings = text
		return
	}
	d.Para(0, text)
}

// Shape implements [report.Medium]. The script of the page draws the curves.
func (d *document) Shape(string, []report.Curve) { d.add(&block{Shape: true}) }

// Packets implements [report.Medium].
func (d *document) Packets(lines []report.StoryLine, means func(*report.StoryLine) []string) {
	d.Section("PACKETS", "")
	d.last().Kind = "wide"
	t := report.Table{Align: "rrllrl", Heads: []string{"seconds", "packet", "from", "flags", "bytes", "what it means"}}
	for i := range lines {
		l := &lines[i]
		var said []string
		for _, s := range means(l) {
			said = append(said, report.Fit(s, report.MaxText))
		}
		t.Row(l.Seconds(), fmt.Sprint(l.Num), l.By(), report.Plain(l.Flags), cause.Count(int64(l.Len)), strings.Join(said, "; "))
	}
	d.Table(&t)
}
