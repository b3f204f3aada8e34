package tui

import (
	"charm.land/lipgloss/v2"
)

// paint is a colour with a meaning. What it means stands there in words, too.
type paint uint8

const (
	none paint = iota
	bad
	warning
	good
	faint
)

// style is how the view draws: with or without colours and characters beyond
// ASCII.
type style struct {
	color bool
	dots  string // where text is cut
	up    string // behind the name of the column that rows are sorted by, the least first
	down  string // the same, the greatest first

	paints [5]lipgloss.Style
}

func newStyle(color, ascii bool) *style {
	s := &style{color: color, dots: "…", up: "▲", down: "▼"}
	if ascii {
		s.dots, s.up, s.down = "~", "^", "v"
	}
	for p, ansi := range map[paint]string{bad: "1", warning: "3", good: "2", faint: "8"} {
		s.paints[p] = lipgloss.NewStyle().Foreground(lipgloss.Color(ansi))
	}
	return s
}

func (s *style) paint(p paint, text string) string {
	if !s.color || p == none || text == "" {
		return text
	}
	return s.paints[p].Render(text)
}

// bold and reverse are no colours: terminals without colours have them.
func (s *style) bold(text string) string    { return "\x1b[1m" + text + "\x1b[m" }
func (s *style) reverse(text string) string { return "\x1b[7m" + text + "\x1b[m" }
