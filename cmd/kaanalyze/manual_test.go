package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

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
