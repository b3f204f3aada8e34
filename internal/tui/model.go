package tui

import (
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// model is what the view shows, as bubbletea has it: Update takes events, View
// draws. One goroutine has it.
type model struct {
	opt   *Options
	style *style

	current  *live.Snapshot // that is shown, nil before the first
	pending  *live.Snapshot // that came while the view was paused, or nil
	final    bool           // no other snapshot will come
	loadedAt time.Time      // by the wall clock, when current was
	pausedAt time.Time      // by the wall clock, zero while the view is not paused
	now      int64          // the packets' clock, for what is drawn, ns since the epoch
	recycled live.Recycled  // of current

	width, height int // of the terminal, in columns and lines
	tab           int
	findings      *table[rules.Finding]
	servers       *table[analyze.ServerSummary]
	pairs         *table[analyze.Pair]
	connections   *table[analyze.Connection]
	lists         [tabs]list
	pages         []*page // above the tabs; the last one is seen

	bindings []binding
	asking   question
	input    textinput.Model
	note     string // what became of the last key, until the next

	scratch analyze.Connection // what connection unpacks
}

func newModel(opt *Options) *model {
	m := &model{opt: opt, style: newStyle(opt.Color, opt.ASCII), bindings: newBindings(), width: 80, height: 24}
	m.findings, m.servers, m.pairs, m.connections = newFindings(m), newServers(m), newPairs(m), newConnections(m)
	m.lists = [tabs]list{m.findings, m.servers, m.pairs, m.connections}
	m.input = textinput.New()
	m.input.CharLimit = 1000
	m.input.KeyMap.Paste.SetEnabled(false) // it would run programs; the terminal pastes itself
	return m
}

// noSnapshot is shown before the first snapshot.
var noSnapshot = &live.Snapshot{Result: &analyze.Result{}, Diagnosis: &rules.Diagnosis{}}

func (m *model) snapshot() *live.Snapshot {
	if m.current == nil {
		return noSnapshot
	}
	return m.current
}

func (m *model) result() *analyze.Result     { return m.snapshot().Result }
func (m *model) diagnosis() *rules.Diagnosis { return m.snapshot().Diagnosis }

// How often the view draws though nothing happened.
const (
	slowTick  = time.Second
	quickTick = 200 * time.Millisecond // before the first snapshot
)

// Init starts the ticks.
func (m *model) Init() tea.Cmd { return m.tick() }

func (m *model) tick() tea.Cmd {
	after := slowTick
	if m.current == nil {
		after = quickTick
	}
	return tea.Tick(after, func(time.Time) tea.Msg { return tickMsg{} })
}

// Update takes an event, and returns what is to be done beside.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(1, msg.Width), max(1, msg.Height)
		m.layout()
	case snapshotMsg:
		m.take(msg)
	case tickMsg:
		return m, m.ticked()
	case storyMsg:
		m.showStory(msg)
	case savedMsg:
		m.note = "saved " + report.Plain(msg.name)
		if msg.err != nil {
			m.note = "not saved: " + msg.err.Error()
		}
	case tea.KeyPressMsg:
		m.note = ""
		if m.asking != nothing {
			return m, m.answer(msg)
		}
		return m, m.press(msg)
	case tea.PasteMsg:
		if m.asking != nothing {
			return m, m.answer(msg)
		}
	}
	return m, nil
}

// take shows a snapshot that came, or keeps it until the view is not paused any
// more.
func (m *model) take(msg snapshotMsg) {
	m.final = m.final || msg.final
	if m.pausedAt.IsZero() || m.current == nil {
		m.load(msg.snapshot)
	} else {
		m.pending = msg.snapshot
	}
}

// ticked asks for the next tick, and for the size of the terminal where that is not
// the one that is drawn for.
func (m *model) ticked() tea.Cmd {
	if w, h := m.opt.Size(); w > 0 && (w != m.width || h != m.height) {
		return tea.Batch(m.tick(), tea.RequestWindowSize)
	}
	return m.tick()
}

// load shows a snapshot in all tabs and pages.
func (m *model) load(x *live.Snapshot) {
	m.current, m.pending, m.loadedAt = x, nil, m.opt.Now()
	m.recycled = x.Recycled()
	m.setClock()
	for _, l := range m.lists {
		l.load()
	}
	for _, p := range m.pages {
		p.fill(m)
	}
}

// setClock sets the packets' clock. While a live capture is quiet it goes on as the
// wall clock does.
func (m *model) setClock() {
	m.now = m.snapshot().At
	if m.current == nil || !m.opt.Live {
		return
	}
	until := m.opt.Now()
	switch {
	case !m.pausedAt.IsZero():
		until = m.pausedAt
	case m.final:
		return
	}
	m.now += max(0, int64(until.Sub(m.loadedAt)))
}
