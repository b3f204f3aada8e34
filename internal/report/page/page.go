// Package page writes a report as one page for a browser: what the text tells,
// and charts and a table of all connections that a script of the page draws.
package page

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

//go:embed assets
var assets embed.FS

// asset returns a file that is built in.
func asset(name string) string {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("the program lacks a part of itself: " + err.Error())
	}
	return string(b)
}

// scripts joins files to one script.
func scripts(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(asset(name) + "\n")
	}
	return b.String()
}

// fixedParts are the parts of every page, and what its policy lets run: these
// and nothing else.
type fixedParts struct {
	template *template.Template
	style    template.CSS
	script   template.JS
	policy   string
}

// fixedPartsOnce makes the parts when a page is wanted first.
var fixedPartsOnce = sync.OnceValue(func() *fixedParts {
	style := asset("uPlot.css") + "\n" + asset("page.css")
	script := scripts("uPlot.js", "page_data.js", "page_charts.js", "page_lanes.js", "page_table.js", "page_detail.js", "page.js")
	return &fixedParts{
		template: template.Must(template.New("page").Parse(asset("page.html"))),
		style:    template.CSS(style),
		script:   template.JS(script),
		policy: fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'",
			policyHash(script), policyHash(style)),
	}
})

// policyHash returns how a content security policy names a script or a style.
func policyHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// tableRows is how many rows a table of a page shows: they scroll.
const tableRows = 200

// Write writes r as one file that a browser opens from disk.
func Write(w io.Writer, r *report.Report) error {
	parts := fixedPartsOnce()
	h := &document{
		Policy: parts.policy, Style: parts.style, Script: parts.script,
		Told: r.Story != nil, Version: report.ToolName + " " + report.Plain(r.Version),
	}
	report.Tell(h, r, max(r.Options.Rows(), tableRows))
	if !h.Told && r.Records().Len() > 0 {
		data := newData(r)
		var err error
		if h.Data, err = packed(data); err != nil {
			return report.WriteError(err)
		}
		h.Shown, h.All = cause.Count(int64(data.Rows)), cause.Count(int64(r.Records().Len()))
		h.cut(data)
		h.explore()
	}
	for _, d := range report.Definitions {
		h.Definitions = append(h.Definitions, [2]string{d.Word, d.Means})
	}
	out := bufio.NewWriterSize(w, 64<<10)
	err := parts.template.Execute(out, h)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return report.WriteError(err)
	}
	return nil
}

// document is a page for a browser, as its template takes it.
type document struct {
	Policy  string
	Style   template.CSS
	Script  template.JS
	Data    string
	Version string

	Name, Facts   string
	Narrowed      string // to what, "" for all
	Level, Answer string // Level is problem, ok or unknown
	LevelWords    string
	Findings      []*finding
	MoreFindings  string
	Sections      []*section
	Definitions   [][2]string

	Told       bool   // of one connection
	All, Shown string // how many connections there are, and are here
	Cut        string // which exchanges are not here, "" if all are
}

// finding is a finding in words.
type finding struct {
	N                                     int
	Rule, Severity, Title                 string
	Fix, Also, Likely, Seen, Filter, Look string
	Connections                           string
}

// section is a heading and what stands below.
type section struct {
	Heading string
	Kind    string // numbers, shape, trust, or none of these
	Blocks  []*block
}

// block is one of its fields.
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

type tableRow struct {
	Cells []cell
	Note  string
	Width int // columns
}

type cell struct {
	Text   string
	Number bool
	Sub    bool // of the row above
}

// cut says which exchanges are not on the page.
func (h *document) cut(d *data) {
	x := d.Exchanges
	if x == nil || x.Held == x.All {
		return
	}
	held, all := cause.Count(int64(x.Held)), cause.Plural(int64(x.All), "exchange", "exchanges")
	h.Facts += fmt.Sprintf("; this page holds %s of %s", held, all)
	h.Cut = fmt.Sprintf("This page holds %s of %s.", held, all)
	if x.Without > 0 {
		h.Cut += fmt.Sprintf(" %s have theirs left out: all of a connection's exchanges are here, or none. Of these the timeline shows the last exchange, and where the others lie.", report.Connections(int64(x.Without)))
	}
}

