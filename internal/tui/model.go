package tui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// model is what the view shows, and what keys do. One goroutine has it.
type model struct {
	opt   *Options
	style *style

	x        *live.Snapshot // that is shown, nil before the first
	next     *live.Snapshot // that came since the view was paused
	final    bool           // no other will come
	came     time.Time      // when x did
	paused   time.Time      // since when nothing moves, zero if it does
	now      int64          // the packets' clock, for what is drawn
	recycled live.Recycled  // in x

	width, height int
	tab           int
	findings      *table[rules.Finding]
	servers       *table[analyze.ServerSummary]
	pairs         *table[analyze.Pair]
	connections   *table[analyze.Connection]
	lists         [tabs]list
	pages         []*page // above the tabs, the last one is seen

	bindings []binding
	asking   question
	input    textinput.Model
	note     string // what became of the last key, until the next

	scratch analyze.Connection
}

// question is what a line at the bottom asks for.
type question int

const (
	nothing question = iota
	askFilter
	askFile
)

func newModel(opt *Options) *model {
	m := &model{opt: opt, style: newStyle(opt.Color, opt.ASCII), bindings: newBindings(), width: 80, height: 24}
	m.findings, m.servers, m.pairs, m.connections = newFindings(m), newServers(m), newPairs(m), newConnections(m)
	m.lists = [tabs]list{m.findings, m.servers, m.pairs, m.connections}
	m.input = textinput.New()
	m.input.CharLimit = 1000
	m.input.KeyMap.Paste.SetEnabled(false) // it would run programs; the terminal pastes itself
	return m
}

// none is shown before the first snapshot.
var noSnapshot = &live.Snapshot{Result: &analyze.Result{}, Diagnosis: &rules.Diagnosis{}}

func (m *model) snapshot() *live.Snapshot {
	if m.x == nil {
		return noSnapshot
	}
	return m.x
}

func (m *model) result() *analyze.Result     { return m.snapshot().Result }
func (m *model) diagnosis() *rules.Diagnosis { return m.snapshot().Diagnosis }

// The pace at which the view draws though nothing came.
const (
	slowPace  = time.Second
	quickPace = 200 * time.Millisecond // before the first snapshot
)

// Init begins to count the time.
func (m *model) Init() tea.Cmd { return m.tick() }

func (m *model) tick() tea.Cmd {
	pace := slowPace
	if m.x == nil {
		pace = quickPace
	}
	return tea.Tick(pace, func(time.Time) tea.Msg { return tickMsg{} })
}

// Update takes what happened.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(1, msg.Width), max(1, msg.Height)
		m.layout()
	case shownMsg:
		m.final = m.final || msg.final
		if m.paused.IsZero() || m.x == nil {
			m.load(msg.x)
		} else {
			m.next = msg.x
		}
	case tickMsg:
		if w, h := m.opt.Size(); w > 0 && (w != m.width || h != m.height) {
			return m, tea.Batch(m.tick(), tea.RequestWindowSize)
		}
		return m, m.tick()
	case toldMsg:
		m.told(msg)
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

// load shows x.
func (m *model) load(x *live.Snapshot) {
	m.x, m.next, m.came = x, nil, m.opt.Now()
	m.recycled = x.Recycled()
	m.tellTime()
	for _, l := range m.lists {
		l.load()
	}
	for _, p := range m.pages {
		p.fill(m)
	}
}

// tellTime sets the clock of the packets. It goes on while a live capture is
// quiet.
func (m *model) tellTime() {
	m.now = m.snapshot().At
	if m.x == nil || !m.opt.Live {
		return
	}
	until := m.opt.Now()
	switch {
	case !m.paused.IsZero():
		until = m.paused
	case m.final:
		return
	}
	m.now += max(0, int64(until.Sub(m.came)))
}

// binding is a key and what it does.
type binding struct {
	key.Binding
	do func(*model) tea.Cmd
}

