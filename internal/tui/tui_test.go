package tui

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

var update = flag.Bool("update", false, "write the golden files")

// TestViewGolden compares what is drawn of recordings with testdata.
func TestViewGolden(t *testing.T) {
	for _, of := range []string{"demo", "healthy-mixed"} {
		x := whole(t, of+".pcap")
		for name, keys := range map[string][]string{
			"findings": nil, "servers": {"2"}, "pairs": {"3"}, "connections": {"4"}, "sorted": {"4", ">>>", "r"},
			"filtered": {"4", "/", "10.20.0.3 idle"}, "finding": {"enter"}, "connection": {"4", "down", "enter"},
			"of-a-finding": {"down", "c"}, "help": {"?"}, "save": {"s"},
		} {
			for _, size := range [][2]int{{80, 24}, {200, 50}} {
				s := newScreen(size[0], size[1], Options{Name: of + ".pcap"})
				s.Update(snapshotMsg{x, true})
				s.press(keys...)
				golden(t, fmt.Sprintf("%s-%s-%dx%d.txt", of, name, size[0], size[1]), s.text())
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s: -want, +got; go test -update if it is right:\n%s", name, diff)
	}
}

// TestViewReading shows how far the reading of a file is.
func TestViewReading(t *testing.T) {
	s := newScreen(80, 24, Options{Name: "a.pcap", Progress: func() Progress { return Progress{Done: 30, Total: 120, Packets: 1234} }})
	s.want(t, "reading [##########......", "25%", "1,234 packets", "READING")
	s.press("4", "down", "enter", "/", "a", "esc", "s", "p", "c", ">", "r", "1", "enter", "c")
	s.want(t, "reading")
	s.Update(snapshotMsg{whole(t, "demo.pcap"), true})
	s.want(t, "VERDICT PROBLEM")
}

// TestViewClock lets time go on while nothing comes: idle times grow, and
// TIME_WAIT ends.
func TestViewClock(t *testing.T) {
	segs := recorded(t, "demo.pcap")
	x := follow(t, "demo.pcap").Peek().Snapshot(segs[0].Time, segs[len(segs)-1].Time)
	s := newScreen(120, 40, Options{Name: "eth0", Live: true})
	s.want(t, "waiting for packets", "LIVE")
	s.Update(snapshotMsg{x, false})
	s.press("4", "end")
	s.want(t, "idle 1.1 s", "68, max 68", "LIVE")
	s.clock = s.clock.Add(20 * time.Second)
	s.want(t, "idle 21 s", "68, max 68")
	s.press("p")
	s.clock = s.clock.Add(20 * time.Second)
	s.want(t, "idle 21 s", "PAUSED")
	s.Update(snapshotMsg{x, false}) // comes while paused
	s.clock = s.clock.Add(20 * time.Second)
	s.want(t, "idle 21 s", "PAUSED")
	s.press("p")
	s.clock = s.clock.Add(58 * time.Second)
	s.want(t, "idle 59 s", "LIVE")
	if n := s.timeWaits(); n <= 0 || n >= 68 {
		t.Errorf("got %d TIME_WAIT after 58 s, want fewer than 68", n)
	}
	s.clock = s.clock.Add(time.Minute)
	s.want(t, "0, max 68")
	if strings.Contains(s.text(), "TIME_WAIT 0") || !strings.Contains(s.text(), "closed") {
		t.Errorf("TIME_WAIT does not end:\n%s", s.text())
	}
	s.Update(snapshotMsg{x, true})
	s.clock = s.clock.Add(time.Minute)
	s.want(t, "idle 1.1 s", "ENDED")
}

// TestViewWindow shows the verdict of the window below the whole's.
func TestViewWindow(t *testing.T) {
	x, last := whole(t, "demo.pcap"), whole(t, "go-reuse.pcap")
	s := newScreen(100, 40, Options{Live: true})
	s.Update(snapshotMsg{x, false})
	if strings.Contains(s.text(), "last 300 s") {
		t.Errorf("there is a window:\n%s", s.text())
	}
	both := *x
	both.Recent = &live.Recent{Span: 300e9, Snapshot: last}
	s.Update(snapshotMsg{&both, false})
	s.want(t, "VERDICT PROBLEM", "last 300 s  OK, but too little traffic")
}

// TestViewSelected keeps the cursor at its connection while others come.
func TestViewSelected(t *testing.T) {
	segs := recorded(t, "demo.pcap")
	session := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s := newScreen(100, 40, Options{Live: true})
	s.press("4")
	was := ""
	for from := 0; from < len(segs); from += 100 {
		part := segs[from:min(from+100, len(segs))]
		session.Apply(part)
		s.Update(snapshotMsg{session.Peek().Snapshot(segs[0].Time, part[len(part)-1].Time), false})
		if from == 200 {
			if c := s.connections.selected(); c.ID != uint64(s.current.Len()) {
				t.Errorf("got connection %d at the top, want the newest, %d", c.ID, s.current.Len())
			}
			s.press("down", "down")
			was = s.connections.key(s.connections.selected())
		}
		if was != "" && s.connections.key(s.connections.selected()) != was {
			t.Fatalf("got connection %d selected, want %s", s.connections.selected().ID, was)
		}
	}
}

// TestViewSizes draws everything in windows of any size, as after a resize.
func TestViewSizes(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(80, 24, Options{Name: "a-capture-with-a-rather-long-name-for-so-small-a-window.pcap", Live: true})
	s.Update(snapshotMsg{x, false})
	for _, keys := range [][]string{{"1"}, {"2"}, {"3"}, {"4"}, {">"}, {"/", "client", "enter"}, {"enter"}, {"esc", "?"}, {"esc", "s"}} {
		s.press(keys...)
		for _, w := range []int{1, 7, 39, 40, 41, 57, 75, 76, 79, 80, 99, 100, 161, 300} {
			for _, h := range []int{1, 2, 7, 8, 9, 15, 16, 19, 20, 24, 40, 100} {
				s.Update(tea.WindowSizeMsg{Width: w, Height: h})
				lines := strings.Split(s.View().Content, "\n")
				if w >= minWidth && h >= minHeight && len(lines) != h || len(lines) > h {
					t.Errorf("%q at %dx%d: got %d lines", keys, w, h, len(lines))
				}
				for _, l := range lines {
					if got := ansi.StringWidth(l); got > w {
						t.Errorf("%q at %dx%d: got %d columns in %q", keys, w, h, got, l)
					}
				}
			}
		}
	}
}

// TestViewPlain finds colours only where they are wanted, and characters beyond
// ASCII too.
func TestViewPlain(t *testing.T) {
	x := whole(t, "demo.pcap")
	for _, color := range []bool{false, true} {
		s := newScreen(200, 50, Options{Color: color, ASCII: !color, Name: "a.pcap"})
		s.Update(snapshotMsg{x, true})
		s.press("4", ">")
		got := s.View().Content
		if has := strings.Contains(got, "\x1b[3") || strings.Contains(got, "\x1b[9"); has != color {
			t.Errorf("colours %t: got %t", color, has)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r > 0x7e }); !color && i >= 0 {
			t.Errorf("got %q where ASCII is all that there is", got[i:i+10])
		}
	}
}

// TestViewFilter filters as one types.
func TestViewFilter(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(80, 24, Options{})
	s.Update(snapshotMsg{x, true})
	s.press("4", "/")
	was := len(s.ids())
	for _, r := range "TIME_wait 10.20.0.2:8080 SERVER_IDLE" {
		s.press(string(r))
		if n := len(s.ids()); n > was {
			t.Errorf("%q: got %d rows, want at most %d", s.input.Value(), n, was)
		} else {
			was = n
		}
	}
	if was != 15 {
		t.Errorf("got %d rows, want 15", was)
	}
	s.press("backspace", "enter")
	s.want(t, "15 of 72 with TIME_wait 10.20.0.2:8080 SERVER_IDL")
	s.press("/", "x")
	if n := len(s.ids()); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
	s.press("down", "enter", "enter", "esc")
	if n := len(s.ids()); n != 72 {
		t.Errorf("got %d rows after esc, want 72", n)
	}
}

// TestViewSort sorts by each column, both ways.
func TestViewSort(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(200, 50, Options{})
	s.Update(snapshotMsg{x, true})
	for tab, l := range s.lists {
		s.press(fmt.Sprint(tab + 1))
		for s.press(">"); l.sorting() != ""; s.press(">") {
			by := l.sorting()
			s.want(t, "by "+by)
			s.press("r")
			s.want(t, "by "+by+", reversed")
		}
	}
	s.press("4", ">", ">", ">") // requests
	of := func() (list []int64) {
		for _, i := range s.connections.rows {
			list = append(list, s.connections.item(int(i)).Requests)
		}
		return list
	}
	down := func(a, b int64) int { return int(b - a) }
	if got := of(); !slices.IsSortedFunc(got, down) || got[0] != 25 {
		t.Errorf("by requests: got %v", got)
	}
	s.press("r")
	if got := of(); !slices.IsSorted(got) {
		t.Errorf("by requests, reversed: got %v", got)
	}
	s.press("<", "<") // id
	if got := s.ids(); !slices.IsSorted(got) || s.connections.sorting() != "id" {
		t.Errorf("by id: got %v", got)
	}
}

// TestViewJump goes from findings, servers and pairs to their connections.
func TestViewJump(t *testing.T) {
	for _, name := range []string{"demo.pcap", "go-stale-race.pcap", "go-readtimeout.pcap", "accept-queue-full.pcap", "kill-server.pcap"} {
		x := whole(t, name)
		for i := range x.Diagnosis.Findings {
			s := newScreen(80, 24, Options{})
			s.Update(snapshotMsg{x, true})
			for range i {
				s.press("down")
			}
			s.press("enter", "c")
			if got, want := len(s.ids()), int(x.Diagnosis.Findings[i].Connections); got != want {
				t.Errorf("%s, %s: got %d connections, want %d", name, x.Diagnosis.Findings[i].Rule.ID, got, want)
			}
		}
		for tab := serversTab; tab <= pairsTab; tab++ {
			for i := range x.Result.Pairs {
				s := newScreen(80, 24, Options{})
				s.Update(snapshotMsg{x, true})
				s.press(fmt.Sprint(tab + 1))
				for range i {
					s.press("down")
				}
				want := x.Result.Pairs[min(i, len(x.Result.Pairs)-1)].Connections
				if tab == serversTab {
					want = x.Result.Servers[min(i, len(x.Result.Servers)-1)].Connections
				}
				s.press("enter")
				if got := len(s.ids()); got != int(want) {
					t.Errorf("%s, tab %d, row %d: got %d connections, want %d", name, tab+1, i, got, want)
				}
			}
		}
	}
}

// TestViewPages opens and closes pages, and saves.
func TestViewPages(t *testing.T) {
	saved := ""
	s := newScreen(80, 24, Options{
		Story: func(_ *live.Snapshot, id uint64, width int) (string, error) {
			if id == 2 {
				return "", errors.New("the file is gone")
			}
			return fmt.Sprintf("the story of %d in %d columns", id, width), nil
		},
		Save: func(_ *live.Snapshot, name string) error { saved = name; return nil },
	})
	s.Update(snapshotMsg{whole(t, "demo.pcap"), true})
	s.press("4", "enter")
	s.want(t, "the story of 1 in 80 columns")
	s.press("q", "down", "enter")
	s.want(t, "the file is gone", "connection 2", "now: idle")
	s.press("esc", "s", "enter")
	s.want(t, "saved kaanalyze.txt")
	if saved != "kaanalyze.txt" {
		t.Errorf("saved as %q", saved)
	}
	s.press("s", "x", "enter")
	s.want(t, "must end in one of .txt .md .html .json")
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {"s", "ctrl+c"}} {
		s.press(keys[:len(keys)-1]...)
		last := keys[len(keys)-1]
		msg, ok := named[last]
		if !ok {
			msg = tea.KeyPressMsg{Code: rune(last[0]), Text: last}
		}
		_, cmd := s.Update(msg)
		if cmd == nil || cmd() != (tea.QuitMsg{}) {
			t.Errorf("%q does not quit", keys)
		}
	}
}

