package app

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An originExample is an example of a finding in JSON, as far as packets go.
type originExample struct {
	Packets      []uint64
	Source       *string
	SourcePacket *uint64 `json:"source_packet"`
}

// records returns the header and the records of a pcap file with little-endian
// numbers.
func records(t *testing.T, file string) (header []byte, list [][]byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, b = b[:24], b[24:]
	for len(b) > 0 {
		n := 16 + binary.LittleEndian.Uint32(b[8:])
		list = append(list, b[:n])
		b = b[n:]
	}
	return header, list
}

// TestOrigins reads a capture that is one file, rotated ones, or ones that
// interfaces have recorded side by side. Findings are the same, and their examples
// say where to look.
func TestOrigins(t *testing.T) {
	const files = 3
	for _, name := range []string{"demo", "go-stale-race", "cut-idle"} {
		whole := filepath.Join(recordings, name+".pcap")
		header, list := records(t, whole)
		for way, fileOf := range map[string]func(i int) int{
			"rotated":     func(i int) int { return i * files / len(list) },
			"interleaved": func(i int) int { return i * i % files },
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				parts, paths, want := make([][]byte, files), make([]string, files), map[uint64]string{}
				next := [files]int{}
				for i, r := range list {
					at := fileOf(i)
					next[at]++
					parts[at] = append(parts[at], r...)
					want[uint64(i+1)] = fmt.Sprintf("%d of %d.pcap", next[at], at)
				}
				dir := t.TempDir()
				for i, p := range parts {
					paths[i] = filepath.Join(dir, fmt.Sprintf("%d.pcap", i))
					if err := os.WriteFile(paths[i], append(header[:24:24], p...), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				one, several := findingsOf(t, Config{Read: []string{whole}}, nil), findingsOf(t, Config{Read: paths}, want)
				if diff := cmp.Diff(one, several); diff != "" {
					t.Errorf("findings but for where they come from: -one file +%d:\n%s", files, diff)
				}
			})
		}
	}
}

// findingsOf returns the findings of a report as JSON, and as NDJSON has them, but
// for the origin of their examples. That must be as in want, by packet.
func findingsOf(t *testing.T, c Config, want map[uint64]string) any {
	t.Helper()
	var report struct{ Findings []json.RawMessage }
	if err := json.Unmarshal([]byte(succeedJSON(t, c)), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) == 0 {
		t.Fatal("no findings")
	}
	c.Format = "ndjson"
	var lines []json.RawMessage
	for line := range strings.Lines(succeed(t, c)) {
		if strings.HasPrefix(line, `{"type":"finding"`) {
			lines = append(lines, json.RawMessage(line))
		}
	}
	if len(lines) != len(report.Findings) {
		t.Errorf("got %d findings in NDJSON, want %d", len(lines), len(report.Findings))
	}
	var all []any
	for _, raw := range append(report.Findings, lines...) {
		var f struct{ Examples []originExample }
		var rest map[string]any
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &rest); err != nil {
			t.Fatal(err)
		}
		for i, x := range f.Examples {
			checkOrigin(t, x, want)
			delete(rest["examples"].([]any)[i].(map[string]any), "source")
			delete(rest["examples"].([]any)[i].(map[string]any), "source_packet")
		}
		all = append(all, rest)
	}
	return all
}

// checkOrigin wants an example to say where its first packet comes from, if that
// is one of several files.
func checkOrigin(t *testing.T, x originExample, want map[uint64]string) {
	t.Helper()
	if want == nil || len(x.Packets) == 0 {
		if x.Source != nil || x.SourcePacket != nil {
			t.Errorf("packets %d: got an origin, want none", x.Packets)
		}
		return
	}
	if x.Source == nil || x.SourcePacket == nil {
		t.Errorf("packets %d: got no origin", x.Packets)
		return
	}
	if got := fmt.Sprintf("%d of %s", *x.SourcePacket, filepath.Base(*x.Source)); got != want[x.Packets[0]] {
		t.Errorf("packet %d: got packet %s, want %s", x.Packets[0], got, want[x.Packets[0]])
	}
}

// TestOriginsAnonymized: files have the names that the report lists.
func TestOriginsAnonymized(t *testing.T) {
	demo := filepath.Join(recordings, "demo.pcap")
	header, list := records(t, demo)
	var files []string
	for i, part := range [][][]byte{list[:len(list)/2], list[len(list)/2:]} {
		name := filepath.Join(t.TempDir(), fmt.Sprintf("secret-%d.pcap", i))
		b := header[:24:24]
		for _, r := range part {
			b = append(b, r...)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	text := succeedJSON(t, Config{Read: files, Anonymize: "key"})
	if strings.Contains(text, "secret-") || !strings.Contains(text, `"source":"capture-1.pcap","source_packet":`) {
		t.Errorf("got %s", text)
	}
}
