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
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests of this file need root, and a program that testdata/lab/live.sh has
// built; what they capture is on the loopback of a namespace of their own.

// somebody is a user that nobody has.
const somebody = 54321

// A sniffer is a running kaanalyze.
type sniffer struct {
	*exec.Cmd
	t              *testing.T
	stdout, stderr watched
}

// namespace makes a network namespace whose loopback is up.
func namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("kaan-live-%d-%s", os.Getpid(), regexp.MustCompile(`\W`).ReplaceAllString(t.Name(), ""))
	do(t, "ip", "netns", "add", name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	do(t, "ip", "-n", name, "link", "set", "lo", "up")
	return name
}

func do(t *testing.T, words ...string) {
	t.Helper()
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(words, " "), err, out)
	}
}

// refused makes a connection that is refused: packets.
func refused(t *testing.T, namespace string) {
	t.Helper()
	_ = exec.Command("ip", "netns", "exec", namespace, "curl", "-s", "http://127.0.0.1:1/").Run() // fails, of course
}

// sniff starts a command in a namespace and waits until it captures.
func sniff(t *testing.T, namespace string, env []string, dir string, words ...string) *sniffer {
	t.Helper()
	s := &sniffer{Cmd: exec.Command("ip", append([]string{"netns", "exec", namespace}, words...)...), t: t}
	begun := make(chan struct{})
	s.stderr.want, s.stderr.act = []string{"capturing from"}, []func(){func() { close(begun) }}
	s.Stdout, s.Stderr, s.Dir = &s.stdout, &s.stderr, dir
	s.Env = append(os.Environ(), env...)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended); _ = s.Process.Kill() })
	select {
	case <-begun:
	case <-time.After(10 * time.Second):
		t.Fatalf("it does not begin to capture: %s", s.stderr.String())
	}
	return s
}

// end waits for the end, and returns the exit code.
func (s *sniffer) end(how syscall.Signal) int {
	s.t.Helper()
	if how != 0 {
		if err := s.Process.Signal(how); err != nil {
			s.t.Error(err)
		}
	}
	killer := time.AfterFunc(15*time.Second, func() { _ = s.Process.Kill() })
	defer killer.Stop()
	if _, ok := errors.AsType[*exec.ExitError](s.Wait()); !ok && s.ProcessState == nil {
		s.t.Error("it did not run")
	}
	return s.ProcessState.ExitCode()
}

// holds checks what each thread is allowed to do.
func (s *sniffer) holds(want map[string]string) {
	s.t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.Process.Pid))
	if err != nil || len(threads) < 3 {
		s.t.Fatalf("got %d threads, error %v", len(threads), err)
	}
	for _, name := range threads {
		text, err := os.ReadFile(name)
		if err != nil {
			s.t.Error(err)
		}
		for key, value := range want {
			m := regexp.MustCompile(`(?m)^` + key + `:\s*(.*?)\s*$`).FindSubmatch(text)
			if m == nil || strings.Join(strings.Fields(string(m[1])), " ") != value {
				s.t.Errorf("%s: %s: got %q, want %q", name, key, m, value)
			}
		}
	}
}

const noCapability = "0000000000000000"

// four is an ID as it is real, effective, saved and for files.
func four(id int) string { return strings.TrimSpace(strings.Repeat(strconv.Itoa(id)+" ", 4)) }

// unprivilegedThreads is what all threads hold after the interface is open.
func unprivilegedThreads(uid int) map[string]string {
	return map[string]string{
		"Uid": four(uid), "Gid": four(uid), "NoNewPrivs": "1",
		"CapInh": noCapability, "CapPrm": noCapability, "CapEff": noCapability, "CapAmb": noCapability,
	}
}

