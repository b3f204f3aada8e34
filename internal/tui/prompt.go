package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

// question is what the line at the bottom asks for.
type question int

const (
	nothing question = iota
	forFilter
	forFile
)

// askFilter asks for the words that rows must have.
func (m *model) askFilter() tea.Cmd {
	return m.ask(forFilter, "filter: ", m.lists[m.tab].filtered())
}

// askFile asks for a file to save the report in.
func (m *model) askFile() tea.Cmd {
	if m.current == nil {
		m.note = "there is nothing to save yet"
		return nil
	}
	return m.ask(forFile, "save as ("+formatEndings()+"): ", "kaanalyze.txt")
}

// ask begins to ask, with text as the answer that is offered.
func (m *model) ask(what question, prompt, text string) tea.Cmd {
	m.asking = what
	m.input.Prompt = prompt
	m.input.SetValue(text)
	m.input.CursorEnd()
	m.layout()
	return m.input.Focus()
}

// answer takes a key, or pasted text, while something is asked for.
func (m *model) answer(msg tea.Msg) tea.Cmd {
	name := ""
	if k, ok := msg.(tea.KeyPressMsg); ok {
		name = k.String()
	}
	switch name {
	case "ctrl+c":
		return tea.Quit
	case "esc":
		if m.asking == forFilter {
			m.lists[m.tab].filter("")
		}
		m.asking = nothing
		return nil
	case "enter":
		what := m.asking
		m.asking = nothing
		if what == forFile {
			return m.save(strings.TrimSpace(m.input.Value()))
		}
		return nil
	case "up", "down", "pgup", "pgdown":
		return m.press(msg.(tea.KeyPressMsg))
	}
	return m.edit(msg)
}

// edit changes the answer. Rows are filtered as the user types.
func (m *model) edit(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	if text := m.input.Value(); oneLine(text) != text { // pasted
		m.input.SetValue(oneLine(text))
	}
	if m.asking == forFilter {
		m.lists[m.tab].filter(m.input.Value())
	}
	return cmd
}

// save writes a report, in the format that the name's ending asks for.
func (m *model) save(name string) tea.Cmd {
	if name == "" {
		return nil
	}
	if _, ok := formats.ByEnding(name); !ok {
		m.note = "not saved: the name must end in one of " + formatEndings()
		return nil
	}
	x := m.current
	m.note = "saving ..."
	return func() tea.Msg { return savedMsg{name, m.opt.Save(x, name)} }
}

// formatEndings lists the endings of files that the formats have.
func formatEndings() string {
	var list []string
	for i := range formats.All {
		list = append(list, formats.All[i].Ending)
	}
	return strings.Join(list, " ")
}
