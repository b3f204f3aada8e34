package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
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
		streamAgrees(t, filepath.Join(recordings, name+".pcap"))
	}
}

// TestStreamAgreesWithoutEnd has connections whose end was not captured, and that
// leave before the capture ends: they are judged as at its end.
func TestStreamAgreesWithoutEnd(t *testing.T) {
	const opened = "0 > S\n0.001 < S.\n0.002 > .\n1 > P. \"GET / HTTP/1.1\\r\\n\\r\\n\"\n"
	const answered = opened + "2 < P. \"HTTP/1.1 204 No Content\\r\\n\\r\\n\"\n"
	const again = "80 > S 900000:900000(0)\n80.001 < S. 900000:900000(0) ack 900001\n80.002 > .\n200 > .\n"
	const other = "conn 2\n1 > S\n1.001 < S.\n1.002 > .\n200 > .\n"
	for name, script := range map[string]string{
		"port taken again while idle":        answered + again,
		"port taken again while busy":        opened + again,
		"port taken again while half closed": answered + "3 < F.\n3.001 > .\n" + again,
		"refused, but used all the same": "0 > S\n0.001 < R.\n1 > P. \"GET / HTTP/1.1\\r\\n\\r\\n\"\n" +
			"2 < P. \"HTTP/1.1 204 No Content\\r\\n\\r\\n\"\n2.001 > .\n3 < F.\n3.001 > .\n" + other,
	} {
		file := filepath.Join(t.TempDir(), name+".pcap")
		if err := os.WriteFile(file, capturetest.Pcap(t, script), 0o666); err != nil {
			t.Fatal(err)
		}
		streamAgrees(t, file)
		if a := ask(t, reading(file)); len(a.Connections) != 2 {
			t.Errorf("%s: got %d connections, want 2", name, len(a.Connections))
		}
	}
}

// streamAgrees compares the lines of NDJSON of a file with its report in JSON.
func streamAgrees(t rapid.TB, file string) {
	t.Helper()
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
			t.Fatalf("%s: %v in the line %s", file, err, line)
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
		t.Errorf("%s: connections: -json +ndjson:\n%s", file, diff)
	}
	if diff := cmp.Diff(whole.Findings, findings, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: findings: -json +ndjson:\n%s", file, diff)
	}
	if !bytes.Equal(compact(t, totals), compact(t, whole.Totals)) {
		t.Errorf("%s: totals: got %s of ndjson, want %s of json", file, totals, whole.Totals)
	}
}

// identified returns a connection's id and all but its type.
func identified(t rapid.TB, data []byte) (uint64, any) {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "type")
	id, _ := v["id"].(float64)
	return uint64(id), v
}

func compact(t rapid.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
