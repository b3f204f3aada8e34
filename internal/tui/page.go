package tui

import (
	"bytes"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// page is text above the tabs, about one thing.
type page struct {
	hint string                // the keys that matter there
	text func(m *model) string // what it shows of the snapshot
	box  viewport.Model

	finding *rules.Finding // that the page is about, or nil
	id      uint64         // of the connection that the page is about, or 0
	story   string         // of that connection, packet by packet, once it is read
	noStory string         // why there is no story, or not yet
}

// push shows p above all else.
func (m *model) push(p *page) {
	p.box = viewport.New()
	p.box.SoftWrap = true
	p.fill(m)
	m.pages = append(m.pages, p)
}

// fill writes p again, since the snapshot or the window has changed. It stays where
// it was scrolled to.
func (p *page) fill(m *model) {
	at := p.box.YOffset()
	p.box.SetWidth(m.width)
	p.box.SetHeight(max(1, m.height-2))
	p.box.SetContent(printable(p.text(m)))
	p.box.SetYOffset(at)
}

// scroll moves the text by a key.
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

// findingPage returns the page of a finding. It follows the finding from snapshot to
// snapshot.
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

// connectionPage returns the page of a connection, which shows the story when it has
// been read, if it can be.
func connectionPage(id uint64, hasStory bool) *page {
	p := &page{hint: "esc back  ? help", id: id}
	if hasStory {
		p.noStory = "reading the capture again for its packets ..."
	}
	p.text = func(m *model) string {
		if p.story != "" {
			return p.story
		}
		var b bytes.Buffer
		var c analyze.Connection
		if !m.snapshot().ByID(id, &c) {
			fmt.Fprintf(&b, "connection %d is no longer kept; it is only in the sums\n", id)
			return b.String()
		}
		s, _ := m.state(&c)
		_ = text.WriteConnection(&b, m.report(), &c) // a buffer takes all
		fmt.Fprintf(&b, "\n  now: %s\n", s)
		if p.noStory != "" {
			fmt.Fprintf(&b, "\n  %s\n", p.noStory)
		}
		return b.String()
	}
	return p
}

// readStory has the packets of a connection read again, where they can be.
func (m *model) readStory(id uint64) tea.Cmd {
	if m.opt.Story == nil {
		return nil
	}
	x, width := m.current, m.width
	return func() tea.Msg {
		text, err := m.opt.Story(x, id, width)
		return storyMsg{id, text, err}
	}
}

// showStory shows a story on the page of its connection, if that is still there.
func (m *model) showStory(msg storyMsg) {
	for _, p := range m.pages {
		if p.id != msg.id {
			continue
		}
		p.noStory = ""
		if p.story = msg.text; msg.err != nil {
			p.noStory = fmt.Sprintf("its packets cannot be shown: %v", msg.err)
		}
		p.fill(m)
	}
}

// report returns the report of what is shown, for pages.
func (m *model) report() *report.Report {
	x := m.snapshot()
	return &report.Report{
		Meta:      report.Meta{Packets: 1, First: x.Result.First, Last: x.Result.Last, Zone: m.opt.Zone, Sources: []report.Source{{Name: m.opt.Name}}},
		Result:    x.Result,
		Diagnosis: x.Diagnosis,
		Facts:     x,
		Options:   report.Options{Width: m.width, ASCII: m.opt.ASCII},
	}
}

// help shows the keys, and what words mean.
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
