//go:build linux

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// goTest is a test of a team: requests to a server on a port, over a client that keeps
// connections if KEEP is set.
const goTest = `package team

import (
	"io"
	"net"
	"net/http"
	"os"
	"testing"
)

func TestClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, http.NotFoundHandler())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: os.Getenv("KEEP") == ""}}
	for range 20 {
		r, err := client.Get("http://127.0.0.1:8080/")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	if os.Getenv("FAIL") != "" {
		t.Fatal("as asked for")
	}
}
`

// TestExec holds the keep-alive of a team's go test in one line, as README says.
func TestExec(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil || testing.Short() {
		t.Skip("it takes go, and seconds")
	}
	program := executable(t)
	may(t, ownNet)
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module team\n\ngo 1.22\n", "team_test.go": goTest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, line := range ciLines(t) {
		for env, want := range map[string]int{"KEEP=1": app.ExitOK, "KEEP=": app.ExitGate} {
			line := strings.NewReplacer("/tmp/bin/kaanalyze", program, "sudo ", "").Replace(line)
			p := start(t, dir, []string{env}, nil, slices.Concat(ownNet, []string{"sh", "-c", line})...)
			<-p.ended
			if code := p.ProcessState.ExitCode(); code != want || !strings.Contains(p.stdout.String(), "ok  \tteam") {
				t.Errorf("%s, %s: got exit code %d, want %d:\n%s%s", name, env, code, want, p.stdout.String(), p.stderr.String())
			}
		}
	}
	for _, c := range []struct {
		name string
		env  []string
		code int
		said string // by go test
	}{
		{"connections are kept", []string{"KEEP=1"}, app.ExitOK, "ok  \tteam"},
		{"they are not", nil, app.ExitGate, "ok  \tteam"},
		{"the test fails", []string{"KEEP=1", "FAIL=1"}, 1, "as asked for"},
		{"the test fails, and they are not kept", []string{"FAIL=1"}, app.ExitGate, "as asked for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := slices.Concat(ownNet, []string{program, "-i", "lo", "--exec", tool + " test -count=1 ./...", "--fail-on", "reuse_ratio<0.9", "tcp", "port", "8080"})
			p := start(t, dir, c.env, nil, words...)
			<-p.ended
			code, out := p.ProcessState.ExitCode(), p.stdout.String()
			said, told := strings.Index(out, c.said), strings.Index(out, "VERDICT")
			if code != c.code || said < 0 || told < said {
				t.Errorf("got exit code %d, want %d; the words of go test at %d, the verdict at %d:\n%s%s", code, c.code, said, told, out, p.stderr.String())
			}
		})
	}
}

