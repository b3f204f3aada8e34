//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// notRun are the commands of pages that the test does not run, by what they begin
// with, and why. The command lines of kaanalyze in them are parsed all the same.
var notRun = map[string]string{
	"make ":             "builds; TestReadmeTargets finds the target",
	"sudo make ":        "installs; make test-packages tries that",
	"CGO_ENABLED=0 go ": "takes what is published; make test-packages does it with the checkout",
	"go doc ":           "takes what is published",
	"sudo tcpdump ":     "is another program, which captures until Ctrl-C",
	"sudo nsenter ":     "takes a container's process",
	"podman ":           "takes the image; make container runs it",
	"curl ":             "asks a program that runs beside it; internal/serve tests the answers",
	"clickhouse ":       "takes a server; make test-clickhouse has ClickHouse in a process",
	"SSLKEYLOGFILE=":    "takes the network",
}

// commandLines are the lines of the blocks for a shell, without what a comment says. A
// block that is neither that nor named as something else is an error.
func commandLines(t *testing.T, p page) []string {
	t.Helper()
	var lines []string
	language := ""
	for i, line := range strings.Split(p.text, "\n") {
		if what, ok := strings.CutPrefix(line, "```"); ok {
			if language == "" && what == "" {
				t.Errorf("%s:%d: a block begins that says not what it is", p.name, i+1)
			}
			language = what
			continue
		}
		switch {
		case language == "sh" && line != "":
			line, _, _ = strings.Cut(line, "  #")
			lines = append(lines, strings.TrimSpace(line))
		case language == "" && strings.HasPrefix(line, "    "):
			t.Errorf("%s:%d: commands stand in blocks of sh, so that they are run", p.name, i+1)
		}
	}
	return lines
}

// standIns are programs of the shell in which commands are run. kaanalyze notes what it is
// told, and runs unless it is only asked to note; a live capture is of lo, while
// two servers are asked, and what is followed is so for a second.
var standIns = map[string]string{
	"kaanalyze": `printf '%s\0' "$@" >>"$NOTES"; printf '\n' >>"$NOTES"
[ -z "$NOTE_ONLY" ] || exit 0
case " $* " in *" -i eth0 -i lo "*) # lo, and one without packets
	ip link add eth1 type veth peer name eth2; ip link set eth1 up; ip link set eth2 up; other=eth1 ;;
esac
n=$#; for word; do case $word in lo) word=${other:-lo} ;; eth0) word=lo ;; esac; set -- "$@" "$word"; done; shift $n
serve=$PROGRAMS/serve ask=$PROGRAMS/ask
case " $* " in *" --exec "*) ;; *" -i "*" -f ndjson "*) # which --exec refuses
	$serve 127.0.0.1:8080 sh -c "while $ask 127.0.0.1:8080 1; do sleep .1; done" &
	"$PROGRAMS/kaanalyze" -c 20 "$@"; code=$?; kill $!; exit $code ;;
*" --follow "*) set -- --duration 1 "$@" ;;
*" -i "*)
	set -- --exec "$serve 127.0.0.1:8080 $serve 127.0.0.1:8087 sh -c '$ask 127.0.0.1:8080 20; $ask 127.0.0.1:8087 20'" "$@" ;;
esac
exec "$PROGRAMS/kaanalyze" "$@"`,
	"sudo":    `case $1 in [A-Za-z]*=*) shift ;; esac; exec "$@"`,
	"ssh":     `cat incident.pcap`,
	"go":      `exec "$PROGRAMS/serve" 127.0.0.1:8080 "$PROGRAMS/ask" 127.0.0.1:8080 20`,
	"nsenter": `shift; exec "$@"`,
	"podman":  `while [ "$1" != kaanalyze ]; do shift; done; exec "$@"`,
}

// shell is where commands of pages are run.
type shell struct {
	t        *testing.T
	dir      string
	env      []string
	notes    string
	captures bool // it may capture, in a network of its own
}

