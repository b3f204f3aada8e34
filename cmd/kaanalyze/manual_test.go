package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// examples returns the indented lines of doc.go that begin with the program's
// name.
func examples(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range regexp.MustCompile(`(?m)^//\tkaanalyze ([^\[\n]+)$`).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// TestManualExamples runs the examples of the manual on the demo capture.
func TestManualExamples(t *testing.T) {
	lines := examples(t)
	if len(lines) < 8 {
		t.Fatalf("got %d examples", len(lines))
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"incident.pcapng", "after.pcapng"} {
		if err := os.WriteFile(name, demoCapture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range lines {
		var stdin bytes.Buffer
		line, redirected := strings.CutSuffix(line, " <incident.pcapng")
		if redirected {
			stdin.Write(demoCapture)
		}
		if strings.Contains(line, "--tui") { // make test-view shows that
			continue
		}
		code, stdout, stderr := commandOn(&stdin, strings.Fields(strings.ReplaceAll(line, "'", ""))...)
		if code != app.ExitOK || stdout == "" || stderr != "" {
			t.Errorf("kaanalyze %s: got exit code %d, %d bytes, standard error %q", line, code, len(stdout), stderr)
		}
	}
	for _, name := range []string{"report.html", "ticket.md", "demo.html", "connections.csv", "timewait.svg", "timewait.png"} {
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%s: got none, error %v", name, err)
		}
	}
}

// TestGoldenReadme compares the report in the README with that of make demo.
func TestGoldenReadme(t *testing.T) {
	name := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "```text\n")
	shown, after, ended := strings.Cut(rest, "```\n")
	if !ok || !ended {
		t.Fatal("the README shows no report")
	}
	report := succeed(t, "--demo")
	if *update {
		text := before + "```text\n" + report + "```\n" + after
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(report, "\n"), strings.Split(shown, "\n")); diff != "" {
		t.Errorf("-make demo, +README; make golden if it is right:\n%s", diff)
	}
}

// TestReadmeView compares the view in the README with the one that is tested.
func TestReadmeView(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	view, err := os.ReadFile(filepath.Join("..", "..", "internal", "tui", "testdata", "demo-connections-80x24.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "```\n"+string(view)+"```\n") {
		t.Errorf("the README does not show\n%s", view)
	}
}

// TestReadmeFlags finds every flag that the README and the manual name in the
// help.
func TestReadmeFlags(t *testing.T) {
	help := usage()
	for _, name := range []string{filepath.Join("..", "..", "README.md"), "doc.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z0-9-]+`).FindAllString(string(text), -1) {
			if !strings.Contains(help, flag+" ") && !strings.Contains(help, flag+"[=") {
				t.Errorf("%s: %s is not in the help", name, flag)
			}
		}
	}
}