// ciLines returns the command lines with --exec in contrib/ci, by file.
func ciLines(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../contrib/ci/*.yml")
	if err != nil || len(names) < 2 {
		t.Fatalf("got %v, error %v", names, err)
	}
	lines := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, folded, _ := strings.Cut(string(text), ">-\n") // a line, in YAML, up to what is indented less
		folded, _, _ = strings.Cut(folded, " 8080\n")
		lines[name] = strings.Join(strings.Fields(folded), " ") + " 8080"
	}
	return lines
}

// ownPod has processes of its own, beside which unshare waits.
var ownPod = []string{"unshare", "--pid", "--fork", "--mount-proc"}

// TestExecCommand has commands that end in all ways, and looks at who they are.
func TestExecCommand(t *testing.T) {
	program := executable(t)
	may(t, ownNet)
	dial := filepath.Join(filepath.Dir(program), "dial") + "; "
	const status = `sed -n 's/^\(Uid\|CapEff\|NoNewPrivs\|SigIgn\):/\1/p' /proc/self/status | tr -s '\t\n' ' '; ls /proc/self/fd | wc -l`
	sudo := []string{"SUDO_UID=54321", "SUDO_GID=54321"}
	caps, promise := ownStatus(t, "CapEff"), ownStatus(t, "NoNewPrivs")
	ignored := ownStatus(t, "SigIgn") // glibc's posix_spawn, as make uses it, has some inherit that 32 is
	for _, c := range []struct {
		name, command string
		outer         []string // wraps the network
		wrapper       []string
		env, flags    []string
		code          int
		stdout        string // what it begins with
		stderr        string
	}{
		{name: "it ends well", command: dial + "echo out; echo err >&2", stdout: "out\nkaanalyze: lo ", stderr: "err\n"},
		{name: "it fails", command: dial + "exit 7", code: 7},
		{name: "a signal ends it", command: dial + "kill -KILL $$", code: 128 + 9},
		{name: "there is no such command", command: dial + "no-such-command", code: 127, stderr: "not found"},
		{name: "it fails, and a condition holds", command: dial + "exit 7", flags: []string{"--fail-on", "connections>=1"}, code: app.ExitGate},
		{name: "nothing was captured", command: "true", code: app.ExitFailed, stderr: "no packet was captured"},
		{name: "nothing was captured, and it fails", command: "exit 5", code: 5, stderr: "no packet was captured"},
		{name: "the capture ends before", command: dial + dial + "sleep 1; echo out", flags: []string{"-c", "2"}, stdout: "out\nkaanalyze: lo "},
		{name: "a report cannot be created", command: "echo out", flags: []string{"-o", "/nonexistent/x.json"}, code: app.ExitFailed, stderr: "/nonexistent"},
		{name: "it reads", command: dial + "cat", stdout: "what was typed\nkaanalyze: "},
		{name: "it writes to what nobody reads", command: dial + "yes | head -n 1", stdout: "y\nkaanalyze: "},
		{name: "root", command: dial + status, stdout: "Uid 0 0 0 0 SigIgn " + ignored + " CapEff " + caps + " NoNewPrivs " + promise + " 4\n"},
		{name: "root with CAP_NET_RAW alone, called by sudo", command: dial + status, wrapper: netRawRoot, env: sudo,
			stdout: "Uid 0 0 0 0 SigIgn " + ignored + " CapEff " + netRaw + " NoNewPrivs " + promise + " 4\n"},
		{name: "root without CAP_DAC_OVERRIDE", command: dial + "id -u", wrapper: withoutDAC, stdout: "0\n"},
		{name: "own users and processes, as in a pod", command: dial + "id -u; echo $$", outer: slices.Concat(ownUsers, ownPod), stdout: "0\n"},
		{name: "who called sudo", command: dial + status, env: sudo,
			stdout: "Uid 54321 54321 54321 54321 SigIgn " + ignored + " CapEff 0000000000000000 NoNewPrivs " + promise + " 4\n"},
		{name: "another user", command: dial + `id -u; echo "$HOME"`, flags: []string{"-Z", "nobody"}, stdout: "65534\n/nonexistent\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := slices.Concat(c.outer, ownNet, c.wrapper)
			may(t, network)
			words := slices.Concat(network, []string{program, "-i", "lo", "--exec", c.command}, c.flags)
			p := start(t, t.TempDir(), c.env, strings.NewReader("what was typed\n"), words...)
			<-p.ended
			out := p.stdout.String()
			if code := p.ProcessState.ExitCode(); code != c.code || !strings.HasPrefix(out, c.stdout) || !strings.Contains(p.stderr.String(), c.stderr) {
				t.Errorf("got exit code %d, %q on standard error, %.300q; want %d, %q, %q", code, p.stderr.String(), out, c.code, c.stderr, c.stdout)
			}
			if c.stdout == "" && strings.HasPrefix(out, "out") {
				t.Error("the command began")
			}
		})
	}
}

// ownStatus returns what the kernel says of this process.
func ownStatus(t *testing.T, key string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n"+key+":\t")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// TestExecSignal: a signal to the program reaches the command, whose end is waited for.
func TestExecSignal(t *testing.T) {
	program := executable(t)
	may(t, ownNet)
	dial := filepath.Join(filepath.Dir(program), "dial") + "; "
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			if signal.Ignored(s) {
				t.Skip("it is ignored here, as nohup has it, and so it is by the program")
			}
			command := dial + `trap "echo trapped; exit 9" INT TERM HUP QUIT; echo ready; while :; do sleep 0.05; done`
			p := start(t, t.TempDir(), nil, nil, slices.Concat(ownNet, []string{program, "-i", "lo", "--exec", command})...)
			if !p.until(func() bool { return strings.Contains(p.stdout.String(), "ready") }) {
				t.Fatalf("the command does not begin: %s", p.stderr.String())
			}
			if err := p.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			<-p.ended
			if code, out := p.ProcessState.ExitCode(), p.stdout.String(); code != 9 || !strings.HasPrefix(out, "ready\ntrapped\nkaanalyze: lo ") {
				t.Errorf("got exit code %d, %.200q, %s", code, out, p.stderr.String())
			}
		})
	}
}
