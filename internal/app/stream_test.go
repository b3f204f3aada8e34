package app

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestWorkers analyses with any number of threads, which must not show.
func TestWorkers(t *testing.T) {
	for _, name := range []string{"demo", "pool-unread", "cut-data"} {
		file := filepath.Join(recordings, name+".pcap")
		for _, format := range []string{"text", "md", "json", "ndjson", "csv"} {
			want := succeed(t, Config{Read: []string{file}, Exchanges: true, Format: format})
			for _, workers := range []int{1, 2, 5} {
				got := succeed(t, Config{Read: []string{file}, Exchanges: true, Format: format, Workers: workers})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s as %s with %d workers: -default, +%d:\n%s", name, format, workers, workers, diff)
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
		if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &whole); err != nil {
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
		for line := range strings.Lines(succeed(t, Config{Read: []string{file}, Format: "ndjson"})) {
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
