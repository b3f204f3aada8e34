package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// inTime is endTime, and what a busy machine adds to it.
const inTime = endTime + 3*time.Second

// configKey is the variable of the environment that has TestRunHelper run.
const configKey = "KAANALYZE_TEST_CONFIG"

// helperConfig are the fields of [Config] that TestRunHelper knows.
type helperConfig struct {
	Read, Output                 []string
	Format, Evidence, FilterFile string
}

// TestRunHelper does the run that the environment asks for, in a process of its own:
// what is left behind there ends with it.
func TestRunHelper(t *testing.T) {
	text := os.Getenv(configKey)
	if text == "" {
		t.Skip("for other tests")
	}
	var c helperConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	run := Config{Read: c.Read, Format: c.Format, Output: c.Output, Evidence: c.Evidence, FilterFile: c.FilterFile}
	os.Exit(runOn(run, os.Stdin, os.Stdout, os.Stderr))
}

// signalled runs c in a process of its own, sends it SIGTERM after a while, and returns
// its exit code, what it wrote, and how long it took from the signal on. Nobody reads
// standard output if stuck says so.
func signalled(t *testing.T, c helperConfig, stuck bool) (code int, stdout, stderr string, took time.Duration) {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunHelper$")
	cmd.Env = append(os.Environ(), configKey+"="+string(text))
	var out, errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Stdout = &out
	if stuck {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		cmd.Stdout = w
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond)
	begun := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	err = cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(begun)
}

// TestSignalEndsWhatNeverEnds interrupts what would go on for minutes or for ever.
func TestSignalEndsWhatNeverEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	dir := t.TempDir()
	in := filepath.Join(recordings, demoName)
	pipe := filepath.Join(dir, "pipe.txt")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	var terms []string
	for i := range 3000 {
		terms = append(terms, fmt.Sprintf("(tcp port %d and host 10.%d.%d.7)", i+1, i%250, i/250))
	}
	filter := filepath.Join(dir, "filter")
	if err := os.WriteFile(filter, []byte(strings.Join(terms, " or ")), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(dir, "report.txt")
	for _, c := range []struct {
		name   string
		c      helperConfig
		stuck  bool
		code   int
		stderr string
		report bool // there is one in whole
	}{
		{"a capture that nobody writes", helperConfig{Read: []string{pipe}}, false, ExitInterrupted, "interrupted before anything was read", false},
		{"a report that nobody reads", helperConfig{Read: []string{in}, Output: []string{pipe}}, false, ExitFailed, "nobody reads this pipe", false},
		{"evidence that nobody reads", helperConfig{Read: []string{in}, Evidence: pipe}, false, ExitFailed, "nobody reads this pipe", false},
		{"standard output that nobody reads", helperConfig{Read: []string{in}, Format: "html", Output: []string{whole}}, true, ExitFailed, "write to standard output: write report: interrupted", true},
		{"lines that nobody reads", helperConfig{Read: []string{in}, Format: "ndjson"}, true, ExitFailed, "write to standard output: interrupted", false},
		{"a long filter", helperConfig{Read: []string{in}, FilterFile: filter, Output: []string{whole}}, false, ExitInterrupted, "interrupted before anything was read", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.c.FilterFile != "" {
				if _, err := capture.OpenFiles([]string{in}, capture.Options{Filter: "len > 0"}); errors.Is(err, capture.ErrNoLibpcap) {
					t.Skip(err)
				}
			}
			if err := os.Remove(whole); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			code, stdout, stderr, took := signalled(t, c.c, c.stuck)
			if code != c.code || !strings.Contains(stderr, c.stderr) || took > inTime {
				t.Errorf("got exit code %d after %v, %q on standard error; want %d, %q\n%s", code, took, stderr, c.code, c.stderr, stdout)
			}
			if _, err := os.Stat(whole); (err == nil) != c.report {
				t.Errorf("the other report: got error %v, want one there: %v", err, c.report)
			}
			if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
				t.Errorf("left over are %v, error %v", left, err)
			}
		})
	}
}

