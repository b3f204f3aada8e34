package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
	recorded, err := os.ReadFile(filepath.Join(recordings, demoName))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(demo, recorded) {
		t.Error("demo.pcap differs from testdata/demo.pcap; copy that here")
	}
}

// TestWorkers analyses with any number of threads, which must not show.
func TestWorkers(t *testing.T) {
	for _, name := range []string{"demo", "pool-unread", "cut-data"} {
		file := filepath.Join(recordings, name+".pcap")
		for _, format := range []string{"text", "md", "json", "ndjson", "csv"} {
			want := succeed(t, "--exchanges", "-f", format, file)
			for _, workers := range [][]string{{"--workers", "1"}, {"--workers=2"}, {"--workers", "5"}} {
				got := succeed(t, append(workers, "--exchanges", "-f", format, file)...)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s as %s with %v: -default, +%v:\n%s", name, format, workers, workers, diff)
				}
			}
		}
	}
}

// TestStreamAgrees compares the lines of NDJSON, which leave while the capture
// is being read, with the report that is written at its end.
func TestStreamAgrees(t *testing.T) {
	for _, name := range captures(t, recordings) {
		file := filepath.Join(recordings, name+".pcap")
		var whole struct {
			Totals      json.RawMessage
			Connections []json.RawMessage
			Findings    []any
		}
		if err := json.Unmarshal([]byte(succeed(t, "--json", file)), &whole); err != nil {
			t.Fatal(err)
		}
		want := map[uint64]any{}
		for _, c := range whole.Connections {
			id, v := identified(t, c)
			want[id] = v
		}
		got := map[uint64]any{}
		var totals json.RawMessage
		var findings []any
		for line := range strings.Lines(succeed(t, "-f", "ndjson", file)) {
			var of struct {
				Type       string
				Totals     json.RawMessage
				Connection uint64
				NotReused  any `json:"not_reused"`
			}
			if err := json.Unmarshal([]byte(line), &of); err != nil {
				t.Fatalf("%s: %v in the line %s", name, err, line)
			}
			switch of.Type {
			case "connection":
				id, v := identified(t, []byte(line))
				got[id] = v
			case "cause":
				got[of.Connection].(map[string]any)["not_reused"] = of.NotReused
			case "finding":
				_, v := identified(t, []byte(line))
				findings = append(findings, v)
			case "summary":
				totals = of.Totals
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: connections: -json +ndjson:\n%s", name, diff)
		}
		if diff := cmp.Diff(whole.Findings, findings, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: findings: -json +ndjson:\n%s", name, diff)
		}
		if !bytes.Equal(compact(t, totals), compact(t, whole.Totals)) {
			t.Errorf("%s: totals: got %s of ndjson, want %s of json", name, totals, whole.Totals)
		}
	}
}

// identified returns a connection's id and all but its type.
func identified(t *testing.T, data []byte) (uint64, any) {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "type")
	id, _ := v["id"].(float64)
	return uint64(id), v
}

func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
