package tui

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// page is text above the tabs.
type page struct {
	hint string // what can be done there
	text func(m *model) string
	box  viewport.Model

	finding *rules.Finding // that it is about, or nil
	id      uint64         // of the connection that it is about, or 0
	story   string         // of that, once it is told
	waiting string         // why it is not
}

// push shows p.
func (m *model) push(p *page) {
	p.box = viewport.New()
	p.box.SoftWrap = true
	p.fill(m)
	m.pages = append(m.pages, p)
}

// fill writes p anew, for what has changed.
func (p *page) fill(m *model) {
	at := p.box.YOffset()
	p.box.SetWidth(m.width)
	p.box.SetHeight(max(1, m.height-2))
	p.box.SetContent(visible(p.text(m)))
	p.box.SetYOffset(at)
}

// scroll moves the text.
func (p *page) scroll(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "home", "g":
		p.box.GotoTop()
		return nil
	case "end", "G":
		p.box.GotoBottom()
		return nil
	}
	var cmd tea.Cmd
	p.box, cmd = p.box.Update(msg)
	return cmd
}

// report returns the report of what is shown, for pages.
func (m *model) report() *report.Report {
	x := m.snapshot()
	return &report.Report{
		Meta:      report.Meta{Packets: 1, First: x.Result.First, Last: x.Result.Last, Sources: []report.Source{{Name: m.opt.Name}}},
		Result:    x.Result,
		Diagnosis: x.Diagnosis,
		Facts:     x,
		Options:   report.Options{Width: m.width, ASCII: m.opt.ASCII},
	}
}

// findingPage tells all about a finding.
func findingPage(f *rules.Finding) *page {
	return &page{
		hint:    "c its connections  esc back  ? help",
		finding: f,
		text: func(m *model) string {
			var b bytes.Buffer
			if now := m.findingBy(m.findings.key(f)); now != nil {
				f = now
			}
			_ = text.WriteFinding(&b, m.report(), f) // a buffer takes all
			return b.String()
		},
	}
}

// connectionPage tells all about a connection.
func connectionPage(id uint64, told bool) *page {
	p := &page{hint: "esc back  ? help", id: id}
	if told {
		p.waiting = "reading the capture again for its packets ..."
	}
	p.text = func(m *model) string {
		if p.story != "" {
			return p.story
		}
		var b bytes.Buffer
		var c analyze.Connection
		if !m.snapshot().ByID(id, &c) {
			fmt.Fprintf(&b, "connection %d is not kept any more; it is in the sums\n", id)
			return b.String()
		}
		s, _ := m.state(&c)
		_ = text.WriteConnection(&b, m.report(), &c) // a buffer takes all
		fmt.Fprintf(&b, "\n  now: %s\n", s)
		if p.waiting != "" {
			fmt.Fprintf(&b, "\n  %s\n", p.waiting)
		}
		return b.String()
	}
	return p
}

// help shows the keys.
func (m *model) help() {
	m.push(&page{hint: "esc back", text: helpText})
}

func helpText(m *model) string {
	var b strings.Builder
	b.WriteString("KEYS\n")
	for i := range m.bindings {
		h := m.bindings[i].Help()
		fmt.Fprintf(&b, "  %-18s %s\n", h.Key, h.Desc)
	}
	b.WriteString(`
WORDS
  opening      the handshake is not complete
  active       a request or its response is under way, for that long
  idle         open, nothing under way, for that long
  silent       what is sent is not answered, since then
  half-closed  one side has sent its FIN, since then
  TIME_WAIT    closed; a side holds it for that much longer
  closed       and nobody holds TIME_WAIT any more; "not reused because" says why
  reused       requests that were not the first on their connection
  need         connections that a perfect pool would have made
  avoidable    connections beyond that
  ports        the most client ports in use or in TIME_WAIT at once
  saves        connections that mending a finding would have spared

The four curves run from the beginning to the end of a file; of a live capture
they show the last steps.
`)
	return b.String()
}

// visible takes what a terminal would act on out of text of several lines.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// oneLine is visible for text that has to stay on its line.
func oneLine(text string) string { return strings.ReplaceAll(visible(text), "\n", "?") }
