package tui

import (
	"bytes"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// The smallest window that is drawn on, in columns and lines.
const (
	minWidth  = 40
	minHeight = 8
)

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.WindowTitle = ""
	return v
}

// layout fits the input line and the pages to the window.
func (m *model) layout() {
	m.input.SetWidth(max(1, m.width-len(m.input.Prompt)-1))
	for _, p := range m.pages {
		p.fill(m)
	}
}

// screen returns the lines of the screen, none wider than it.
func (m *model) screen() []string {
	m.setClock()
	if m.width < minWidth || m.height < minHeight {
		return []string{cut(fmt.Sprintf("too small: %dx%d, want %dx%d", m.width, m.height, minWidth, minHeight), m.width, m.style)}
	}
	lines := []string{m.header()}
	switch {
	case len(m.pages) > 0:
		lines = append(lines, strings.Split(m.pages[len(m.pages)-1].box.View(), "\n")...)
	case m.current == nil:
		lines = append(lines, m.waiting()...)
	default:
		lines = append(lines, m.summary()...)
		lines = append(lines, m.body(m.height-len(lines)-1)...)
	}
	lines = lines[:min(len(lines), m.height-1)]
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, m.footer())
	for i, l := range lines {
		lines[i] = cut(l, m.width, m.style)
	}
	return lines
}

// body is the table of the tab that is shown; below the table of findings, all that
// there is to say of the selected one.
func (m *model) body(height int) []string {
	l, f := m.lists[m.tab], m.findings.selected()
	shown, _ := l.size()
	switch {
	case shown == 0 && l.filtered() == "":
		return append(l.draw(m.style, m.width, height), "  none")
	case m.tab != findingsTab || f == nil:
		return l.draw(m.style, m.width, height)
	}
	lines := m.findings.draw(m.style, m.width, max(2, min(shown+1, height/2)))
	var b bytes.Buffer
	_ = text.WriteFinding(&b, m.report(), f) // a buffer takes all
	return append(append(lines, ""), strings.Split(printable(b.String()), "\n")...)
}

// header says what is read, from when to when, and whether that goes on.
func (m *model) header() string {
	left := m.style.bold("kaanalyze") + " " + oneLine(m.opt.Name)
	p := m.opt.Progress()
	if p.Packets > 0 {
		left += "  " + cause.Plural(int64(p.Packets), "packet", "packets")
	}
	if m.current != nil {
		left += ", " + timeSpan(m.opt.Zone, m.result().First, max(m.now, m.result().Last))
	}
	right := m.activity()
	if p.Dropped > 0 {
		right = strings.TrimSpace(cause.Count(int64(p.Dropped)) + " DROPPED " + right)
	}
	if right == "" {
		return left
	}
	room := m.width - len(right) - 1
	return pad(cut(left, room, m.style), room+1) + m.style.bold(right)
}

// activity says in a word whether more is to come.
func (m *model) activity() string {
	switch {
	case !m.pausedAt.IsZero():
		return "PAUSED"
	case m.opt.Live && !m.final:
		return "LIVE"
	case m.opt.Live:
		return "ENDED"
	case !m.final:
		return "READING"
	}
	return ""
}

// waiting is shown before the first snapshot, and says how far the reading is.
func (m *model) waiting() []string {
	p := m.opt.Progress()
	what := "waiting for packets ..."
	switch {
	case !m.opt.Live && p.Total > 0:
		const columns = 40
		done := int(min(columns, columns*p.Done/p.Total))
		what = fmt.Sprintf("reading [%s%s] %d%%", strings.Repeat("#", done), strings.Repeat(".", columns-done), min(100, 100*p.Done/p.Total))
	case !m.opt.Live:
		what = "reading ..."
	}
	return []string{"", "  " + what}
}

// summary is what stands above the table: the verdict, the worst findings, the curves
// and the names of the tabs, as far as there is room.
func (m *model) summary() []string {
	lines := append(m.verdict(), m.recent()...)
	if m.tab != findingsTab && m.height >= 20 {
		lines = append(lines, m.worstFindings()...)
	}
	if m.height >= 16 {
		lines = append(lines, m.drawCurves()...)
	}
	return append(lines, m.tabLine()...)
}