// newShell has captures of the names that the pages use, and the stand-ins.
func newShell(t *testing.T) *shell {
	t.Helper()
	dir, bin, programsDir := t.TempDir(), t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := range programs {
		if err := os.Symlink(self, filepath.Join(programsDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range standIns {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"incident.pcap", "after.pcap", "cap.pcap0", "cap.pcap1", "cap.pcap2", "trace.pcap", "web1.pcapng", "web2.pcapng", "client.pcap", "server.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), demoCapture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.log"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(t.TempDir(), "notes")
	s := &shell{t: t, dir: dir, notes: notes, env: append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"PROGRAMS="+programsDir, "NOTES="+notes, "SUDO_UID=", "SUDO_GID=", "NOTE_ONLY=")}
	s.captures = exec.Command("env", append(slices.Clone(ownNet), "true")...).Run() == nil
	return s
}

// run runs a command, or only takes notes, and returns its exit code and output, and what
// kaanalyze was told.
func (s *shell) run(line string, noteOnly, live bool) (code int, stdout, stderr string, told [][]string) {
	s.t.Helper()
	words := []string{"sh", "-c", line}
	if live {
		words = slices.Concat(ownNet, words)
	}
	cmd := exec.Command(words[0], words[1:]...)
	var out, err bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &out, &err
	if noteOnly {
		cmd.Env = append(slices.Clone(s.env), "NOTE_ONLY=1")
	}
	_ = os.Remove(s.notes)
	_ = cmd.Run()
	noted, _ := os.ReadFile(s.notes)
	for note := range strings.Lines(string(noted)) {
		told = append(told, strings.Split(strings.TrimSuffix(note, "\x00\n"), "\x00"))
	}
	return cmd.ProcessState.ExitCode(), out.String(), err.String(), told
}

// TestReadmeCommands runs every command of the README and of docs: those that capture
// where a network of its own can be had. Where they cannot be run, what kaanalyze is told
// is parsed.
func TestReadmeCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("captures for seconds")
	}
	ran, parsed, reasons := 0, 0, map[string]bool{}
	for _, p := range pages(t) {
		s := newShell(t)
		for _, line := range commandLines(t, p) {
			if why := s.unable(line); why != "" {
				reasons[why] = true
				parsed += s.parses(p, line)
				continue
			}
			ran++
			s.succeeds(p, line)
		}
	}
	if ran < 50 {
		t.Errorf("only %d commands ran", ran)
	}
	t.Logf("%d commands ran; of %d more kaanalyze's part was parsed, because:\n%s", ran, parsed,
		strings.Join(slices.Sorted(maps.Keys(reasons)), "\n"))
}

// unable says why a command is not run, if it is not.
func (s *shell) unable(line string) string {
	for begins, why := range notRun {
		if strings.HasPrefix(line, begins) {
			return fmt.Sprintf("%q: %s", begins, why)
		}
	}
	if strings.Contains(line, "--tui") {
		return "--tui: takes a terminal; make test-view drives it"
	}
	if strings.Contains(line, " -i ") && !s.captures {
		return "-i: takes a network of its own"
	}
	for _, program := range []string{"jq", "tshark"} {
		if _, err := exec.LookPath(program); err != nil && strings.Contains(line, program+" ") {
			return program + ": is not here"
		}
	}
	return ""
}

// parses has the program understand what a command tells it.
func (s *shell) parses(p page, line string) int {
	if !regexp.MustCompile(`\bkaanalyze\b`).MatchString(line) || strings.Contains(line, "go doc ") || strings.Contains(line, "go install ") {
		return 0
	}
	_, _, _, told := s.run(line, true, false)
	if len(told) == 0 {
		s.t.Errorf("%s: %s: kaanalyze is not called", p.name, line)
	}
	for _, args := range told {
		if _, err := parse(args); err != nil {
			s.t.Errorf("%s: %s: %v", p.name, line, err)
		}
	}
	return 1
}

// mayBeEmpty are recipes to which the demo has no answer.
var mayBeEmpty = regexp.MustCompile(`rst_by|not_judged|>[a-z]+\.json$`)

// succeeds runs a command, which must do something and say nothing else.
func (s *shell) succeeds(p page, line string) {
	code, stdout, stderr, _ := s.run(line, false, strings.Contains(line, " -i "))
	want := app.ExitOK
	if strings.Contains(line, "--fail-on") && !strings.Contains(line, "--exec") {
		want = app.ExitGate
	}
	if code != want || stdout == "" && !mayBeEmpty.MatchString(line) {
		s.t.Errorf("%s: %s: got exit code %d, want %d; %d bytes, standard error:\n%s", p.name, line, code, want, len(stdout), stderr)
	}
	if strings.HasPrefix(line, "jq ") && strings.Contains(stdout, "null") {
		s.t.Errorf("%s: %s: answers null:\n%s", p.name, line, stdout)
	}
}

// TestReadmeCommandsInText parses the commands that stand in a sentence.
func TestReadmeCommandsInText(t *testing.T) {
	s := newShell(t)
	for _, p := range pages(t) {
		for _, m := range regexp.MustCompile("`((?:sudo )?kaanalyze -[^`]*|kaanalyze [a-z][^`]*)`").FindAllStringSubmatch(p.text, -1) {
			s.parses(p, m[1])
		}
	}
}
