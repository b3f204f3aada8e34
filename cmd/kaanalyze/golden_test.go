package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGoldenReports compares the reports of the captures that have one in
// testdata/golden; make golden writes them anew. An empty NAME.txt there adds
// a capture.
func TestGoldenReports(t *testing.T) {
	for _, folder := range []string{".", "fixtures"} {
		for _, name := range captures(t, filepath.Join(recordings, folder)) {
			if _, err := os.Stat(filepath.Join(golden, name+".txt")); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				folder := filepath.Join(recordings, folder)
				compare(t, name+".txt", inFolder(t, folder, name+".pcap"))
				compare(t, name+".json", inFolder(t, folder, "--json", name+".pcap"))
			})
		}
	}
}

// inFolder runs the program in the captures' folder: reports name the file as
// the command line does.
func inFolder(t *testing.T, folder string, args ...string) string {
	t.Helper()
	back, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(folder); err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(back)
	return succeed(t, args...)
}

// TestGoldenFormats does the same for what only some flags write.
func TestGoldenFormats(t *testing.T) {
	for file, args := range map[string][]string{
		"demo.ndjson":          {"-f", "ndjson", "demo.pcap"},
		"demo.csv":             {"-f", "csv", "demo.pcap"},
		"demo.md":              {"-f", "md", "demo.pcap"},
		"timing-conn-1.md":     {"--conn", "1", "-f", "md", "timing.pcap"},
		"demo-one-server.txt":  {"--server", "10.20.0.2:8081", "--top", "3", "demo.pcap"},
		"timing-conn-1.txt":    {"--conn", "1", "timing.pcap"},
		"timing-conn-1.json":   {"--conn", "1", "--json", "timing.pcap"},
		"cut-idle-conn-1.txt":  {"--conn", "1", "cut-idle.pcap"},
		"rotated.txt":          {"go-reuse.pcap", "go-unread-small.pcap"},
		"demo.svg":             {"-f", "svg", "demo.pcap"},
		"cut-idle.svg":         {"-f", "svg", "cut-idle.pcap"},
		"go-readtimeout.svg":   {"-f", "svg", "go-readtimeout.pcap"},
		"timing-anonymized.md": {"--anonymize=lab", "--conn", "1", "-f", "md", "timing.pcap"},
		"demo-anonymized.txt":  {"--anonymize=lab", "demo.pcap"},
	} {
		t.Run(file, func(t *testing.T) {
			compare(t, file, inFolder(t, recordings, args...))
		})
	}
}

// compare compares a report with the expected one, or writes that.
func compare(t *testing.T, file, got string) {
	t.Helper()
	name := filepath.Join(golden, file)
	if *update {
		if err := os.MkdirAll(golden, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s: want -, got +; make golden if it is right:\n%s", file, diff)
	}
}

// TestGoldenFilesAreUsed finds expected reports of captures that are gone.
func TestGoldenFilesAreUsed(t *testing.T) {
	if *update {
		t.Skip("they are being written")
	}
	files, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Concat(captures(t, recordings), captures(t, filepath.Join(recordings, "fixtures")))
	for _, f := range files {
		base := strings.TrimSuffix(f.Name(), filepath.Ext(f.Name()))
		known := slices.ContainsFunc(names, func(n string) bool { return base == n || strings.HasPrefix(base, n+"-") })
		if !known && base != "rotated" {
			t.Errorf("%s belongs to no capture", f.Name())
		}
	}
}

// TestDemoIsRecording holds the built-in capture to the lab's.
func TestDemoIsRecording(t *testing.T) {
	recorded, err := os.ReadFile(filepath.Join(recordings, "demo.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(demoCapture, recorded) {
		t.Error("demo.pcap differs from testdata/demo.pcap; copy that here")
	}
}
