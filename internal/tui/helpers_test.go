package tui

import (
	"context"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// recorded returns the segments of a recording.
func recorded(t testing.TB, name string) []flows.Segment {
	t.Helper()
	src, err := capture.OpenFiles([]string{filepath.Join("..", "..", "testdata", name)}, capture.Options{
		Workers: 1, NewScan: func() func([]byte) flows.Note {
			return func(payload []byte) flows.Note { return flows.Note(httpparse.Scan(payload)) }
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var segs []flows.Segment
	err = src.Run(context.Background(), func(more []flows.Segment) error {
		for _, s := range more {
			s.Payload = slices.Clone(s.Payload)
			segs = append(segs, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return segs
}

// whole returns the snapshot of a recording that was read to its end.
func whole(t testing.TB, name string) *live.Snapshot {
	segs := recorded(t, name)
	a := analyze.New(analyze.Options{})
	a.Apply(segs)
	r := a.Finish(segs[0].Time, segs[len(segs)-1].Time)
	return live.Whole(r, rules.Run(r, 2))
}

// screen is a model without a terminal, and a clock that stands still.
type screen struct {
	*model
	clock time.Time
}

func newScreen(width, height int, v Options) *screen {
	s := &screen{clock: time.Unix(1_800_000_000, 0)}
	v.Now = func() time.Time { return s.clock }
	v.TimeWait = time.Minute
	v.Size = func() (int, int) { return width, height }
	if v.Progress == nil {
		v.Progress = func() Progress { return Progress{Packets: 888} }
	}
	s.model = newModel(&v)
	s.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

var named = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "backspace": {Code: tea.KeyBackspace}, "space": {Code: tea.KeySpace, Text: " "},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
}

// press presses keys; a word that is not a key's name is typed. What enter
// starts is done before the next key.
func (s *screen) press(keys ...string) {
	for _, k := range keys {
		if msg, ok := named[k]; ok {
			_, cmd := s.Update(msg)
			if k == "enter" && cmd != nil {
				s.Update(cmd())
			}
			continue
		}
		for _, r := range k {
			s.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// text returns what is drawn, without its attributes.
func (s *screen) text() string {
	lines := strings.Split(ansi.Strip(s.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func (s *screen) want(t *testing.T, texts ...string) {
	t.Helper()
	got := s.text()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("want %q in\n%s", text, got)
		}
	}
}

// follow returns a session that has taken a recording.
func follow(t *testing.T, name string) *live.Session {
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s.Apply(recorded(t, name))
	return s
}

// ids are the connections that are listed.
func (s *screen) ids() []uint64 {
	var list []uint64
	for _, i := range s.connections.rows {
		list = append(list, s.connections.item(int(i)).ID)
	}
	return list
}

// many returns a snapshot of n connections.
func many(n int) *live.Snapshot {
	x := &live.Snapshot{At: int64(n) * 1e6, Result: &analyze.Result{Last: int64(n) * 1e6}, Diagnosis: &rules.Diagnosis{}}
	x.Result.Totals.Connections = int64(n)
	for i := range n {
		c := analyze.Connection{
			ID: uint64(i + 1), Protocol: analyze.HTTP11, Handshake: flows.HandshakeComplete, Requests: int64(i % 7), Start: int64(i) * 1e6, End: int64(i) * 1e6,
			Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 16), byte(i >> 8)}), uint16(1024+i%60000)),
			Server: netip.MustParseAddrPort("10.1.0.1:80"),
		}
		if i%2 == 0 {
			c.Close = analyze.Close{Kind: flows.CloseFIN, TimeWait: analyze.TimeWaitClient}
		}
		x.Connections = append(x.Connections, c)
	}
	return x
}
