//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// executable is the program in a folder where all may run it.
func executable(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root has privileges to give up")
	}
	dir, err := os.MkdirTemp("", "kaanalyze-privileges")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "kaanalyze")
	err = errors.Join(os.WriteFile(program, data, 0o755), os.Chmod(dir, 0o755))
	for name := range programs {
		if name != "kaanalyze" {
			err = errors.Join(err, os.Symlink("kaanalyze", filepath.Join(dir, name)))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// may skips the test where a wrapper cannot be had.
func may(t *testing.T, wrapper []string) {
	t.Helper()
	if out, err := exec.Command("env", slices.Concat(wrapper, []string{"true"})...).CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %s", strings.Join(wrapper, " "), err, out)
	}
}

// said is what a process has written so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns all of it.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A process is the running program.
type process struct {
	*exec.Cmd
	t              *testing.T
	stdout, stderr said
	ended          chan struct{}
}

// start starts words in a folder. What environment adds takes the place of what sudo may
// have set.
func start(t *testing.T, dir string, environment []string, stdin io.Reader, words ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("env", words...), t: t, ended: make(chan struct{})}
	p.Dir, p.Stdin, p.Stdout, p.Stderr = dir, stdin, &p.stdout, &p.stderr
	p.Env = append(os.Environ(), append([]string{"SUDO_UID=", "SUDO_GID="}, environment...)...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.ended) }()
	t.Cleanup(func() { _ = syscall.Kill(p.pid(), syscall.SIGKILL); <-p.ended })
	return p
}

// patience is how long the program may take for what takes it no time.
const patience = 20 * time.Second

// until waits for something, and reports whether it came.
func (p *process) until(what func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if what() {
			return true
		}
		select {
		case <-p.ended:
			return what()
		default:
		}
	}
	return false
}

// pid returns the process of the program: where the wrapper has not become it, its child.
func (p *process) pid() int {
	task := fmt.Sprintf("/proc/%d/task/%d/children", p.Process.Pid, p.Process.Pid)
	if text, err := os.ReadFile(task); err == nil {
		if child, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return child
		}
	}
	return p.Process.Pid
}

// holds reports what the threads of the program have in the fields of their status that
// want has, where it is not what want says.
func (p *process) holds(want map[string]string) string {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.pid()))
	if len(names) < 3 {
		return fmt.Sprintf("%d threads", len(names))
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil { // the thread has ended
			continue
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			if value := strings.Join(strings.Fields(value), " "); want[key] != "" && value != want[key] {
				return fmt.Sprintf("%s: %s %s, want %s", name, key, value, want[key])
			}
		}
	}
	return ""
}

// end ends the program by a signal, or waits for its end, and returns the exit code.
func (p *process) end(how syscall.Signal) int {
	p.t.Helper()
	if how != 0 {
		_ = syscall.Kill(p.pid(), how)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("it does not end")
	}
	return p.ProcessState.ExitCode()
}
