//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// inside runs one of the programs in the network of a process.
func (p *process) inside(program string, words ...string) {
	p.t.Helper()
	network := fmt.Sprintf("--net=/proc/%d/ns/net", p.pid())
	if out, err := exec.Command("nsenter", slices.Concat([]string{network, program}, words)...).CombinedOutput(); err != nil {
		p.t.Errorf("%s: %v: %s", program, err, out)
	}
}

// TestLiveProcesses names the process that listened before the capture began, though it may
// do what the capture may not any more: who has a socket is read while privileges last.
func TestLiveProcesses(t *testing.T) {
	program := executable(t)
	folderOf := filepath.Dir(program)
	for _, c := range []struct {
		name    string
		wrapper []string
		env     []string
		owner   int
	}{
		{name: "root"},
		{name: "called by sudo", env: []string{"SUDO_UID=54321", "SUDO_GID=54321"}, owner: somebody},
		{name: "own users and processes, as in a pod", wrapper: slices.Concat(ownUsers, ownPod)},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := slices.Concat(c.wrapper, ownNet)
			may(t, network)
			dir := folder(t, c.owner)
			p := start(t, dir, c.env, nil, slices.Concat(network, []string{filepath.Join(folderOf, "serve"), "127.0.0.1:18471",
				program, "-v", "-i", "lo", "-o", "report.json", "tcp port 18471"})...)
			if !p.until(p.captures) {
				t.Fatalf("it does not capture: %s", p.stderr.String())
			}
			p.inside(filepath.Join(folderOf, "ask"), "127.0.0.1:18471", "3")
			_ = syscall.Kill(p.below("kaanalyze"), syscall.SIGINT)
			if code := p.end(0); code != app.ExitOK {
				t.Fatalf("got exit code %d, %s", code, p.stderr.String())
			}
			var got struct {
				Host struct {
					Processes []struct {
						End       string
						Processes []struct{ Name string }
					}
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "report.json"))
			if err == nil {
				err = json.Unmarshal(text, &got)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range got.Host.Processes {
				if e.End == "server" && (len(e.Processes) != 1 || e.Processes[0].Name != "serve") {
					t.Errorf("got %v, want that serve has the server's end", e.Processes)
				}
				if e.End == "client" && len(e.Processes) != 0 {
					t.Errorf("got %v, want nobody for the client's end, whose process has ended", e.Processes)
				}
			}
			if len(got.Host.Processes) != 2 {
				t.Errorf("got %v, want both ends", got.Host.Processes)
			}
		})
	}
}

// below returns the process of that name among those that p has started, and they in turn.
func (p *process) below(name string) int {
	pid := p.Process.Pid
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
		child, notOne := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || notOne != nil {
			p.t.Fatalf("process %d has no child: %v", pid, err)
		}
		pid = child
		if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(comm)) == name {
			return pid
		}
	}
}

// captures reports whether the program has opened the interface, as -v tells.
func (p *process) captures() bool { return strings.Contains(p.stderr.String(), "capturing from") }
