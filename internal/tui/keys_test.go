package tui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// TestRun runs a view over pipes: it shows what it is told, ends at q, and leaves the
// alternate screen.
func TestRun(t *testing.T) {
	in, keys := io.Pipe()
	var out bytes.Buffer
	v := New(Options{
		Name: "a.pcap", TimeWait: time.Minute, Input: in, Output: &out,
		Now:      func() time.Time { return time.Unix(1_800_000_000, 0) },
		Size:     func() (int, int) { return 0, 0 },
		Progress: func() Progress { return Progress{Packets: 888} },
	})
	ended := make(chan error, 1)
	go func() { ended <- v.Run() }()
	x := whole(t, "demo.pcap")
	v.Show(x)
	v.Finish(x)
	if _, err := io.WriteString(keys, "q"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("got error %v", err)
	}
	v.Quit() // and all else, after the end
	v.Show(x)
	if got := out.String(); !strings.Contains(got, "\x1b[?1049h") || strings.LastIndex(got, "\x1b[?1049l") < strings.LastIndex(got, "\x1b[?1049h") {
		t.Errorf("the alternate screen is not entered and left in %q", got)
	}
}

// TestQuit ends a view from outside.
func TestQuit(t *testing.T) {
	in, keys := io.Pipe()
	defer keys.Close()
	v := New(Options{
		Color: true, Input: in, Output: io.Discard, Now: time.Now,
		Size: func() (int, int) { return 0, 0 }, Progress: func() Progress { return Progress{} },
	})
	ended := make(chan error, 1)
	go func() { ended <- v.Run() }()
	v.Quit()
	if err := <-ended; err != nil {
		t.Errorf("got error %v", err)
	}
}

// TestTick asks for the size of a window that has changed unnoticed.
func TestTick(t *testing.T) {
	s := newScreen(80, 24, Options{})
	if s.Init() == nil {
		t.Error("time does not begin")
	}
	if _, cmd := s.Update(tickMsg{}); cmd == nil {
		t.Error("time does not go on")
	}
	s.Update(tea.WindowSizeMsg{Width: 90, Height: 24}) // the terminal still says 80
	_, cmd := s.Update(tickMsg{})
	if cmds, ok := cmd().(tea.BatchMsg); !ok || len(cmds) != 2 {
		t.Errorf("got %v, want the next tick and a question for the size", cmds)
	}
}

// TestMoves moves the cursor and goes from tab to tab.
func TestMoves(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(80, 24, Options{})
	s.Update(snapshotMsg{x, true})
	s.press("4")
	for _, c := range []struct {
		key    string
		cursor int
	}{
		{"down", 1}, {"j", 2}, {"up", 1}, {"k", 0}, {"up", 0}, {"pgdown", 12}, {"b", 0}, {"end", 71}, {"down", 71}, {"pgup", 59}, {"G", 71}, {"home", 0}, {"g", 0},
	} {
		if s.press(c.key); s.connections.cursor != c.cursor {
			t.Errorf("%s: got row %d, want %d", c.key, s.connections.cursor, c.cursor)
		}
	}
	for _, c := range []struct {
		key string
		tab int
	}{
		{"tab", findingsTab}, {"shift+tab", connectionsTab}, {"l", findingsTab}, {"l", serversTab}, {"tab", pairsTab}, {"h", serversTab}, {"1", findingsTab}, {"3", pairsTab},
	} {
		if s.press(c.key); s.tab != c.tab {
			t.Errorf("%s: got tab %d, want %d", c.key, s.tab, c.tab)
		}
	}
	s.press("x")
	s.want(t, "? is help")
	s.press("p")
	s.want(t, "nothing moves")
}

// TestReverse reverses the order of the items where nothing is sorted.
func TestReverse(t *testing.T) {
	s := newScreen(80, 24, Options{})
	s.Update(snapshotMsg{whole(t, "demo.pcap"), true})
	s.press("4")
	first := s.ids()
	s.press("r")
	got := s.ids()
	if got[0] != first[len(first)-1] || got[len(got)-1] != first[0] {
		t.Errorf("got connections from %d to %d, want %d to %d", got[0], got[len(got)-1], first[len(first)-1], first[0])
	}
}

// TestScroll scrolls a page that is longer than the window.
func TestScroll(t *testing.T) {
	s := newScreen(80, 24, Options{})
	s.Update(snapshotMsg{whole(t, "demo.pcap"), true})
	s.press("?")
	s.want(t, "KEYS", "  0%")
	s.press("G")
	s.want(t, "the last steps.", "100%")
	s.press("g", "down")
	if got := s.pages[0].box.YOffset(); got != 1 {
		t.Errorf("got line %d at the top, want 1", got)
	}
	s.press("home")
	s.want(t, "KEYS")
	s.press("end", "q")
	s.want(t, "VERDICT")
}

// TestWorstFindings shows as many of many findings as there is room for, and how many
// more there are.
func TestWorstFindings(t *testing.T) {
	x := whole(t, "demo.pcap")
	f := x.Diagnosis.Findings[0]
	x.Diagnosis.Findings = nil
	for i := range 9 {
		f.Title, f.Fix = fmt.Sprintf("title %d", i), fmt.Sprintf("do %d", i)
		x.Diagnosis.Findings = append(x.Diagnosis.Findings, f)
	}
	s := newScreen(120, 24, Options{})
	s.Update(snapshotMsg{x, true})
	s.press("4")
	s.want(t, "title 2", "(and 6 more: 1)")
	if strings.Contains(s.text(), "fix: do") {
		t.Errorf("there is room for fixes in\n%s", s.text())
	}
	s.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	s.want(t, "title 4", "fix: do 4", "(and 4 more: 1)")
}

// TestGone keeps a page of what the next snapshot does not have.
func TestGone(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(120, 60, Options{Live: true, Progress: func() Progress { return Progress{Packets: 1, Dropped: 7} }})
	s.Update(snapshotMsg{x, false})
	s.want(t, "7 DROPPED LIVE")
	s.press("enter")
	s.want(t, "[high] KA1011 10.20.0.1 keeps only 2 idle connections", "EXAMPLES")
	s.Update(snapshotMsg{&live.Snapshot{Result: x.Result, Diagnosis: &rules.Diagnosis{}}, false})
	s.want(t, "[high] KA1011 10.20.0.1 keeps only 2 idle connections")
	s.press("c")
	if n := len(s.ids()); n != 0 {
		t.Errorf("got %d connections of a snapshot that has none", n)
	}
	s.press("esc", "4")
	s.want(t, "  none")
	s.push(connectionPage(5, false))
	s.want(t, "connection 5 is no longer kept")
}