func bind(help string, do func(*model) tea.Cmd, keys ...string) binding {
	names := strings.NewReplacer("pgdown", "page down", "pgup", "page up", "+", "-").Replace(strings.Join(keys, ", "))
	return binding{key.NewBinding(key.WithKeys(keys...), key.WithHelp(names, help)), do}
}

// then makes what has no command one of it.
func then(do func(*model)) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		do(m)
		return nil
	}
}

func moving(by func(*model) int) func(*model) tea.Cmd {
	return then(func(m *model) { m.lists[m.tab].move(by(m)) })
}

func turning(to func(*model) int) func(*model) tea.Cmd {
	return then(func(m *model) { m.tab = (to(m) + tabs) % tabs })
}

const far = 1 << 30

// newBindings returns the keys; the help is printed from them.
func newBindings() []binding {
	return []binding{
		bind("one row up", moving(func(*model) int { return -1 }), "up", "k"),
		bind("one row down", moving(func(*model) int { return 1 }), "down", "j"),
		bind("a screen up", moving(func(m *model) int { return -m.height / 2 }), "pgup", "b"),
		bind("a screen down", moving(func(m *model) int { return m.height / 2 }), "pgdown"),
		bind("first row", moving(func(*model) int { return -far }), "home", "g"),
		bind("last row", moving(func(*model) int { return far }), "end", "G"),
		bind("next tab", turning(func(m *model) int { return m.tab + 1 }), "tab", "right", "l"),
		bind("tab before", turning(func(m *model) int { return m.tab - 1 }), "shift+tab", "left", "h"),
		bind("findings", turning(func(*model) int { return findingsTab }), "1"),
		bind("servers", turning(func(*model) int { return serversTab }), "2"),
		bind("client-server pairs", turning(func(*model) int { return pairsTab }), "3"),
		bind("connections", turning(func(*model) int { return connectionsTab }), "4"),
		bind("open a finding or a connection; of a server or a pair, its connections", (*model).open, "enter"),
		bind("connections that show the finding", then((*model).jump), "c"),
		bind("filter: rows that have all these words", (*model).askFilter, "/"),
		bind("take the filter away, or go back", then((*model).back), "esc", "backspace"),
		bind("sort by the next column", then(func(m *model) { m.lists[m.tab].sortNext(1) }), ">"),
		bind("sort by the column before", then(func(m *model) { m.lists[m.tab].sortNext(-1) }), "<"),
		bind("reverse the order", then(func(m *model) { m.lists[m.tab].reverse() }), "r"),
		bind("pause, and go on", then((*model).pause), "p", "space"),
		bind("save a report", (*model).askFile, "s"),
		bind("this help", then((*model).help), "?"),
		bind("draw the screen anew", func(*model) tea.Cmd { return tea.ClearScreen }, "ctrl+l"),
		bind("suspend", func(*model) tea.Cmd { return tea.Suspend }, "ctrl+z"),
		bind("quit; on a page, go back", (*model).leave, "q"),
		bind("quit", func(*model) tea.Cmd { return tea.Quit }, "ctrl+c"),
	}
}

// onPage are the keys that do something else there.
var onPage = map[string]bool{"c": true, "esc": true, "backspace": true, "p": true, "s": true, "?": true, "ctrl+l": true, "ctrl+z": true, "q": true, "ctrl+c": true}

// press does what a key stands for.
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

// open opens what is selected.
func (m *model) open() tea.Cmd {
	switch m.tab {
	case findingsTab:
		if f := m.findings.selected(); f != nil {
			m.push(findingPage(f))
		}
	case serversTab:
		if s := m.servers.selected(); s != nil {
			server := s.Server
			m.list("of "+server.String(), func(c *analyze.Connection) bool { return c.Server == server })
		}
	case pairsTab:
		if p := m.pairs.selected(); p != nil {
			client, server := p.Client, p.Server
			m.list("of "+pairName(p), func(c *analyze.Connection) bool { return c.Client.Addr() == client && c.Server == server })
		}
	case connectionsTab:
		if c := m.connections.selected(); c != nil {
			m.push(connectionPage(c.ID, m.opt.Story != nil))
			return m.tell(c.ID)
		}
	}
	return nil
}

