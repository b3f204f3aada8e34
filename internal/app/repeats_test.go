package app

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepeats holds recordings to what their programs did with requests that were lost:
// net/http and Java's HttpURLConnection send them again.
func TestRepeats(t *testing.T) {
	for name, want := range map[string]struct {
		outcome string
		n       int
	}{
		"go-stale-race": {"recovered", 4}, "go-stale-race-server": {"recovered", 4}, "half-open": {"recovered", 4},
		"incidents/jdk-post-twice": {"executed_twice", 4},
		"go-reuse":                 {"", 0}, "incidents/c09c_close_ignored": {"", 0}, // its client goes on with the next request
	} {
		var got struct {
			Repeats []struct {
				Lost, Connection uint64
				Outcome          string
			}
			Findings []struct{ Rule string }
		}
		report := succeedJSON(t, Config{Read: []string{filepath.Join(recordings, name+".pcap")}})
		if err := json.Unmarshal([]byte(report), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Repeats) != want.n {
			t.Errorf("%s: got %d repeats, want %d", name, len(got.Repeats), want.n)
		}
		for _, r := range got.Repeats {
			if r.Outcome != want.outcome || r.Lost == r.Connection {
				t.Errorf("%s: got %+v, want %s on another connection", name, r, want.outcome)
			}
		}
		if told := strings.Contains(report, `"rule":"KA1058","severity":"medium"`); told != (want.outcome == "executed_twice") {
			t.Errorf("%s: KA1058 tells of it: %v", name, told)
		}
	}
}
