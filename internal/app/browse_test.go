//go:build linux

package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/kaanalyze/kaanalyze/flows"
)

// terminal is a pseudo-terminal of 80 columns and 24 lines: what a program opens
// for one, and the end at which somebody sits.
func terminal(t *testing.T) (tty, user *os.File) {
	t.Helper()
	control := func(f *os.File, request uintptr, value unsafe.Pointer) error {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(value)); errno != 0 {
			return errno
		}
		return nil
	}
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there is no terminal here: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	var number, unlocked int32
	if err := control(user, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked)); err != nil {
		t.Fatal(err)
	}
	if err := control(user, syscall.TIOCGPTN, unsafe.Pointer(&number)); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there is no terminal here: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	size := [4]uint16{24, 80}
	if err := control(user, syscall.TIOCSWINSZ, unsafe.Pointer(&size)); err != nil {
		t.Fatal(err)
	}
	return tty, user
}

// sit reads what is drawn, and types each text when the one before it is drawn:
// drawn, typed, drawn, typed.
func sit(user *os.File, turns ...string) (screen *watched) {
	screen = &watched{}
	for i := 0; i < len(turns); i += 2 {
		screen.want = append(screen.want, turns[i])
		screen.act = append(screen.act, func() { _, _ = io.WriteString(user, turns[i+1]) })
	}
	go func() { _, _ = io.Copy(screen, user) }()
	return screen
}

// browsing opens what c names and browses it on a terminal.
func browsing(t *testing.T, c Config, stdin io.Reader, turns ...string) (stdout, stderr string, err error) {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	tty, user := terminal(t)
	var out, errs bytes.Buffer
	c.TUI = true
	j, err := New(filled(c), stdin, &out, &errs)
	if err != nil {
		t.Fatal(err)
	}
	defer j.stop()
	opt, err := j.captureOptions()
	if err != nil {
		t.Fatal(err)
	}
	src, err := j.open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := j.begin(src, opt); err != nil {
		t.Fatal(err)
	}
	screen := sit(user, turns...)
	done := make(chan error, 1)
	go func() { done <- j.browse(src, opt, tty) }()
	select {
	case err := <-done:
		return out.String(), errs.String(), err
	case <-time.After(30 * time.Second):
		t.Fatalf("the view does not end; it has drawn %q", screen.String())
		panic("not reached")
	}
}

// TestBrowse looks around in a file, and gets the report of a run without a view.
func TestBrowse(t *testing.T) {
	file := filepath.Join(recordings, "go-stale-race.pcap")
	stdout, stderr, err := browsing(t, reading(file), nil, "VERDICT", "q")
	if err != nil || stderr != "" {
		t.Errorf("got error %v, standard error %q", err, stderr)
	}
	if want := succeed(t, reading(file)); stdout != want {
		t.Errorf("got %s\nwant %s", stdout, want)
	}
}

// TestBrowseGrowing looks at a capture that is being made, and leaves it.
func TestBrowseGrowing(t *testing.T) {
	in := begunInput(t)
	defer close(in.never)
	stdout, stderr, err := browsing(t, Config{Read: []string{"-"}, JSON: true}, in, "VERDICT", "q")
	if err != nil || !strings.HasPrefix(stderr, "kaanalyze: warning: interrupted; the report is of the ") {
		t.Errorf("got error %v, standard error %q", err, stderr)
	}
	var r struct{ Capture struct{ Interrupted bool } }
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || !r.Capture.Interrupted {
		t.Errorf("got error %v, report %s", err, stdout)
	}
}

// TestGuard returns panics as errors, with where they were.
func TestGuard(t *testing.T) {
	err := guarded(func([]flows.Segment) { panic("out of order") })(nil)
	if err == nil || !strings.HasPrefix(err.Error(), "out of order\n\n") || !strings.Contains(err.Error(), "TestGuard") {
		t.Errorf("got %v", err)
	}
	if err := guard(func() error { return syscall.EIO }); err != syscall.EIO {
		t.Errorf("got %v, want the function's own error", err)
	}
	var got []flows.Segment
	if err := guarded(func(segs []flows.Segment) { got = segs })(make([]flows.Segment, 2)); err != nil || len(got) != 2 {
		t.Errorf("got %d segments, error %v", len(got), err)
	}
}

// TestInterim writes reports of a capture that is being made.
func TestInterim(t *testing.T) {
	t.Chdir(t.TempDir())
	at := time.Date(2026, 11, 21, 2, 13, 40, 0, time.UTC)
	in := begunInput(t)
	var errs bytes.Buffer
	j, err := New(filled(Config{Read: []string{"-"}, Output: []string{"r.json", "r.txt"}}), in, io.Discard, &errs)
	if err != nil {
		t.Fatal(err)
	}
	j.interim(at)
	if want := "kaanalyze: warning: SIGUSR2: there is no live capture under way, so the report comes at the end\n"; errs.String() != want {
		t.Errorf("before the capture: got %q", errs.String())
	}
	opt, err := j.captureOptions()
	if err != nil {
		t.Fatal(err)
	}
	src, err := j.open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	j.source.set(src)
	f := j.newSession(opt)
	errs.Reset()
	j.interim(at)
	if want := "kaanalyze: warning: SIGUSR2: no packet has been captured yet\n"; errs.String() != want {
		t.Errorf("before the first packet: got %q", errs.String())
	}
	close(in.never)
	if _, err := j.read(src, unfailing(f.Apply)); err != nil {
		t.Fatal(err)
	}
	errs.Reset()
	j.interim(at)
	const names = "kaanalyze: status: interim report r-20261121T021340Z.json\nkaanalyze: status: interim report r-20261121T021340Z.txt\n"
	if errs.String() != names {
		t.Errorf("got %q, want %q", errs.String(), names)
	}
	text, err := os.ReadFile("r-20261121T021340Z.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, string(text)).Totals.Connections; got != 2 {
		t.Errorf("got %d connections in the interim report, want 2", got)
	}
	errs.Reset()
	j.interim(at)
	if !strings.Contains(errs.String(), "r-20261121T021340Z.json already exists") {
		t.Errorf("the same moment again: got %q", errs.String())
	}
	if got := f.counts(0).Connections; got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
	first, last := j.times(src, opt)
	if got := f.finish(first, last).Len(); got != 2 {
		t.Errorf("got %d connections at the end, want 2", got)
	}
}
