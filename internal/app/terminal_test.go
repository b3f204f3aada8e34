//go:build linux

package app

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// sgr are the colours of a terminal.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// onTerminal does a run with a terminal of 80 columns and 24 lines as standard output,
// and returns what it shows, without colours.
func onTerminal(t *testing.T, c Config) (screen, stderr string) {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("LC_ALL", "C.UTF-8")
	tty, user := terminal(t)
	var shown, errs bytes.Buffer
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(&shown, user)
		close(read)
	}()
	if code := runOn(c, strings.NewReader(""), tty, &errs); code != ExitOK {
		t.Errorf("got exit code %d, %s", code, errs.String())
	}
	tty.Close() // ends the copy: nobody has the terminal open
	<-read
	if !strings.Contains(shown.String(), "\x1b[1;31mPROBLEM\x1b[0m") {
		t.Errorf("the verdict has no colour in\n%q", shown.String())
	}
	return sgr.ReplaceAllString(strings.ReplaceAll(shown.String(), "\r\n", "\n"), ""), errs.String()
}

// TestTerminal shows a report where 24 lines of it can be seen: what is to be read first
// is wrapped at words, and stands at the end again.
func TestTerminal(t *testing.T) {
	c := reading(filepath.Join(recordings, "demo.pcap"))
	screen, stderr := onTerminal(t, c)
	for line := range strings.Lines(screen) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line has %d columns: %q", n, line)
		}
	}
	begin := strings.Index(screen, "VERDICT  ")
	end := strings.Index(screen, "              likely: ")
	if begin < 0 || end < 0 || !strings.HasSuffix(screen, "\n"+screen[begin:end]) || stderr != "" {
		t.Errorf("the verdict and the first fix are not the end of\n%s\nstandard error: %s", screen, stderr)
	}
	for line := range strings.Lines(succeed(t, c)) { // a file has them whole
		if strings.HasPrefix(line, "VERDICT  ") && !strings.HasSuffix(line, "TIME_WAIT\n") {
			t.Errorf("got %q", line)
		}
	}
}

// TestTerminalFits shows reports whose tables are wide.
func TestTerminalFits(t *testing.T) {
	for _, name := range []string{"kill-server-busy.pcap", "go-client-timeout.pcap", "half-open.pcap", "accept-queue-overflow.pcap"} {
		screen, _ := onTerminal(t, reading(filepath.Join(recordings, name)))
		for line := range strings.Lines(screen) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: a line has %d columns: %q", name, n, line)
			}
		}
	}
}

// TestTerminalBesideFiles asks for files: the terminal says which, and shows what is
// to be read first.
func TestTerminalBesideFiles(t *testing.T) {
	c := reading(filepath.Join(recordings, "demo.pcap"))
	name := filepath.Join(t.TempDir(), "x.html")
	c.Output = []string{name}
	screen, stderr := onTerminal(t, c)
	if strings.Contains(screen, "NUMBERS") || strings.Count(screen, "VERDICT  ") != 1 || !strings.Contains(screen, "fix: ") {
		t.Errorf("got\n%s", screen)
	}
	if want := "kaanalyze: wrote " + name + "\n"; stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
	c.Given = given("format") // asked for: all of it
	if screen, _ = onTerminal(t, c); !strings.Contains(screen, "NUMBERS") {
		t.Errorf("got\n%s", screen)
	}
}
