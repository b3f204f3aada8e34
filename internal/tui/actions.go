package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// open opens the selected row: the page of a finding or a connection, or the
// connections of a server or a pair.
func (m *model) open() tea.Cmd {
	switch m.tab {
	case findingsTab:
		if f := m.findings.selected(); f != nil {
			m.push(findingPage(f))
		}
	case serversTab:
		if s := m.servers.selected(); s != nil {
			server := s.Server
			m.showConnections("of "+server.String(), func(c *analyze.Connection) bool { return c.Server == server })
		}
	case pairsTab:
		if p := m.pairs.selected(); p != nil {
			client, server := p.Client, p.Server
			m.showConnections("of "+pairName(p), func(c *analyze.Connection) bool { return c.Client.Addr() == client && c.Server == server })
		}
	case connectionsTab:
		if c := m.connections.selected(); c != nil {
			m.push(connectionPage(c.ID, m.opt.Story != nil))
			return m.readStory(c.ID)
		}
	}
	return nil
}

// showConnections shows the connections for which in is true; scope says in words
// which these are.
func (m *model) showConnections(scope string, in func(*analyze.Connection) bool) {
	m.tab = connectionsTab
	m.connections.show(scope, in)
}

// showConnectionsOfFinding shows the connections of the finding whose page is seen,
// or which is selected.
func (m *model) showConnectionsOfFinding() {
	var f *rules.Finding
	switch n := len(m.pages); {
	case n > 0:
		f = m.pages[n-1].finding
	case m.tab == findingsTab:
		f = m.findings.selected()
	}
	if f == nil {
		m.note = "select a finding first (1)"
		return
	}
	m.pages = nil
	shows, of, key := f.Shows(), m.current, m.findings.key(f)
	m.showConnections("that show "+f.Rule.ID+" of "+f.Subject, func(c *analyze.Connection) bool {
		if of != m.current { // another snapshot, whose finding may have other connections
			of = m.current
			if f := m.findingBy(key); f != nil {
				shows = f.Shows()
			}
		}
		return shows(c.ID)
	})
}

// findingBy returns the finding with that key, nil if it is not there any more.
func (m *model) findingBy(key string) *rules.Finding {
	for i := range m.diagnosis().Findings {
		if f := &m.diagnosis().Findings[i]; m.findings.key(f) == key {
			return f
		}
	}
	return nil
}

// back closes the page that is seen; without one it takes the filter away, or else
// the scope.
func (m *model) back() {
	if n := len(m.pages); n > 0 {
		m.pages = m.pages[:n-1]
		return
	}
	m.lists[m.tab].clear()
}

// quitOrBack closes the page that is seen, or the view.
func (m *model) quitOrBack() tea.Cmd {
	if len(m.pages) == 0 {
		return tea.Quit
	}
	m.back()
	return nil
}

// pause stops what is shown where it is, or lets it go on with the last snapshot
// that came meanwhile.
func (m *model) pause() {
	switch {
	case !m.pausedAt.IsZero():
		m.pausedAt = time.Time{}
		if m.pending != nil {
			m.load(m.pending)
		}
	case m.final || m.current == nil:
		m.note = "nothing moves"
	default:
		m.pausedAt = m.opt.Now()
	}
}
