package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// TestProfile writes default.pgo, with which the compiler optimizes the
// program, from captures that KAANALYZE_BENCH names ("make profile").
func TestProfile(t *testing.T) {
	folder := os.Getenv("KAANALYZE_BENCH")
	if folder == "" {
		t.Skip("KAANALYZE_BENCH is not set")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.pcap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", folder, err)
	}
	out, err := os.Create("default.pgo")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	for _, file := range files {
		for range 3 {
			if code := run([]string{"--json", file}, strings.NewReader(""), io.Discard, io.Discard); code != app.ExitOK {
				t.Fatalf("%s: exit code %d", file, code)
			}
		}
	}
}
