package tui

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// The least that can be drawn on.
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

// layout fits what has a size of its own to the window.
func (m *model) layout() {
	m.input.SetWidth(max(1, m.width-len(m.input.Prompt)-1))
	for _, p := range m.pages {
		p.fill(m)
	}
}

// screen returns the lines of the screen, none wider than it.
func (m *model) screen() []string {
	m.tellTime()
	if m.width < minWidth || m.height < minHeight {
		return []string{cut(fmt.Sprintf("too small: %dx%d, want %dx%d", m.width, m.height, minWidth, minHeight), m.width, m.style)}
	}
	lines := []string{m.header()}
	switch {
	case len(m.pages) > 0:
		lines = append(lines, strings.Split(m.pages[len(m.pages)-1].box.View(), "\n")...)
	case m.x == nil:
		lines = append(lines, m.waiting()...)
	default:
		lines = append(lines, m.top()...)
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

// body is the table, and below the findings what there is to say of the selected
// one.
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
	return append(append(lines, ""), strings.Split(visible(b.String()), "\n")...)
}

// header says what is read and whether it goes on.
func (m *model) header() string {
	left := m.style.bold("kaanalyze") + " " + oneLine(m.opt.Name)
	p := m.opt.Progress()
	if p.Packets > 0 {
		left += "  " + cause.Plural(int64(p.Packets), "packet", "packets")
	}
	if m.x != nil {
		left += ", " + span(m.result().First, max(m.now, m.result().Last))
	}
	right := ""
	switch {
	case !m.paused.IsZero():
		right = "PAUSED"
	case m.opt.Live && !m.final:
		right = "LIVE"
	case m.opt.Live:
		right = "ENDED"
	case !m.final:
		right = "READING"
	}
	if p.Dropped > 0 {
		right = strings.TrimSpace(cause.Count(int64(p.Dropped)) + " DROPPED " + right)
	}
	if right == "" {
		return left
	}
	room := m.width - len(right) - 1
	return pad(cut(left, room, m.style), room+1) + m.style.bold(right)
}

// span writes from when to when.
func span(first, last int64) string {
	from, to := time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	format := time.TimeOnly
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		format = time.DateTime
	}
	return from.Format(format) + "-" + to.Format(format) + " UTC (" + seconds(last-first) + ")"
}

// waiting is shown before the first snapshot.
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

// top is the verdict, the findings, the curves and the names of the tabs.
func (m *model) top() []string {
	lines := m.verdict()
	if m.tab != findingsTab && m.height >= 20 {
		lines = append(lines, m.worst()...)
	}
	if m.height >= 16 {
		lines = append(lines, m.curves()...)
	}
	return append(lines, m.tabLine()...)
}

// verdict is the answer, in up to two lines.
func (m *model) verdict() []string {
	v := m.diagnosis().Verdict
	level := v.Level.Words()
	words := strings.Fields(oneLine(v.Text))
	lines := []string{"VERDICT " + level + ":"}
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

// worst are the first findings. Where there is room each says what to do.
func (m *model) worst() []string {
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

// tabLine names the tabs; below them, which rows are shown if that is not all.
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
	lines := []string{strings.Join(names, " ")}
	if note := m.pitchNote(); m.width >= 100 && m.height >= 16 {
		lines[0] = pad(lines[0], m.width-len(note)) + note
	}
	l := m.lists[m.tab]
	shown, all := l.size()
	var what []string
	if l.scoped() != "" {
		what = append(what, l.scoped())
	}
	if l.filtered() != "" {
		what = append(what, "with "+report.Plain(l.filtered()))
	}
	if len(what) > 0 {
		what = []string{fmt.Sprintf("%s of %s %s (esc: all)", countCell(int64(shown)), countCell(int64(all)), strings.Join(what, ", "))}
	}
	if by := l.sorting(); by != "" {
		what = append(what, "by "+by)
	}
	if left := m.snapshot().Left; m.tab == connectionsTab && left > 0 {
		what = append(what, cause.Count(left)+" older ones are in the sums alone")
	}
	if len(what) > 0 {
		lines = append(lines, "  "+strings.Join(what, "; "))
	}
	return lines
}

// footer is what is asked for, what became of the last key, or the keys.
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
