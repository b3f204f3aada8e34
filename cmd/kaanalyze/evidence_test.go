package main

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// evidenceAnswer is what reports with --evidence say of it.
type evidenceAnswer struct {
	Evidence struct {
		Same        bool `json:"same_verdict"`
		Connections []struct {
			Connection uint64
			Stream     int64 `json:"evidence_stream"`
		}
		Packets []uint64
	}
}

// TestEvidence holds the evidence of each recording to what the recording shows: the
// same findings, and of each connection in it the same facts.
func TestEvidence(t *testing.T) {
	for _, name := range captures(t, recordings) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "evidence.pcap")
			text := succeed(t, "--json", "-q", "--evidence", file, filepath.Join(recordings, name+".pcap"))
			all := decode(t, text)
			var e evidenceAnswer
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			alone := ask(t, "-q", file)
			if !e.Evidence.Same {
				t.Error("the report says that the evidence gives another verdict")
			}
			if diff := cmp.Diff(rulesOf(all), rulesOf(alone)); diff != "" {
				t.Errorf("rules in the capture (-) and its evidence (+) differ:\n%s", diff)
			}
			if len(alone.Connections) != len(e.Evidence.Connections) {
				t.Fatalf("the evidence has %d connections, and the report names %d", len(alone.Connections), len(e.Evidence.Connections))
			}
			for i := range alone.Connections {
				want := all.Connections[e.Evidence.Connections[i].Connection-1]
				want.ID, want.Stream = alone.Connections[i].ID, &e.Evidence.Connections[i].Stream
				if diff := cmp.Diff(want, alone.Connections[i], cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
					t.Errorf("connection %d in the capture (-) and its evidence (+) differ:\n%s", i+1, diff)
				}
			}
			if n := int(alone.Capture.Packets); n != len(e.Evidence.Packets) {
				t.Errorf("the evidence has %d packets, and the report names %d", n, len(e.Evidence.Packets))
			}
		})
	}
}

func rulesOf(a *answer) (rules []string) {
	for i := range a.Findings {
		rules = append(rules, a.Findings[i].Rule)
	}
	return rules
}
