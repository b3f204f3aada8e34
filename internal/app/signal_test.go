package app

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// endless is a standard input that has begun and never ends.
type endless struct {
	begun io.Reader
	never chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	if n, _ := e.begun.Read(p); n > 0 {
		return n, nil
	}
	<-e.never
	return 0, io.EOF
}

// watched is a stream that acts when some text has been written to it. act may
// block the writer.
type watched struct {
	mu   sync.Mutex
	got  bytes.Buffer
	want []string // in this order
	act  []func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.got.Write(p)
	var act []func()
	for len(w.want) > 0 && strings.Contains(w.got.String(), w.want[0]) {
		act = append(act, w.act[0])
		w.want, w.act = w.want[1:], w.act[1:]
	}
	w.mu.Unlock()
	for _, f := range act {
		f()
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got.String()
}

// send returns a function that sends this process a signal. One that arrives when the
// run that it was for is over does nothing.
func send(t *testing.T, s syscall.Signal) func() {
	signal.Notify(make(chan os.Signal, 1), s)
	return func() {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Error(err)
		}
	}
}

// longAgo has a connection that is over long before the last packet: its line
// leaves while the input goes on, and tells that packets have been analysed.
const longAgo = `
	conn 40001
	0.000 > S  0:0(0)
	0.001 < S. 0:0(0) ack 1
	0.002 > .  ack 1
	0.003 > F. 1:1(0) ack 1
	0.004 < F. 1:1(0) ack 2
	0.005 > .  ack 2
	conn 40002
	900.0 > S  0:0(0)
`

func begunInput(t *testing.T) *endless {
	return &endless{bytes.NewReader(capturetest.Pcap(t, longAgo)), make(chan struct{})}
}

const firstConnection = `{"type":"connection"`

func TestSignalEndsReading(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			continue // as nohup has it
		}
		in := begunInput(t)
		out := &watched{want: []string{firstConnection}, act: []func(){send(t, s)}}
		var errs watched
		file := filepath.Join(t.TempDir(), "report.ndjson")
		if got := runOn(Config{Format: "ndjson", Output: []string{file}}, in, out, &errs); got != ExitOK {
			t.Errorf("%v: got exit code %d, want 0", s, got)
		}
		close(in.never)
		if got := out.String(); !strings.Contains(got, `{"type":"end"`) {
			t.Errorf("%v: got a report without an end: %s", s, got)
		}
		if got := errs.String(); !strings.HasPrefix(got, "kaanalyze: warning: interrupted; the report is of the ") {
			t.Errorf("%v: got %q on standard error", s, got)
		}
		if data, err := os.ReadFile(file); err != nil || !bytes.Contains(data, []byte(`{"type":"end"`)) {
			t.Errorf("%v: got a file without an end, error %v", s, err)
		}
	}
}

func TestSecondSignalEndsProgram(t *testing.T) {
	in := begunInput(t)
	stuck := make(chan struct{})
	out := &watched{
		want: []string{firstConnection, `{"type":"summary"`},
		act: []func(){send(t, syscall.SIGINT), func() {
			time.AfterFunc(sameSignal, send(t, syscall.SIGINT))
			<-stuck
		}},
	}
	dir := t.TempDir()
	if got := runOn(Config{Format: "ndjson", Output: []string{filepath.Join(dir, "r.ndjson")}}, in, out, io.Discard); got != ExitInterrupted {
		t.Errorf("got exit code %d, want 130", got)
	}
	close(stuck)
	close(in.never)
	files, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(files) > 0 {
		t.Errorf("got %v left over, error %v", files, err)
	}
}

func TestSignalAsksStatus(t *testing.T) {
	in := begunInput(t)
	out := &watched{want: []string{firstConnection}, act: []func(){send(t, syscall.SIGUSR1)}}
	errs := &watched{want: []string{"status: "}, act: []func(){send(t, syscall.SIGINT)}}
	if got := runOn(Config{Format: "ndjson"}, in, out, errs); got != ExitOK {
		t.Errorf("got exit code %d, want 0", got)
	}
	close(in.never)
	if got := errs.String(); !strings.HasPrefix(got, "kaanalyze: status: an unknown part of the input read, ") {
		t.Errorf("got %q on standard error", got)
	}
}

// TestClosedPipe writes to a pipe whose reader is gone.
func TestClosedPipe(t *testing.T) {
	for _, format := range []string{"text", "json", "ndjson"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var errs bytes.Buffer
		if got := runOn(Config{Demo: demo, Format: format}, strings.NewReader(""), w, &errs); got != ExitFailed || errs.Len() > 0 {
			t.Errorf("%s: got exit code %d and %q, want 1 and nothing", format, got, errs.String())
		}
		w.Close()
	}
}

// TestSignalTwiceAtOnce gets a signal as timeout(1) sends it, to the program and to its
// group: the report comes all the same.
func TestSignalTwiceAtOnce(t *testing.T) {
	in := begunInput(t)
	out := &watched{want: []string{firstConnection, `{"type":"summary"`}, act: []func(){send(t, syscall.SIGINT), send(t, syscall.SIGINT)}}
	if got := runOn(Config{Format: "ndjson"}, in, out, io.Discard); got != ExitOK {
		t.Errorf("got exit code %d, want 0", got)
	}
	close(in.never)
	if got := out.String(); !strings.Contains(got, `{"type":"end"`) {
		t.Errorf("got a report without an end: %s", got)
	}
}