// verdict is the verdict, in up to two lines.
func (m *model) verdict() []string {
	v := m.diagnosis().Verdict
	level := v.Level.Words()
	words := strings.Fields(oneLine(v.Text))
	lines := []string{"VERDICT " + level + strings.TrimSuffix(v.Joint(), " ")}
	const hang = "        "
	for _, w := range words {
		last := len(lines) - 1
		if len(lines) < 2 && ansi.StringWidth(lines[last])+1+ansi.StringWidth(w) > m.width {
			lines = append(lines, hang+w)
			continue
		}
		lines[last] += " " + w
	}
	p := [...]paint{rules.CannotTell: warning, rules.OK: good, rules.Problem: bad}[v.Level]
	lines[0] = strings.Replace(lines[0], "VERDICT "+level, m.style.bold("VERDICT ")+m.style.paint(p, m.style.bold(level)), 1)
	return lines
}

// recent is the verdict of the window, in a line, if there is one.
func (m *model) recent() []string {
	x := m.snapshot().Recent
	if x == nil {
		return nil
	}
	line := "last " + cause.Duration(x.Span) + "  " + oneLine(x.Diagnosis.Verdict.Words())
	return []string{cut(line, m.width, m.style)}
}

// worstFindings are the first findings. Where there is room each says what to do.
func (m *model) worstFindings() []string {
	list := m.diagnosis().Findings
	n, fixes := 3, m.height >= 40
	if fixes {
		n = 5
	}
	var lines []string
	for i := range list[:min(n, len(list))] {
		f := &list[i]
		mark := fmt.Sprintf("%-8s", "["+f.Severity.String()+"]")
		lines = append(lines, fmt.Sprintf("%2d. %s %s %s", i+1, m.style.paint(severityPaint(f), mark), f.Rule.ID, oneLine(f.Title)))
		if fixes {
			lines = append(lines, strings.Repeat(" ", 13)+"fix: "+oneLine(f.Fix))
		}
	}
	if more := len(list) - n; more > 0 && len(lines) > 0 {
		last := len(lines) - 1
		tail := fmt.Sprintf("  (and %d more: 1)", more)
		if !fixes {
			lines[last] = cut(lines[last], m.width-len(tail), m.style) + tail
		} else {
			lines = append(lines, strings.Repeat(" ", 4)+strings.TrimSpace(tail))
		}
	}
	return lines
}

// tabLine names the tabs, and says below them which rows are shown and in which
// order, if these are not all in their own order.
func (m *model) tabLine() []string {
	var names []string
	for i, l := range m.lists {
		_, all := l.size()
		n := int64(all)
		if i == connectionsTab {
			n = m.result().Totals.Connections
		}
		name := fmt.Sprintf("%d %s %s", i+1, l.title(), countCell(n))
		if i == m.tab {
			names = append(names, m.style.reverse("["+name+"]"))
		} else {
			names = append(names, " "+name+" ")
		}
	}
	line := strings.Join(names, " ")
	if note := m.stepNote(); m.width >= 100 && m.height >= 16 {
		line = pad(line, m.width-len(note)) + note
	}
	if note := m.rowsNote(); note != "" {
		return []string{line, "  " + note}
	}
	return []string{line}
}

// rowsNote says which rows of the table are shown, and in which order, "" if they
// are all, in their own order.
func (m *model) rowsNote() string {
	l := m.lists[m.tab]
	shown, all := l.size()
	var which, notes []string
	if l.scoped() != "" {
		which = append(which, l.scoped())
	}
	if l.filtered() != "" {
		which = append(which, "with "+report.Plain(l.filtered()))
	}
	if len(which) > 0 {
		notes = append(notes, fmt.Sprintf("%s of %s %s (esc: all)", countCell(int64(shown)), countCell(int64(all)), strings.Join(which, ", ")))
	}
	if by := l.sorting(); by != "" {
		notes = append(notes, "by "+by)
	}
	if left := m.snapshot().Left; m.tab == connectionsTab && left > 0 {
		notes = append(notes, cause.Count(left)+" older ones are only in the sums")
	}
	return strings.Join(notes, "; ")
}

// footer is the question that is asked, what became of the last key, or which keys
// there are.
func (m *model) footer() string {
	switch {
	case m.asking != nothing:
		return m.input.View()
	case m.note != "":
		return oneLine(m.note)
	case len(m.pages) > 0:
		p := m.pages[len(m.pages)-1]
		at := ""
		if p.box.TotalLineCount() > p.box.Height() {
			at = fmt.Sprintf("  %.0f%%", 100*p.box.ScrollPercent())
		}
		return p.hint + at
	}
	keys := "tab next  enter open  / filter  < > sort  s save  ? help  q quit"
	if m.opt.Live && !m.final {
		keys = strings.Replace(keys, "s save", "p pause  s save", 1)
	}
	return keys
}