// explore puts the connections themselves behind the shape over time.
func (h *document) explore() {
	at := 0
	for i, s := range h.Sections {
		if s.Kind == "numbers" || s.Kind == "shape" {
			at = i + 1
		}
	}
	h.Sections = slices.Insert(h.Sections, at, &section{Heading: "Connections", Kind: "explore"})
}

// last returns the section that is being written.
func (h *document) last() *section {
	if len(h.Sections) == 0 {
		h.Sections = append(h.Sections, &section{})
	}
	return h.Sections[len(h.Sections)-1]
}

func (h *document) add(b *block) {
	s := h.last()
	s.Blocks = append(s.Blocks, b)
}

func (h *document) Title(name, facts, narrowed string) {
	h.Name, h.Facts, h.Narrowed = name, facts, narrowed
}

func (h *document) Verdict(v rules.Verdict) {
	h.Level, h.LevelWords, h.Answer = v.Level.String(), v.Level.Words(), v.Text
}

func (h *document) Finding(n int, f *report.Advice) {
	h.Findings = append(h.Findings, &finding{
		N: n, Rule: f.Rule.ID, Severity: f.Severity.String(), Title: f.Title,
		Fix: f.Fix, Also: f.Also, Likely: f.Likely, Seen: f.Seen, Filter: f.Filter, Look: f.Rule.Verify,
		Connections: report.Connections(f.Connections),
	})
}

// sectionKinds are the sections that a page lays out in their own way.
var sectionKinds = map[string]string{
	"NUMBERS": "numbers", "OVER TIME": "shape", "TRUST": "trust", "PROVENANCE": "provenance",
	"EXCHANGES": "wide", "BY SERVER": "wide", "BY CLIENT-SERVER PAIR": "wide",
}

func (h *document) Section(heading, of string) {
	shown := report.SentenceCase(heading)
	if of != "" {
		shown += " " + report.Fit(of, 200)
	}
	h.Sections = append(h.Sections, &section{Heading: shown, Kind: sectionKinds[heading]})
}

func (h *document) Para(_ int, text string) { h.add(&block{Para: strings.TrimSpace(text)}) }

func (h *document) Fact(name, value string) {
	s := h.last()
	if n := len(s.Blocks); n == 0 || s.Blocks[n-1].Facts == nil {
		h.add(&block{})
	}
	b := s.Blocks[len(s.Blocks)-1]
	b.Facts = append(b.Facts, [2]string{strings.TrimSpace(name), value})
}

func (h *document) Table(t *report.Table) {
	x := &table{}
	cells := func(row []string) []cell {
		out := make([]cell, len(row))
		for i, text := range row {
			out[i] = cell{strings.TrimSpace(text), t.Align[i] == 'r', strings.HasPrefix(text, "  ")}
		}
		return out
	}
	x.Heads = cells(t.Heads)
	for i, row := range t.Rows {
		x.Rows = append(x.Rows, tableRow{cells(row), t.Notes[i], len(row)})
	}
	h.add(&block{Table: x})
}

func (h *document) More(n int) {
	text := fmt.Sprintf("and %s more", cause.Count(int64(n)))
	if len(h.Sections) == 0 {
		h.MoreFindings = text
		return
	}
	h.Para(0, text)
}

func (h *document) Shape(string, []report.Curve) { h.add(&block{Shape: true}) }

func (h *document) Packets(lines []report.StoryLine, means func(*report.StoryLine) []string) {
	h.Section("PACKETS", "")
	h.last().Kind = "wide"
	t := report.Table{Align: "rrllrl", Heads: []string{"seconds", "packet", "from", "flags", "bytes", "what it means"}}
	for i := range lines {
		l := &lines[i]
		var said []string
		for _, s := range means(l) {
			said = append(said, report.Fit(s, report.MaxText))
		}
		t.Row(l.Seconds(), fmt.Sprint(l.Num), l.By(), report.Plain(l.Flags), cause.Count(int64(l.Len)), strings.Join(said, "; "))
	}
	h.Table(&t)
}