// TestPipeIsWaitedFor writes to a pipe that somebody opens later.
func TestPipeIsWaitedFor(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.txt")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	read := make(chan string)
	go func() {
		time.Sleep(100 * time.Millisecond)
		text, err := os.ReadFile(pipe)
		if err != nil {
			t.Error(err)
		}
		read <- string(text)
	}()
	out := succeed(t, Config{Demo: demo, Output: []string{pipe}})
	if got := <-read; got != out {
		t.Errorf("got %q from the pipe, want the report of standard output", got)
	}
}

// full returns a name with that ending that leads to a device where nothing fits.
func full(t *testing.T, ending string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "full"+ending)
	if err := os.Symlink("/dev/full", name); err != nil {
		t.Skip(err)
	}
	if f, err := os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		t.Skip(err)
	} else {
		f.Close()
	}
	return name
}

// TestOneOutputFails writes all that can be written, and names what failed.
func TestOneOutputFails(t *testing.T) {
	for _, c := range []struct{ format, ending string }{{"text", ".json"}, {"json", ".html"}, {"ndjson", ".ndjson"}, {"text", ".pcap"}} {
		file := filepath.Join(t.TempDir(), "report.ndjson")
		bad := full(t, c.ending)
		run := Config{Read: []string{filepath.Join(recordings, demoName)}, Format: c.format, Output: []string{bad, file}}
		if c.ending == ".pcap" {
			run.Output, run.Evidence = []string{file}, bad
		}
		code, stdout, stderr := command(run)
		if want := fmt.Sprintf("kaanalyze: error: write report %q: no space left on device\n", bad); code != ExitFailed || stderr != want {
			t.Errorf("%s: got exit code %d and %q, want 1 and %q", c.ending, code, stderr, want)
		}
		run.Output, run.Evidence = nil, ""
		if want := succeed(t, run); c.format == "text" && stdout != want {
			t.Errorf("%s: got on standard output\n%s\nwant\n%s", c.ending, stdout, want)
		} else if len(stdout) < len(want) {
			t.Errorf("%s: got %d bytes on standard output, want %d", c.ending, len(stdout), len(want))
		}
		if text, err := os.ReadFile(file); err != nil || !bytes.Contains(text, []byte(`{"type":"end"`)) {
			t.Errorf("%s: the other file is not whole: error %v\n%s", c.ending, err, text)
		}
	}
	code, _, stderr := command(Config{Demo: demo, Output: []string{full(t, ".json"), full(t, ".html")}})
	if code != ExitFailed || strings.Count(stderr, "no space left on device") != 2 {
		t.Errorf("two fail: got exit code %d and %q, want 1 and both", code, stderr)
	}
}

// TestWritingHasItsTime has a signal come while a report is written: formats that write
// for too long fail.
func TestWritingHasItsTime(t *testing.T) {
	i := newInterruption()
	w := &outputWriter{io.Discard, false, i}
	i.enter(phaseWriting)
	i.signal()
	if _, err := w.Write([]byte("x")); err != nil {
		t.Errorf("at once: got error %v", err)
	}
	<-i.over
	if _, err := w.Write([]byte("x")); !errors.Is(err, errInterrupted) {
		t.Errorf("later: got error %v, want that it is interrupted", err)
	}
	if i.overdue() == "" {
		t.Error("it may go on")
	}
	j := newInterruption()
	j.enter(phaseJudging)
	j.signal()
	j.enter(phaseWriting)
	if got := j.overdue(); got != "" {
		t.Errorf("a signal before the writing: got %q, want that it may go on", got)
	}
}

// TestTemporaryNames writes a report though somebody has taken the name that it might
// have before it is whole: an earlier run that was killed, or another user.
func TestTemporaryNames(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, fmt.Sprintf(".report.txt.%d", os.Getpid()))
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "report.txt")
	out := succeed(t, Config{Demo: demo, Output: []string{name}})
	if got, err := os.ReadFile(name); err != nil || string(got) != out {
		t.Errorf("got %q, error %v, want the report", got, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) != 1 {
		t.Errorf("left over are %v, error %v, want what was there alone", left, err)
	}
}

// TestEvidencePermissions lets nobody else read the evidence.
func TestEvidencePermissions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "evidence.pcap")
	if err := os.WriteFile(name, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		succeed(t, Config{Demo: demo, Evidence: name})
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("got %v, error %v, want none for others", info.Mode(), err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