// copyProgram returns the program in a folder where somebody may write, and the folder.
func copyProgram(t *testing.T) (program, dir string) {
	t.Helper()
	folder := liveFolder(t)
	dir, err := os.MkdirTemp(folder, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "kaanalyze")
	from, err := os.Open(filepath.Join(folder, "kaanalyze"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.Close(), os.Chmod(dir, 0o755), os.Chown(dir, somebody, somebody)); err != nil {
		t.Fatal(err)
	}
	return program, dir
}

// TestLiveSudo: with sudo all threads are the caller's once the interface is
// open, files are the caller's, and more of them can be created.
func TestLiveSudo(t *testing.T) {
	program, dir := copyProgram(t)
	ns := namespace(t)
	caller := []string{fmt.Sprintf("SUDO_UID=%d", somebody), fmt.Sprintf("SUDO_GID=%d", somebody)}
	s := sniff(t, ns, caller, dir, program, "-v", "-i", "lo", "-G", "1", "-w", "t-%s.pcap", "-o", "report.json")
	for range 4 {
		refused(t, ns)
		time.Sleep(600 * time.Millisecond)
	}
	want := unprivilegedThreads(somebody)
	want["Groups"] = strconv.Itoa(somebody)
	s.holds(want)
	if code := s.end(syscall.SIGTERM); code != ExitOK {
		t.Errorf("got exit code %d: %s", code, s.stderr.String())
	}
	saved, err := filepath.Glob(filepath.Join(dir, "t-*.pcap"))
	if err != nil || len(saved) < 2 {
		t.Errorf("got files %v, error %v; want some", saved, err)
	}
	for _, name := range append(saved, filepath.Join(dir, "report.json")) {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if got := info.Sys().(*syscall.Stat_t); got.Uid != somebody || got.Gid != somebody {
			t.Errorf("%s: got owner %d, group %d", name, got.Uid, got.Gid)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	again := succeedJSON(t, reading(saved...))
	if got, saved := decode(t, string(text)).Totals.Connections, decode(t, again).Totals.Connections; got != 4 || saved != 4 {
		t.Errorf("got %d connections, %d saved, want 4", got, saved)
	}
}

// TestLiveRoot: root itself stays root, and keeps nothing but that it may write
// everywhere. As nobody it may not, which is said at the start.
func TestLiveRoot(t *testing.T) {
	program, dir := copyProgram(t)
	ns := namespace(t)
	none := []string{"SUDO_UID=", "SUDO_GID="}
	s := sniff(t, ns, none, dir, program, "-v", "-i", "lo", "-w", "saved.pcap")
	want := unprivilegedThreads(0)
	want["CapPrm"], want["CapEff"], want["CapBnd"] = "0000000000000002", "0000000000000002", noCapability
	s.holds(want)
	refused(t, ns)
	if code := s.end(syscall.SIGINT); code != ExitOK || !strings.Contains(s.stdout.String(), "PROVENANCE") {
		t.Errorf("got exit code %d: %s", code, s.stderr.String())
	}
	cmd := exec.Command("ip", "netns", "exec", ns, program, "-i", "lo", "-Z", "nobody", "-w", "x.pcap")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), none...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != ExitFailed || !bytes.Contains(out, []byte("files are written as user nobody")) {
		t.Errorf("got %v, %s", err, out)
	}
}

// TestLiveSetcap: make install-setcap does for one who is not root, and without
// it the hint names both ways.
func TestLiveSetcap(t *testing.T) {
	program, dir := copyProgram(t)
	ns := namespace(t)
	as := []string{"setpriv", fmt.Sprintf("--reuid=%d", somebody), fmt.Sprintf("--regid=%d", somebody), "--clear-groups"}
	cmd := exec.Command("ip", append(append([]string{"netns", "exec", ns}, as...), program, "-i", "lo")...)
	out, _ := cmd.CombinedOutput()
	const want = "kaanalyze: error: lo: permission denied\nkaanalyze: hint: live capture needs CAP_NET_RAW; run with sudo, or once `make install-setcap`"
	if cmd.ProcessState.ExitCode() != ExitFailed || !strings.HasPrefix(string(out), want) {
		t.Errorf("got %v, %s", cmd.ProcessState, out)
	}
	if out, err := exec.Command("setcap", "cap_net_raw,cap_net_admin+eip", program).CombinedOutput(); err != nil {
		t.Skipf("setcap: %v: %s", err, out)
	}
	s := sniff(t, ns, nil, dir, append(as, program, "-v", "-i", "lo", "-w", "saved.pcap")...)
	s.holds(unprivilegedThreads(somebody))
	refused(t, ns)
	if code := s.end(syscall.SIGINT); code != ExitOK {
		t.Errorf("got exit code %d: %s", code, s.stderr.String())
	}
	if got := decode(t, succeedJSON(t, reading(filepath.Join(dir, "saved.pcap")))).Totals.Connections; got != 1 {
		t.Errorf("got %d connections saved, want 1", got)
	}
}

// TestLiveSignals: a status line, then an end of which the interface is the reason.
func TestLiveSignals(t *testing.T) {
	program, dir := copyProgram(t)
	ns := namespace(t)
	s := sniff(t, ns, nil, dir, program, "-v", "-i", "any", "--interval", "0", "-f", "ndjson", "port", "1")
	refused(t, ns)
	if err := s.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if code := s.end(syscall.SIGTERM); code != ExitOK {
		t.Errorf("got exit code %d", code)
	}
	status := regexp.MustCompile(`(?m)^kaanalyze: status: \d+s, \d+ packets, \d connections? \(\d open\), 0 requests, 0 TIME_WAIT now, 0 dropped$`)
	if !status.MatchString(s.stderr.String()) {
		t.Errorf("got no status line: %s", s.stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(s.stdout.String()), "\n")
	var last struct{ Type string }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "end" {
		t.Errorf("got last line %q, error %v", lines[len(lines)-1], err)
	}
}

// TestLiveInterfaceGone: when the interface goes down the report is written, and
// the error after it.
func TestLiveInterfaceGone(t *testing.T) {
	program, dir := copyProgram(t)
	for _, tt := range []struct{ how, want string }{
		{"link set veth0 down", "veth0: network is down"},
		{"link del veth0", "veth0: no such device"},
	} {
		ns := namespace(t)
		do(t, "ip", "-n", ns, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
		do(t, "ip", "-n", ns, "link", "set", "veth0", "up")
		do(t, "ip", "-n", ns, "link", "set", "veth1", "up")
		s := sniff(t, ns, nil, dir, program, "-v", "-i", "veth0", "--duration", "20s", "ip6 or arp")
		time.Sleep(1500 * time.Millisecond) // for IPv6's own packets
		do(t, append([]string{"ip", "-n", ns}, strings.Fields(tt.how)...)...)
		code := s.end(0)
		if code != ExitFailed || !strings.Contains(s.stderr.String(), "kaanalyze: error: "+tt.want+"\n") {
			t.Errorf("%s: got exit code %d: %s", tt.how, code, s.stderr.String())
		}
		if !strings.Contains(s.stdout.String(), "PROVENANCE") {
			t.Errorf("%s: got no report: %s", tt.how, s.stdout.String())
		}
		do(t, "ip", "netns", "del", ns)
	}
}