// TestViewOnlyLooks compares a snapshot with what it was before it was shown.
func TestViewOnlyLooks(t *testing.T) {
	segs := recorded(t, "demo.pcap")
	x := follow(t, "demo.pcap").Peek().Snapshot(segs[0].Time, segs[len(segs)-1].Time)
	was := *x
	was.Connections = slices.Clone(x.Connections)
	was.Result = new(*x.Result)
	was.Result.Servers, was.Result.Pairs = slices.Clone(x.Result.Servers), slices.Clone(x.Result.Pairs)
	s := newScreen(80, 24, Options{Live: true})
	s.Update(snapshotMsg{x, false})
	for _, tab := range []string{"1", "2", "3", "4"} {
		s.press(tab, ">", "down", "r", "enter")
		_ = s.text()
		s.press("esc", "esc", "/", "10", "enter")
	}
	if diff := cmp.Diff(&was, x, cmp.AllowUnexported(live.Snapshot{}), cmpopts.EquateNaNs(), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}),
		cmpopts.IgnoreUnexported(analyze.Result{}), cmpopts.IgnoreTypes(&rules.Diagnosis{})); diff != "" {
		t.Errorf("the view has changed it:\n%s", diff)
	}
}

// TestViewDrawsWhatIsSeen takes as much to draw many connections as few.
func TestViewDrawsWhatIsSeen(t *testing.T) {
	var took [2]float64
	for i, n := range []int{200, 20_000} {
		s := newScreen(200, 50, Options{})
		s.Update(snapshotMsg{many(n), true})
		s.press("4", "end")
		took[i] = testing.AllocsPerRun(10, func() { s.screen() })
	}
	if took[1] > 1.2*took[0] {
		t.Errorf("got %.0f allocations for 20,000 connections, want about the %.0f for 200", took[1], took[0])
	}
}

// BenchmarkView shows and draws 20,000 connections.
func BenchmarkView(b *testing.B) {
	x := many(20_000)
	for name, keys := range map[string][]string{"plain": {"4"}, "sorted": {"4", ">>>"}, "filtered": {"4", "/", "time"}} {
		s := newScreen(200, 50, Options{Live: true})
		s.Update(snapshotMsg{x, false})
		s.press(keys...)
		b.Run(name+"/show", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Update(snapshotMsg{x, false})
			}
		})
		b.Run(name+"/draw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.screen()
			}
		})
	}
}
