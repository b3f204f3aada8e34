//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// brief is what these tests look at of a JSON report.
type brief struct {
	Capture struct {
		Sources []struct {
			Name             string
			Format           string
			Packets          int
			KernelDropped    *int `json:"kernel_dropped"`
			InterfaceDropped *int `json:"interface_dropped"`
		}
		LinkTypes     []string `json:"link_types"`
		Packets       int
		Damaged       bool
		KernelDropped *int `json:"kernel_dropped"`
	}
	Totals struct{ Connections, Requests, Midstream int }
}

// briefOf reads a JSON report.
func briefOf(t *testing.T, text []byte) (b brief) {
	t.Helper()
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	return b
}

// reportIn reads a JSON report in a file.
func reportIn(t *testing.T, names ...string) brief {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(names...))
	if err != nil {
		t.Fatal(err)
	}
	return briefOf(t, text)
}

// TestFollowTcpdump follows what tcpdump writes: one file, those of -C and -W, which are
// written over in turn, and those of -G.
func TestFollowTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip(err)
	}
	program := executable(t)
	may(t, ownNet)
	folderOf := filepath.Dir(program)
	const address = "127.0.0.1:18472"
	for _, c := range []struct {
		name     string
		writes   []string // arguments of tcpdump
		first    string   // "" for the first that there is
		requests string
		pause    string
		want     int
		files    int // at least
	}{
		{"one file", []string{"-w", "trace.pcap"}, "trace.pcap", "50", "0s", 51, 1},
		{"-C and -W", []string{"-w", "trace.pcap", "-C", "1", "-W", "3"}, "trace.pcap0", "6000", "0s", 6001, 3},
		{"-G", []string{"-w", "trace-%Y%m%d-%H%M%S.pcap", "-G", "1"}, "", "20", "150ms", 21, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.files > 1 {
				t.Skip("it takes seconds")
			}
			dir := t.TempDir()
			writer := start(t, dir, nil, nil, slices.Concat(ownNet, []string{filepath.Join(folderOf, "serve"), address,
				"tcpdump", "-i", "lo", "-U", "-Z", "root"}, c.writes, []string{"tcp port 18472"})...)
			if !writer.until(func() bool { return strings.Contains(writer.stderr.String(), "listening on") }) {
				t.Fatalf("tcpdump: %s", writer.stderr.String())
			}
			writer.inside(filepath.Join(folderOf, "ask"), address, "1")
			first := c.first
			if !writer.until(func() bool {
				found, _ := filepath.Glob(filepath.Join(dir, "trace*"))
				if first == "" && len(found) > 0 {
					first = filepath.Base(found[0])
				}
				return len(found) > 0
			}) {
				t.Fatal("tcpdump writes nothing")
			}
			p := start(t, dir, nil, nil, program, "--follow", "-r", first, "-v", "-o", "report.json", "--report-every", "1s")
			if !p.until(func() bool { return strings.Contains(p.stderr.String(), "following") }) {
				t.Fatal(p.stderr.String())
			}
			writer.inside(filepath.Join(folderOf, "ask"), address, c.requests, c.pause)
			writer.inside(filepath.Join(folderOf, "dial")) // is not captured
			if !p.until(func() bool {                      // tcpdump has written all, and it is read
				names, _ := filepath.Glob(filepath.Join(dir, "report-*.json"))
				if len(names) == 0 {
					return false
				}
				text, _ := os.ReadFile(names[len(names)-1])
				var b brief
				return json.Unmarshal(text, &b) == nil && b.Totals.Requests == c.want
			}) {
				t.Errorf("no report between has all requests: %s", p.stderr.String())
			}
			if code := p.end(syscall.SIGINT); code != app.ExitOK || strings.Contains(p.stderr.String(), "warning") {
				t.Errorf("got exit code %d: %s", code, p.stderr.String())
			}
			got := reportIn(t, dir, "report.json")
			var names []string
			for _, s := range got.Capture.Sources {
				names = append(names, s.Name)
			}
			if got.Totals.Requests != c.want || got.Totals.Midstream != 0 || got.Capture.Damaged || len(names) < c.files || names[0] != first {
				t.Errorf("got %+v of %v, want %d requests", got.Totals, names, c.want)
			}
			_ = syscall.Kill(writer.below("tcpdump"), syscall.SIGINT)
			<-writer.ended
		})
	}
}

// TestFollowStatus: status lines of a file that is followed come, also on demand, though nothing is
// added to it.
func TestFollowStatus(t *testing.T) {
	program := executable(t)
	p := start(t, t.TempDir(), nil, nil, program, "--follow", "-r", example(t), "-o", "report.json", "--interval", "300ms")
	lines := func() int { return strings.Count(p.stderr.String(), " connections (") }
	if !p.until(func() bool { return lines() >= 3 }) {
		t.Fatalf("got %d status lines, want 3 at least: %s", lines(), p.stderr.String())
	}
	if code := p.end(syscall.SIGINT); code != app.ExitOK {
		t.Errorf("got exit code %d: %s", code, p.stderr.String())
	}
	q := start(t, t.TempDir(), nil, nil, program, "--follow", "-r", example(t), "-o", "report.json", "--interval", "0", "-v")
	if !q.until(func() bool { return strings.Contains(q.stderr.String(), "following") }) { // before it a signal ends the program
		t.Fatal(q.stderr.String())
	}
	if !q.until(func() bool {
		_ = q.Process.Signal(syscall.SIGUSR1)
		return strings.Contains(q.stderr.String(), " connections (")
	}) {
		t.Errorf("got no status line after SIGUSR1: %s", q.stderr.String())
	}
	if code := q.end(syscall.SIGINT); code != app.ExitOK {
		t.Errorf("got exit code %d: %s", code, q.stderr.String())
	}
}

// example is a capture that is complete.
func example(t *testing.T) string {
	t.Helper()
	name, err := filepath.Abs("../../testdata/apache-keepalive.pcap")
	if err != nil {
		t.Fatal(err)
	}
	return name
}
