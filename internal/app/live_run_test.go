package app

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// liveJob returns a job of a live capture that has not begun.
func liveJob(t *testing.T, c Config, stderr io.Writer) *Job {
	t.Helper()
	if len(c.Live.Interfaces) == 0 {
		c.Live = Defaults().Live
		c.Live.Interfaces = []string{"lo"}
	}
	j, err := New(filled(c), nil, io.Discard, stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.stop)
	return j
}

// TestLiveHints says what to do about what goes wrong with an interface.
func TestLiveHints(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fs.ErrPermission, map[bool]string{
			false: "live capture needs CAP_NET_RAW; run with sudo, or once `make install-setcap`; to read a file, use -r FILE",
			true:  "live capture needs CAP_NET_RAW, which root lacks here", // it needs no sudo
		}[os.Geteuid() == 0]},
		{syscall.ENODEV, "kaanalyze -D lists the interfaces; to read a file, use -r FILE"},
		{syscall.ENETDOWN, "kaanalyze -D tells which interfaces are up"},
		{capture.ErrNoLive, "build with cgo, a C compiler and libpcap-dev; or pipe: tcpdump -i IF"},
	} {
		hinted, ok := errors.AsType[*hintError](liveError(tt.err))
		if !ok || !strings.HasPrefix(hinted.hint, tt.want) || !errors.Is(hinted, tt.err) {
			t.Errorf("%v: got %+v, want the hint %q", tt.err, hinted, tt.want)
		}
	}
	if err := liveError(io.EOF); err != io.EOF {
		t.Errorf("got %v, want the error alone", err)
	}
}

// TestNotAllowed names the user who may not write.
func TestNotAllowed(t *testing.T) {
	j := liveJob(t, Config{}, io.Discard)
	if err := j.notAllowed(fs.ErrPermission, nil); err != fs.ErrPermission {
		t.Errorf("as nobody else: got %v", err)
	}
	hinted, ok := errors.AsType[*hintError](j.notAllowed(fs.ErrPermission, &identity{name: "an na"}))
	if want := `files are written as user "an na"; name a folder`; !ok || !strings.HasPrefix(hinted.hint, want) {
		t.Errorf("got %+v, want the hint %q", hinted, want)
	}
	hinted, ok = errors.AsType[*hintError](j.notAllowed(fs.ErrPermission, &identity{name: "anna", sudo: true}))
	if want := "files are written as user anna, who called sudo; name a folder where that user may, or stay root with -Z root"; !ok || hinted.hint != want {
		t.Errorf("got %+v, want the hint %q", hinted, want)
	}
	if _, ok := errors.AsType[*hintError](j.notAllowed(syscall.ENODEV, nil)); !ok {
		t.Error("got no hint for an interface that is not there")
	}
}

// TestNoPacket says what was read in vain.
func TestNoPacket(t *testing.T) {
	j := liveJob(t, Config{Words: []string{"port", "1"}}, io.Discard)
	hinted, ok := errors.AsType[*hintError](j.noPacket())
	if !ok || hinted.Error() != "lo: no packet was captured" || !strings.HasPrefix(hinted.hint, `the filter was "port 1"; `) {
		t.Errorf("got %+v", hinted)
	}
	j.endError = syscall.ENETDOWN
	if err := j.noPacket(); !errors.Is(err, syscall.ENETDOWN) {
		t.Errorf("got %v, want why the capture ended", err)
	}
	empty := demo[:24]
	for want, c := range map[string]Config{
		`read capture "-": there is no packet in it`:  {Read: []string{"-"}},
		"there is no packet in any of these captures": {Read: []string{save(t, empty), save(t, empty)}},
	} {
		if code, _, stderr := commandOn(bytes.NewReader(empty), c); code != ExitFailed || stderr != "kaanalyze: error: "+want+"\n" {
			t.Errorf("got exit code %d, %q; want %s", code, stderr, want)
		}
	}
}

