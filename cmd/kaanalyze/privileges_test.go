//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// These tests run the program as a process of its own, as root and in the containers that
// unshare and setpriv make, and look what its threads may do. What they capture is on the
// loopback of a network of their own.

// somebody is a user and a group that nobody has.
const somebody = 54321

// Capabilities as /proc shows them.
const (
	noCapability = "0000000000000000"
	dacOverride  = "0000000000000002"
	netRaw       = "0000000000002000"
)

// wrappers are commands that start another one with less than root has.
var (
	withoutDAC = []string{"setpriv", "--bounding-set=-dac_override"}
	netRawRoot = []string{"setpriv", "--bounding-set=-all,+net_raw"}
	netRawUser = []string{"setpriv", "--reuid=54321", "--regid=54321", "--clear-groups",
		"--inh-caps=+net_raw", "--ambient-caps=+net_raw", "--bounding-set=-all,+net_raw"}
	nobodyElse   = []string{"setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"}
	withoutUsers = []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs none /etc && exec "$@"`, "sh"}
	withoutProc  = []string{"unshare", "--mount", "sh", "-c", `umount -l /proc && exec "$@"`, "sh"}
	withoutAdmin = []string{"setpriv", "--bounding-set=-sys_admin"}
	ownPIDs      = []string{"unshare", "--pid", "--fork"}
	ownNet       = []string{"unshare", "--net", "sh", "-c", `ip link set lo up && exec "$@"`, "sh"}
	ownUsers     = []string{"unshare", "--user", "--map-root-user"}
)

// noThreads is what a program with C in it says where it cannot find its threads.
const noThreads = "kaanalyze: error: give up privileges: /proc does not list this process, so not all of its threads can be reached\nkaanalyze: hint: mount proc there"

// threads is what all threads of a user hold.
func threads(uid int, capabilities, bounding string) map[string]string {
	four := strings.TrimSpace(strings.Repeat(strconv.Itoa(uid)+" ", 4))
	return map[string]string{"Uid": four, "Gid": four, "NoNewPrivs": "1", "CapInh": noCapability, "CapAmb": noCapability,
		"CapPrm": capabilities, "CapEff": capabilities, "CapBnd": bounding}
}

// folder makes a folder for its owner alone.
func folder(t *testing.T, owner int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "own")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, owner, owner)); err != nil {
		t.Fatal(err)
	}
	for up := filepath.Dir(dir); up != "/" && up != os.TempDir(); up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ownedBy checks whom files belong to.
func ownedBy(t *testing.T, owner int, names ...string) {
	t.Helper()
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if got := info.Sys().(*syscall.Stat_t); int(got.Uid) != owner || int(got.Gid) != owner {
			t.Errorf("%s: got owner %d, group %d, want %d", name, got.Uid, got.Gid, owner)
		}
	}
}

// TestLivePrivileges captures as root and as others, in containers that take something
// away from them: who the program is meanwhile, what its threads may do, where it may
// write, and what it says where it may not.
func TestLivePrivileges(t *testing.T) {
	if !hasLibpcap() || testing.Short() {
		t.Skip("this build cannot capture, or it takes too long")
	}
	program := executable(t)
	sudo := []string{"SUDO_UID=54321", "SUDO_GID=54321"}
	for _, c := range []struct {
		name    string
		outer   []string // wraps the network
		wrapper []string
		env     []string
		flags   []string
		folder  int // its owner
		want    map[string]string
		owner   int
		refused string // "" if it captures
	}{
		{name: "root", want: threads(0, dacOverride, noCapability)},
		{name: "root in a folder of somebody", folder: somebody, want: threads(0, dacOverride, noCapability)},
		{name: "root without CAP_DAC_OVERRIDE", wrapper: withoutDAC, want: threads(0, noCapability, noCapability)},
		{name: "root without CAP_DAC_OVERRIDE in a folder of somebody", wrapper: withoutDAC, folder: somebody,
			refused: "kaanalyze: error: save capture to \"saved.pcap\": permission denied\nkaanalyze: hint: this root has no CAP_DAC_OVERRIDE, so it may write only "},
		{name: "root with CAP_NET_RAW alone", wrapper: netRawRoot, want: threads(0, noCapability, netRaw)},
		{name: "root with CAP_NET_RAW alone, called by sudo", wrapper: netRawRoot, env: sudo, want: threads(0, noCapability, netRaw)},
		{name: "root with CAP_NET_RAW alone, as another user", wrapper: netRawRoot, flags: []string{"-Z", "nobody"},
			refused: "kaanalyze: error: -Z nobody: root cannot become another user here without CAP_SETUID and CAP_SETGID\nkaanalyze: hint: without -Z it stays root"},
		{name: "somebody with CAP_NET_RAW alone", wrapper: netRawUser, folder: somebody, want: threads(somebody, noCapability, netRaw), owner: somebody},
		{name: "somebody with nothing", wrapper: nobodyElse, folder: somebody, refused: "kaanalyze: error: lo: permission denied\nkaanalyze: hint: live capture needs CAP_NET_RAW; "},
		{name: "called by sudo", env: sudo, folder: somebody, want: threads(somebody, noCapability, noCapability), owner: somebody},
		{name: "called by sudo in a folder of root", env: sudo,
			refused: "kaanalyze: error: save capture to \"saved.pcap\": permission denied\nkaanalyze: hint: files are written as user 54321, who called sudo; name a folder where that user may, or stay root with -Z root\n"},
		{name: "called by sudo, and root by name", env: sudo, flags: []string{"-Z", "root"}, want: threads(0, dacOverride, noCapability)},
		{name: "another user by number", flags: []string{"-Z", "54321"}, folder: somebody, want: threads(somebody, noCapability, noCapability), owner: somebody},
		{name: "another user in a folder of root", flags: []string{"-Z", "54321"},
			refused: "kaanalyze: error: save capture to \"saved.pcap\": permission denied\nkaanalyze: hint: files are written as user 54321; name a folder where that user may, or another user with -Z\n"},
		{name: "nobody without a passwd file", wrapper: withoutUsers, flags: []string{"-Z", "nobody"}, folder: 65534,
			want: threads(65534, noCapability, noCapability), owner: 65534},
		{name: "root without a passwd file", wrapper: withoutUsers, want: threads(0, dacOverride, noCapability)},
		{name: "own processes, but not in /proc", wrapper: ownPIDs, want: threads(0, dacOverride, noCapability)},
		{name: "no /proc", wrapper: withoutProc, want: threads(0, dacOverride, noCapability)},
		{name: "no /proc, and none may be mounted", wrapper: slices.Concat(withoutProc, withoutAdmin), refused: noThreads},
		{name: "own users", outer: ownUsers, want: threads(0, dacOverride, noCapability)},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := slices.Concat(c.outer, ownNet, c.wrapper)
			may(t, network)
			dir := folder(t, c.folder)
			words := slices.Concat(network, []string{program, "-v", "-i", "lo", "-w", "saved.pcap", "-o", "report.json"}, c.flags)
			p := start(t, dir, c.env, nil, words...)
			if c.refused != "" {
				if code := p.end(0); code != app.ExitFailed || !strings.Contains(p.stderr.String(), c.refused) {
					t.Errorf("got exit code %d and %q, want %q", code, p.stderr.String(), c.refused)
				}
				return
			}
			if !p.until(func() bool { return strings.Contains(p.stderr.String(), "capturing from") }) {
				t.Fatalf("it does not capture: %s", p.stderr.String())
			}
			if wrong := p.holds(c.want); wrong != "" {
				t.Error(wrong)
			}
			inside := fmt.Sprintf("--net=/proc/%d/ns/net", p.pid())
			if out, err := exec.Command("nsenter", inside, filepath.Join(filepath.Dir(program), "dial")).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if code := p.end(syscall.SIGINT); code != app.ExitOK || !strings.Contains(p.stdout.String(), "127.0.0.1:1 refuses connections") {
				t.Errorf("got exit code %d, %s%s", code, p.stdout.String(), p.stderr.String())
			}
			saved := filepath.Join(dir, "saved.pcap")
			ownedBy(t, c.owner, saved, filepath.Join(dir, "report.json"))
			if again := succeed(t, saved); !strings.Contains(again, "127.0.0.1:1 refuses connections") {
				t.Errorf("got from what was saved %s", again)
			}
		})
	}
}

// TestLivePipe saves to a pipe that nobody reads: the report follows, and the error.
func TestLivePipe(t *testing.T) {
	if !hasLibpcap() {
		t.Skip("this build cannot capture")
	}
	program := executable(t)
	may(t, ownNet)
	dir := folder(t, 0)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, nil, nil, slices.Concat(ownNet, []string{program, "-i", "lo", "-w", "pipe", "-o", "report.txt"})...)
	open := threads(0, dacOverride, noCapability) // once the interface is
	if !p.until(func() bool { return p.holds(open) == "" }) {
		t.Fatal(p.holds(open), p.stderr.String())
	}
	inside := fmt.Sprintf("--net=/proc/%d/ns/net", p.pid())
	if out, err := exec.Command("nsenter", inside, filepath.Join(filepath.Dir(program), "dial")).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if code := p.end(syscall.SIGTERM); code != app.ExitFailed || !strings.Contains(p.stderr.String(), `error: save capture to "pipe": interrupted: nobody reads this pipe`) {
		t.Errorf("got exit code %d, %s", code, p.stderr.String())
	}
	if text, err := os.ReadFile(filepath.Join(dir, "report.txt")); err != nil || !bytes.Contains(text, []byte("127.0.0.1:1 refuses connections")) {
		t.Errorf("got the report %s, error %v", text, err)
	}
}

// TestFilePrivileges reads as root and as others what is on standard input and in files.
func TestFilePrivileges(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	cgo := slices.Contains(info.Settings, debug.BuildSetting{Key: "CGO_ENABLED", Value: "1"})
	testFilePrivileges(t, executable(t), cgo)
}

// TestFilePrivilegesStatic does the same with a program that no C is linked to.
func TestFilePrivilegesStatic(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	program := executable(t)
	build := exec.Command("go", "build", "-pgo=off", "-buildvcs=false", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	testFilePrivileges(t, program, false)
}

func testFilePrivileges(t *testing.T, program string, cgo bool) {
	private := filepath.Join(folder(t, somebody), "private.pcap")
	if err := errors.Join(os.WriteFile(private, demoCapture, 0o600), os.Chown(private, somebody, somebody)); err != nil {
		t.Fatal(err)
	}
	setUser := filepath.Join(filepath.Dir(program), "set-user-ID", "kaanalyze")
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Dir(setUser), 0o755), os.WriteFile(setUser, data, 0o755), os.Chmod(setUser, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	const missing = "hint: this root has no CAP_DAC_OVERRIDE, so it may read only what any user with its number might\n"
	t.Run("no /proc, and none may be mounted", func(t *testing.T) {
		wrapper := slices.Concat(withoutProc, withoutAdmin)
		may(t, wrapper)
		p := start(t, folder(t, 0), nil, nil, slices.Concat(wrapper, []string{program, private})...)
		if code := p.end(0); cgo != (code == app.ExitFailed) || cgo && !strings.Contains(p.stderr.String(), noThreads) {
			t.Errorf("got exit code %d and %s", code, p.stderr.String())
		}
	})
	for _, c := range []struct {
		name    string
		wrapper []string
		program string
		folder  int
		want    map[string]string
		refused string // that the private file may not be read
	}{
		{"root", nil, program, 0, threads(0, dacOverride, noCapability), ""},
		{"root in a folder of somebody", nil, program, somebody, threads(0, dacOverride, noCapability), ""},
		{"root without CAP_DAC_OVERRIDE", withoutDAC, program, 0, threads(0, noCapability, noCapability), missing},
		{"root with CAP_NET_RAW alone", netRawRoot, program, 0, threads(0, noCapability, netRaw), missing},
		{"somebody with CAP_NET_RAW alone", netRawUser, program, somebody, threads(somebody, noCapability, netRaw), ""},
		{"own processes, but not in /proc", ownPIDs, program, 0, threads(0, dacOverride, noCapability), ""},
		{"set-user-ID root", nobodyElse, setUser, somebody, map[string]string{"Uid": threads(somebody, "", "")["Uid"], "NoNewPrivs": "1", "CapPrm": noCapability}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			may(t, c.wrapper)
			dir := folder(t, c.folder)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			p := start(t, dir, nil, r, slices.Concat(c.wrapper, []string{c.program, "-o", "report.json", "-"})...)
			r.Close()
			if _, err := w.Write(demoCapture[:10_000]); err != nil {
				t.Fatal(err)
			}
			if !p.until(func() bool { return p.holds(c.want) == "" }) {
				t.Error(p.holds(c.want), p.stderr.String())
			}
			if _, err := w.Write(demoCapture[10_000:]); err != nil {
				t.Error(err)
			}
			w.Close()
			if code := p.end(0); code != app.ExitOK {
				t.Errorf("got exit code %d: %s", code, p.stderr.String())
			}
			p = start(t, dir, nil, nil, slices.Concat(c.wrapper, []string{c.program, "-o", "again.json", "--evidence", "proof.pcap", private})...)
			code := p.end(0)
			if c.refused != "" {
				if code != app.ExitFailed || !strings.HasSuffix(p.stderr.String(), c.refused) {
					t.Errorf("got exit code %d and %q, want %q", code, p.stderr.String(), c.refused)
				}
				return
			}
			if code != app.ExitOK {
				t.Errorf("got exit code %d: %s", code, p.stderr.String())
			}
			owner := 0
			if strings.Contains(c.want["Uid"], strconv.Itoa(somebody)) {
				owner = somebody
			}
			ownedBy(t, owner, filepath.Join(dir, "report.json"), filepath.Join(dir, "again.json"), filepath.Join(dir, "proof.pcap"))
		})
	}
}
