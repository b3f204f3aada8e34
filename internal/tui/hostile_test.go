package tui

import (
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/kaanalyze/kaanalyze/internal/live"
)

const hostile = "\x1b]0;owned\a\x1b[31m\r\n\u202e\x7f\u009b2J\xff"

// TestViewHostile draws what a terminal must not act on.
func TestViewHostile(t *testing.T) {
	x := whole(t, "demo.pcap")
	s := newScreen(120, 40, Options{
		Name:  hostile,
		Story: func(*live.Snapshot, uint64, int) (string, error) { return "GET /" + hostile, nil },
		Save:  func(*live.Snapshot, string) error { return errors.New(hostile) },
	})
	s.Update(snapshotMsg{x, true})
	for i := range s.current.Diagnosis.Findings {
		s.current.Diagnosis.Findings[i].Title += hostile
		s.current.Diagnosis.Findings[i].Observed += hostile
	}
	s.current.Diagnosis.Verdict.Text += hostile
	for _, keys := range [][]string{nil, {"4", "enter"}, {"esc", "s", "\x1b[1m.txt", "enter"}, {"/", hostile, "enter"}, {"1", "enter"}} {
		s.press(keys...)
		for _, r := range strings.ReplaceAll(s.text(), "\n", "") {
			if unicode.IsControl(r) || r == '\u202e' {
				t.Errorf("after %q: got %q on the screen\n%q", keys, r, s.text())
				break
			}
		}
	}
}

// TestViewOfHostileCapture looks at all of a capture whose texts are attacks:
// nothing but colours and bold text goes to the terminal besides text.
func TestViewOfHostileCapture(t *testing.T) {
	styles := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	s := newScreen(120, 40, Options{Name: "hostile.pcap", Color: true})
	s.Update(snapshotMsg{whole(t, filepath.Join("hostile", "hostile.pcap")), true})
	for _, keys := range [][]string{{"1", "enter"}, {"c"}, {"esc", "esc", "2"}, {"enter"}, {"3"}, {"enter"}, {"4"}, {"enter"}, {"esc", "/", hostile}, {"enter"}} {
		s.press(keys...)
		got := s.View().Content
		for _, r := range strings.ReplaceAll(styles.ReplaceAllString(got, ""), "\n", "") {
			if !strconv.IsPrint(r) {
				t.Errorf("after %q: got %q on the screen\n%q", keys, r, got)
				break
			}
		}
	}
}