// TestPulse tells how a capture goes when it is asked, and each time that is due.
func TestPulse(t *testing.T) {
	j, src, _ := viewed(t, save(t, demo))
	count := func(int64) analyze.Snapshot {
		return analyze.Snapshot{Connections: 1234, Open: 5, Requests: 67, TimeWait: 8}
	}
	const want = ", 888 packets, 1,234 connections (5 open), 67 requests, 8 TIME_WAIT now, 0 dropped"
	var said watched
	j.ui.w = &said
	j.source.set(src)
	j.ticker = newTicker(0)
	end := j.ui.showStatus(j.ticker, false)
	j.ticker.update(src, count) // not asked
	told := make(chan struct{})
	said.want, said.act = []string{want}, []func(){func() { close(told) }}
	j.status()
	j.ticker.update(src, count)
	<-told
	end()
	if got := said.String(); !strings.HasPrefix(got, "kaanalyze: status: ") || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, want+"\n") {
		t.Errorf("got %q, want one status line", got)
	}

	drawn := &watched{want: []string{want}}
	told = make(chan struct{})
	drawn.act = []func(){func() { close(told) }}
	j.ui.w = drawn
	p := newTicker(time.Nanosecond)
	end = j.ui.showStatus(p, true)
	p.update(src, count)
	<-told
	end()
	if got := drawn.String(); !strings.HasPrefix(got, clearLine) || !strings.HasSuffix(got, want+clearLine) {
		t.Errorf("got %q, want a line that is taken away again", got)
	}
}

// TestPace is what the settings say where standard error is no terminal.
func TestPace(t *testing.T) {
	l := Defaults().Live
	l.Interfaces, l.Interval = []string{"lo"}, 7*time.Second
	if got := liveJob(t, Config{Live: l}, io.Discard).statusInterval(); got != 7*time.Second {
		t.Errorf("got %v, want 7s", got)
	}
	if got := liveJob(t, Config{Live: l, Quiet: true}, io.Discard).statusInterval(); got != 0 {
		t.Errorf("quiet: got %v, want never", got)
	}
}

// TestLiveNarrowed tells a filter that the user gave from the one of all live captures.
func TestLiveNarrowed(t *testing.T) {
	for filter, want := range map[string]string{"": "", "tcp": "", "port 80": "port 80"} {
		s := liveJob(t, Config{Words: strings.Fields(filter)}, io.Discard).s
		if got := s.narrowed(capture.Options{}).Filter; got != want {
			t.Errorf("%q: got narrowed to %q, want %q", filter, got, want)
		}
	}
}

// TestUnprivileged finds who to be once the interface is open.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		if who, err := unprivileged(""); who != nil || err != nil {
			t.Errorf("got %v, error %v; want to stay who we are", who, err)
		}
		if _, err := unprivileged("nobody"); err == nil || !strings.HasPrefix(err.Error(), "-Z nobody: only root can") {
			t.Errorf("got error %v", err)
		}
		return
	}
	if !mayBecome() {
		t.Skip("this root can become no other user")
	}
	t.Setenv("SUDO_UID", "54321")
	t.Setenv("SUDO_GID", "54322")
	if who, err := unprivileged(""); err != nil || who.uid != 54321 || who.gid != 54322 {
		t.Errorf("called by sudo: got %+v, error %v", who, err)
	}
	for name, want := range map[string]int{"54321": 54321, "root": 0, "0": 0} {
		who, err := unprivileged(name)
		if err != nil || want == 0 && who != nil || want != 0 && (who == nil || who.uid != want || who.gid != want || who.sudo) {
			t.Errorf("-Z %s: got %+v, error %v", name, who, err)
		}
	}
	if _, err := unprivileged("no such"); err == nil || err.Error() != `-Z "no such": there is no such user` {
		t.Errorf("got error %v", err)
	}
	t.Setenv("SUDO_UID", "0")
	if who, err := unprivileged(""); err != nil || (who == nil) != (runtime.GOOS == "linux") {
		t.Errorf("root itself: got %+v, error %v", who, err)
	}
	// The highest number means for the system that nothing changes.
	for _, number := range []string{"S-1-5", "-1", "4294967295", "4294967296", ""} {
		if id, err := newIdentity(&user.User{Username: "x", Uid: number, Gid: "1"}); err == nil {
			t.Errorf("user %q: got %+v, want an error", number, id)
		}
		if id, err := newIdentity(&user.User{Username: "x", Uid: "1", Gid: number}); err == nil {
			t.Errorf("group %q: got %+v, want an error", number, id)
		}
	}
}

// TestListInterfaces lists the loopback.
func TestListInterfaces(t *testing.T) {
	var out bytes.Buffer
	err := ListInterfaces(&out)
	if errors.Is(err, capture.ErrNoLive) {
		t.Skip(err)
	}
	if err != nil || !strings.Contains(out.String(), "loopback") {
		t.Errorf("got error %v, %q", err, out.String())
	}
}
