//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestEachSignal: a signal ends the capture that is being read, and none follows.
func TestEachSignal(t *testing.T) {
	program := executable(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "web1.pcap"), demoCapture, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := start(t, dir, nil, r, program, "--each", "-v", "-f", "ndjson", "-o", "report.ndjson", "-", "web1.pcap")
	r.Close()
	if _, err := w.Write(demoCapture[:20_000]); err != nil {
		t.Fatal(err)
	}
	if !p.until(func() bool { return strings.Contains(p.stdout.String(), `"sources":["-"]`) }) {
		t.Fatalf("it does not begin: %s", p.stderr.String())
	}
	if code := p.end(syscall.SIGINT); code != app.ExitOK || !strings.Contains(p.stderr.String(), "interrupted; there is no report of 1 capture more") {
		t.Errorf("got exit code %d, %s", code, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "report-stdin.ndjson")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report-web1.ndjson")); err == nil {
		t.Error("there is a report of the capture behind")
	}
}