// list shows the connections that only lets pass.
func (m *model) list(scope string, only func(*analyze.Connection) bool) {
	m.tab = connectionsTab
	m.connections.show(scope, only)
}

// jump shows the connections of the finding that is seen or selected.
func (m *model) jump() {
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
	shows, of, name := f.Shows(), m.x, m.findings.key(f)
	m.list("that show "+f.Rule.ID+" of "+f.Subject, func(c *analyze.Connection) bool {
		if of != m.x { // another snapshot: its finding may have others
			of = m.x
			if f := m.findingBy(name); f != nil {
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

// back closes a page, or takes the filter away.
func (m *model) back() {
	if n := len(m.pages); n > 0 {
		m.pages = m.pages[:n-1]
		return
	}
	m.lists[m.tab].clear()
}

// leave quits, or closes a page.
func (m *model) leave() tea.Cmd {
	if len(m.pages) == 0 {
		return tea.Quit
	}
	m.back()
	return nil
}

// pause holds what is shown, and lets it go on.
func (m *model) pause() {
	switch {
	case !m.paused.IsZero():
		next := m.next
		m.paused = time.Time{}
		if next != nil {
			m.load(next)
		}
	case m.final || m.x == nil:
		m.note = "nothing moves"
	default:
		m.paused = m.opt.Now()
	}
}

// askFilter asks for the words that rows must have.
func (m *model) askFilter() tea.Cmd {
	return m.ask(askFilter, "filter: ", m.lists[m.tab].filtered())
}

// askFile asks for a file to save the report in.
func (m *model) askFile() tea.Cmd {
	if m.x == nil {
		m.note = "there is nothing to save yet"
		return nil
	}
	return m.ask(askFile, "save as ("+endings()+"): ", "kaanalyze.txt")
}

func (m *model) ask(what question, prompt, text string) tea.Cmd {
	m.asking = what
	m.input.Prompt = prompt
	m.input.SetValue(text)
	m.input.CursorEnd()
	m.layout()
	return m.input.Focus()
}

// answer takes a key while something is asked for.
func (m *model) answer(msg tea.Msg) tea.Cmd {
	name := ""
	if k, ok := msg.(tea.KeyPressMsg); ok {
		name = k.String()
	}
	switch name {
	case "ctrl+c":
		return tea.Quit
	case "esc":
		if m.asking == askFilter {
			m.lists[m.tab].filter("")
		}
		m.asking = nothing
		return nil
	case "enter":
		was := m.asking
		m.asking = nothing
		if was == askFile {
			return m.save(strings.TrimSpace(m.input.Value()))
		}
		return nil
	case "up", "down", "pgup", "pgdown":
		return m.press(msg.(tea.KeyPressMsg))
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	if text := m.input.Value(); oneLine(text) != text { // it was pasted
		m.input.SetValue(oneLine(text))
	}
	if m.asking == askFilter {
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
		m.note = "not saved: the name must end in one of " + endings()
		return nil
	}
	x := m.x
	m.note = "saving ..."
	return func() tea.Msg { return savedMsg{name, m.opt.Save(x, name)} }
}

// endings lists those of the formats.
func endings() string {
	var list []string
	for i := range formats.All {
		list = append(list, formats.All[i].Ending)
	}
	return strings.Join(list, " ")
}

// tell lets the story of a connection be told.
func (m *model) tell(id uint64) tea.Cmd {
	if m.opt.Story == nil {
		return nil
	}
	x, width := m.x, m.width
	return func() tea.Msg {
		text, err := m.opt.Story(x, id, width)
		return toldMsg{id, text, err}
	}
}

// told shows a story on its page, if that is still there.
func (m *model) told(msg toldMsg) {
	for _, p := range m.pages {
		if p.id != msg.id {
			continue
		}
		p.waiting = ""
		if p.story = msg.text; msg.err != nil {
			p.waiting = fmt.Sprintf("its packets cannot be told: %v", msg.err)
		}
		p.fill(m)
	}
}
