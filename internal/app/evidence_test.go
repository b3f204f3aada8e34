package app

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	for _, name := range captures(t, recordings) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "evidence.pcap")
			text := succeedJSON(t, Config{
				Read: []string{filepath.Join(recordings, name+".pcap")}, Evidence: file, Quiet: true,
				EvidenceBodies: clearH2(name), // its frames are no heads that could be kept alone
			})
			all := decode(t, text)
			var e evidenceAnswer
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			alone := ask(t, reading(file))
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

// clearH2 reports whether a recording is of HTTP/2 in clear text.
func clearH2(name string) bool {
	return strings.Contains(name, "h2c") || strings.HasPrefix(name, "grpc-") && !strings.HasPrefix(name, "grpc-tls-")
}

func rulesOf(a *answer) (rules []string) {
	for i := range a.Findings {
		rules = append(rules, a.Findings[i].Rule)
	}
	return rules
}

// evidenceBetween runs the program with --evidence, where a file "before" stands, and
// calls act when the capture has been read for the first time. It returns the error,
// the report and what the evidence file holds then.
func evidenceBetween(t *testing.T, act func(j *Job, capture string)) (text, proof string, err error) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "c.pcap"), filepath.Join(dir, "proof.pcap")
	for name, data := range map[string][]byte{in: demo, out: []byte("before")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var j *Job
	errs := &watched{want: []string{"packets read in"}, act: []func(){func() { act(j, in) }}}
	var report bytes.Buffer
	j, err = New(filled(Config{Read: []string{in}, Evidence: out, Verbose: true}), nil, &report, errs)
	if err != nil {
		t.Fatal(err)
	}
	err = j.do()
	j.outs.discard()
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("left over are %v", files)
	}
	data, _ := os.ReadFile(out)
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("evidence is %v, error %v; others may not read the file that it replaces", info.Mode(), err)
	}
	return report.String(), string(data), err
}

func TestEvidenceWritten(t *testing.T) {
	text, proof, err := evidenceBetween(t, func(*Job, string) {})
	if err != nil || !strings.Contains(text, "VERDICT") || len(proof) < 1000 {
		t.Errorf("got error %v, %d bytes of evidence and the report\n%s", err, len(proof), text)
	}
}

// The report comes, and what stood in the place of the evidence stays.
func TestEvidenceInterrupted(t *testing.T) {
	text, proof, err := evidenceBetween(t, func(j *Job, _ string) { j.stop() })
	if err != nil || !strings.Contains(text, "VERDICT") || proof != "before" {
		t.Errorf("got error %v, evidence %q and the report\n%s", err, proof, text)
	}
}

// TestEvidenceOfChangedCapture gets the report, which claims no evidence, and the error.
func TestEvidenceOfChangedCapture(t *testing.T) {
	for name, data := range map[string][]byte{"cut": demo[:len(demo)/2], "empty": nil, "twice": append(demo[:len(demo):len(demo)], demo[24:]...)} {
		text, proof, err := evidenceBetween(t, func(_ *Job, capture string) {
			if err := os.WriteFile(capture, data, 0o600); err != nil {
				t.Error(err)
			}
		})
		if err == nil || !strings.Contains(err.Error(), "again for --evidence") || !strings.Contains(text, "VERDICT") || strings.Contains(text, "EVIDENCE") || proof != "before" {
			t.Errorf("%s: got error %v, evidence of %d bytes and the report\n%s\nwant an error and a report without evidence", name, err, len(proof), text)
		}
	}
}

// TestEvidenceOfAll reads a recording that lacks every eleventh packet: the connections
// that the findings are about show too little alone, all of them show enough.
func TestEvidenceOfAll(t *testing.T) {
	pcap, err := os.ReadFile(filepath.Join(recordings, "pool-unread.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	thinned := slices.Clone(pcap[:24])
	for i, rest := 0, pcap[24:]; len(rest) > 0; i++ {
		n := 16 + binary.LittleEndian.Uint32(rest[8:])
		if i%11 != 0 {
			thinned = append(thinned, rest[:n]...)
		}
		rest = rest[n:]
	}
	text := succeed(t, Config{Read: []string{save(t, thinned)}, Evidence: filepath.Join(t.TempDir(), "evidence.pcap")})
	if !regexp.MustCompile(`by itself it gives +the same verdict\n`).MatchString(text) {
		t.Errorf("got\n%s\nwant the same verdict of the evidence", text)
	}
}
