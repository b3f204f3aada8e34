package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestMended compares recordings of a mistake with those of the same programs
// without it: the finding is gone.
func TestMended(t *testing.T) {
	for _, x := range []struct{ before, now, rule string }{
		{"go-unread-small", "go-unread-small-fixed", "KA1014"},
		{"nginx-keepalive-off", "nginx-keepalive-on", "KA1003"},
		{"nginx-proxy-http10", "nginx-proxy-keepalive", "KA1005"},
		{"node-5s", "node-raised", "KA1008"},
		{"pool-default", "pool-large", "KA1011"},
		{"go-readtimeout", "go-readtimeout-fixed", "KA1009"},
	} {
		t.Run(x.now, func(t *testing.T) {
			before, now := filepath.Join(recordings, x.before+".pcap"), filepath.Join(recordings, x.now+".pcap")
			file := filepath.Join(t.TempDir(), "before.json")
			report := succeedJSON(t, reading(before))
			if err := os.WriteFile(file, []byte(report), 0o666); err != nil {
				t.Fatal(err)
			}
			type finding struct{ Rule string }
			var got struct {
				Verdict  struct{ Level string }
				Baseline struct {
					Verdict  struct{ Level string }
					Change   string
					Metrics  []struct{ Name, Change string }
					Findings struct{ Gone, Kept, New []finding }
				}
			}
			if err := json.Unmarshal([]byte(succeedJSON(t, Config{Read: []string{now}, Baseline: file})), &got); err != nil {
				t.Fatal(err)
			}
			b := &got.Baseline
			equal(t, "the verdict before", b.Verdict.Level, "problem")
			equal(t, "the verdict now", got.Verdict.Level, "ok")
			equal(t, "the change", b.Change, "better")
			if !slices.Contains(b.Findings.Gone, finding{x.rule}) || len(b.Findings.Kept)+len(b.Findings.New) > 0 {
				t.Errorf("findings: got %+v, want %s gone and nothing else", b.Findings, x.rule)
			}
			for _, m := range b.Metrics {
				if m.Change == "worse" || m.Name == "reuse_ratio" && m.Change != "better" {
					t.Errorf("%s: got %s", m.Name, m.Change)
				}
			}
			code, _, _ := command(Config{Read: []string{now}, FailOn: []string{"finding=" + x.rule}})
			equal(t, "the exit code with --fail-on", code, ExitOK)
			code, _, _ = command(Config{Read: []string{before}, FailOn: []string{"finding=" + x.rule}})
			equal(t, "the exit code with --fail-on, before", code, ExitGate)
		})
	}
}
