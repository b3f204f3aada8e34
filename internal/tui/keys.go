package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// binding is keys, their help, and what they do.
type binding struct {
	key.Binding
	do func(*model) tea.Cmd
}

// bind returns what help describes. The names of keys are written as people say
// them.
func bind(help string, do func(*model) tea.Cmd, keys ...string) binding {
	names := strings.NewReplacer("pgdown", "page down", "pgup", "page up", "+", "-").Replace(strings.Join(keys, ", "))
	return binding{key.NewBinding(key.WithKeys(keys...), key.WithHelp(names, help)), do}
}

// noCommand is for keys that leave nothing to be done beside.
func noCommand(do func(*model)) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		do(m)
		return nil
	}
}

// moveBy moves the cursor by rows.
func moveBy(by func(*model) int) func(*model) tea.Cmd {
	return noCommand(func(m *model) { m.lists[m.tab].move(by(m)) })
}

// showTab shows the tab of that number, counted round.
func showTab(to func(*model) int) func(*model) tea.Cmd {
	return noCommand(func(m *model) { m.tab = (to(m) + tabs) % tabs })
}

// toEnd is more rows than there are.
const toEnd = 1 << 30

// newBindings returns all keys, in the order of the help.
func newBindings() []binding {
	return []binding{
		bind("one row up", moveBy(func(*model) int { return -1 }), "up", "k"),
		bind("one row down", moveBy(func(*model) int { return 1 }), "down", "j"),
		bind("a screen up", moveBy(func(m *model) int { return -m.height / 2 }), "pgup", "b"),
		bind("a screen down", moveBy(func(m *model) int { return m.height / 2 }), "pgdown"),
		bind("first row", moveBy(func(*model) int { return -toEnd }), "home", "g"),
		bind("last row", moveBy(func(*model) int { return toEnd }), "end", "G"),
		bind("next tab", showTab(func(m *model) int { return m.tab + 1 }), "tab", "right", "l"),
		bind("tab before", showTab(func(m *model) int { return m.tab - 1 }), "shift+tab", "left", "h"),
		bind("findings", showTab(func(*model) int { return findingsTab }), "1"),
		bind("servers", showTab(func(*model) int { return serversTab }), "2"),
		bind("client-server pairs", showTab(func(*model) int { return pairsTab }), "3"),
		bind("connections", showTab(func(*model) int { return connectionsTab }), "4"),
		bind("open it; for a server or a pair: show its connections", (*model).open, "enter"),
		bind("connections that show the finding", noCommand((*model).showConnectionsOfFinding), "c"),
		bind("filter: rows that have all these words", (*model).askFilter, "/"),
		bind("take the filter away, or go back", noCommand((*model).back), "esc", "backspace"),
		bind("sort by the next column", noCommand(func(m *model) { m.lists[m.tab].sortNext(1) }), ">"),
		bind("sort by the column before", noCommand(func(m *model) { m.lists[m.tab].sortNext(-1) }), "<"),
		bind("reverse the order", noCommand(func(m *model) { m.lists[m.tab].reverse() }), "r"),
		bind("pause, and go on", noCommand((*model).pause), "p", "space"),
		bind("save a report", (*model).askFile, "s"),
		bind("this help", noCommand((*model).help), "?"),
		bind("redraw the screen", func(*model) tea.Cmd { return tea.ClearScreen }, "ctrl+l"),
		bind("suspend", func(*model) tea.Cmd { return tea.Suspend }, "ctrl+z"),
		bind("quit; on a page, go back", (*model).quitOrBack, "q"),
		bind("quit", func(*model) tea.Cmd { return tea.Quit }, "ctrl+c"),
	}
}

// onPage are the keys that do on a page what they do elsewhere; all others scroll it.
var onPage = map[string]bool{"c": true, "esc": true, "backspace": true, "p": true, "s": true, "?": true, "ctrl+l": true, "ctrl+z": true, "q": true, "ctrl+c": true}

// press does what the user pressed a key for.
func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	if n := len(m.pages); n > 0 && !onPage[msg.String()] {
		return m.pages[n-1].scroll(msg)
	}
	forcePanic(msg.String())
	for i := range m.bindings {
		if key.Matches(msg, m.bindings[i].Binding) {
			return m.bindings[i].do(m)
		}
	}
	m.note = "? is help"
	return nil
}
