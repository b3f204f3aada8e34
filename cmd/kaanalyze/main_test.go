package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/app"
)

// update rewrites the expected reports in testdata/golden.
var update = flag.Bool("update", false, "write the expected reports anew")

// recordings is where the captures are, and golden where their reports are.
var (
	recordings = filepath.Join("..", "..", "testdata")
	golden     = filepath.Join(recordings, "golden")
)

func TestMain(m *testing.M) {
	testscript.Main(m, programs)
}

// command runs the program on no standard input.
func command(args ...string) (code int, stdout, stderr string) {
	return commandOn(strings.NewReader(""), args...)
}

func commandOn(stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, stdin, &out, &err)
	return code, out.String(), err.String()
}

// succeed runs the program, which must end with 0, and returns its output.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(args...)
	if code != app.ExitOK {
		t.Fatalf("kaanalyze %s: got exit code %d, want 0; standard error:\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// hasLibpcap reports whether this build compiles all filters.
var hasLibpcap = sync.OnceValue(func() bool {
	src, err := capture.OpenFiles([]string{"-"}, capture.Options{Filter: "len > 0", Stdin: bytes.NewReader(demoCapture)})
	if err == nil {
		src.Close()
	}
	return !errors.Is(err, capture.ErrNoLibpcap)
})

// captures returns the committed captures, without directory and ending.
func captures(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.pcap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got no captures in %s, error %v", folder, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".pcap")
	}
	return files
}

// TestScripts runs the program as a person does; see testdata/script.
func TestScripts(t *testing.T) {
	dir, err := filepath.Abs(recordings)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TESTDATA", dir)
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "libpcap":
				return hasLibpcap(), nil
			case "root":
				return os.Getuid() == 0, nil
			case "pty": // some sandboxes have none
				return canOpenTerminal(), nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": wantCode,
			"cut":  cutFile,
		},
	})
}

// canOpenTerminal reports whether pseudo-terminals can be had.
func canOpenTerminal() bool {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// TestPictureOnTerminal has the other end of a terminal for standard output.
func TestPictureOnTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !app.IsTerminal(tty) {
		t.Skipf("there is no terminal here: %v", err)
	}
	defer tty.Close()
	var stderr bytes.Buffer
	code := run([]string{"--demo", "-f", "png"}, strings.NewReader(""), tty, &stderr)
	if want := "kaanalyze: error: --format png: standard output is a terminal\nkaanalyze: hint: write it to a file: -o timewait.png\n"; code != app.ExitUsage || stderr.String() != want {
		t.Errorf("got exit code %d and %q, want %d and %q", code, stderr.String(), app.ExitUsage, want)
	}
}

// TestClosedPipe writes help and a report to a pipe whose reader is gone.
func TestClosedPipe(t *testing.T) {
	for _, arg := range []string{"--help", "--demo"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var stderr bytes.Buffer
		if code := run([]string{arg}, strings.NewReader(""), w, &stderr); code != app.ExitFailed || stderr.Len() > 0 {
			t.Errorf("%s: got exit code %d and %q, want 1 and nothing", arg, code, stderr.String())
		}
		w.Close()
	}
}
