package app

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"
)

// properties hold of every capture. Each is drawn one and has a folder for it.
var properties = map[string]func(t *rapid.T, p packetFile, dir string){
	"the number of workers does not show":                sameWithWorkers,
	"a capture in two files is the same":                 sameInTwoFiles,
	"what was captured twice counts once":                sameDoubled,
	"copies that come later, or elsewhere, count once":   sameCopied,
	"neighbours that were swapped change only times":     sameSwapped,
	"a compressed capture is the same":                   sameCompressed,
	"without names all numbers are the same":             sameAnonymized,
	"the lines of NDJSON add up to JSON":                 sameStreamed,
	"nothing has changed since a baseline of the same":   sameAsBaseline,
	"a part is the same as its captures":                 samePart,
	"the parts of two points are as both captures":       samePoints,
	"evidence gives the verdict that it is said to give": sameByEvidence,
}

// TestProperties tries each property on a few captures, or on as many as there is
// time for: KAANALYZE_PROPERTIES=20m go test -run TestProperties -timeout 0
// ./internal/app. -rapid.checks sets another number of them.
func TestProperties(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const few = "8"
	var each time.Duration
	if text := os.Getenv("KAANALYZE_PROPERTIES"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		each = d / time.Duration(len(properties))
	} else if !slices.Contains(flagsGiven(), "rapid.checks") {
		checks := flag.Lookup("rapid.checks")
		before := checks.Value.String()
		if err := checks.Value.Set(few); err != nil {
			t.Fatal(err)
		}
		defer checks.Value.Set(before)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		t.Run(name, func(t *testing.T) {
			dir, end := t.TempDir(), time.Now().Add(each)
			for again := true; again && !t.Failed(); again = time.Now().Before(end) {
				rapid.Check(t, func(t *rapid.T) { properties[name](t, drawCapture(t), dir) })
			}
		})
	}
}

// flagsGiven returns the names of the flags of the test's command line.
func flagsGiven() (names []string) {
	flag.Visit(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// saved writes a file for a run to read.
func saved(t rapid.TB, dir, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// told returns a JSON report without what tells how it came to be.
func told(t rapid.TB, c Config) map[string]any {
	t.Helper()
	c.Exchanges = true
	return without(t, succeedJSON(t, c))
}

func without(t rapid.TB, text string) map[string]any {
	t.Helper()
	r := map[string]any{}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	delete(r, "tool")
	delete(r["capture"].(map[string]any), "sources")
	return r
}

// wantSame compares two reports.
func wantSame(t rapid.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the capture (-) and %s (+):\n%s", what, diff)
	}
}

func sameWithWorkers(t *rapid.T, p packetFile, dir string) {
	file := saved(t, dir, "capture.pcap", p.of(p.records))
	c := Config{Read: []string{file}, Exchanges: true, Workers: 1}
	want := succeedJSON(t, c)
	c.Workers = 4
	wantSame(t, "with four workers", want, succeedJSON(t, c))
}

func sameInTwoFiles(t *rapid.T, p packetFile, dir string) {
	cut := rapid.IntRange(0, len(p.records)).Draw(t, "cut")
	file := saved(t, dir, "capture.pcap", p.of(p.records))
	one, two := saved(t, dir, "1.pcap", p.of(p.records[:cut])), saved(t, dir, "2.pcap", p.of(p.records[cut:]))
	want, got := told(t, reading(file)), told(t, reading(one, two))
	for _, r := range []map[string]any{want, got} {
		delete(r["capture"].(map[string]any), "warnings") // a file may have one packet, of hosts that no other has
		eachExample(r, func(e map[string]any) {
			delete(e, "source")
			delete(e, "source_packet")
		})
	}
	wantSame(t, "in two files", want, got)
}

// eachExample calls f with the examples of the findings.
func eachExample(report map[string]any, f func(map[string]any)) {
	for _, x := range report["findings"].([]any) {
		for _, e := range x.(map[string]any)["examples"].([]any) {
			f(e.(map[string]any))
		}
	}
}

// sameDoubled has each packet twice in a row. None is sent twice alike, as a dead
// socket sends its RST: whether that is a copy is told by the other packets.
func sameDoubled(t *rapid.T, p packetFile, dir string) {
	var doubled [][]byte
	seen := map[string]bool{}
	p.records = slices.DeleteFunc(p.records, func(r []byte) bool {
		frame := string(r[recordHead:])
		defer func() { seen[frame] = true }()
		return seen[frame]
	})
	for len(p.records) > 0 && isRST(p.records[0]) { // before them there is no other
		p.records = p.records[1:]
	}
	if len(p.records) == 0 {
		t.Skip("nothing but RSTs")
	}
	for _, r := range p.records {
		doubled = append(doubled, r, r)
	}
	want := told(t, reading(saved(t, dir, "capture.pcap", p.of(p.records))))
	got := told(t, reading(saved(t, dir, "doubled.pcap", p.of(doubled))))
	for _, r := range []map[string]any{want, got} {
		for _, key := range []string{"packets", "tcp_packets", "bytes", "duplicate_packets"} {
			delete(r["capture"].(map[string]any), key)
		}
	}
	renumber(got, func(n int) int { return (n + 1) / 2 })
	wantSame(t, "with each packet twice", want, got)
}

// isRST reports whether a record holds an RST in IPv4 in Ethernet.
func isRST(record []byte) bool { return record[recordHead+14+20+13]&4 != 0 }

func sameCompressed(t *rapid.T, p packetFile, dir string) {
	file := p.of(p.records)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := told(t, reading(saved(t, dir, "capture.pcap", file)))
	wantSame(t, "compressed", want, told(t, reading(saved(t, dir, "capture.pcap.gz", b.Bytes()))))
}

func sameAnonymized(t *rapid.T, p packetFile, dir string) {
	c := Config{Read: []string{saved(t, dir, "capture.pcap", p.of(p.records))}, Exchanges: true}
	want := nameless(t, succeedJSON(t, c))
	c.Anonymize = rapid.SampledFrom([]string{"key", "another"}).Draw(t, "key")
	got := nameless(t, succeedJSON(t, c))
	for _, r := range []map[string]any{want, got} {
		delete(r["verdict"].(map[string]any), "text") // of findings that weigh the same the first by address
	}
	wantSame(t, "without names", want, got)
}

func sameStreamed(t *rapid.T, p packetFile, dir string) {
	streamAgrees(t, saved(t, dir, "capture.pcap", p.of(p.records)))
}

func sameAsBaseline(t *rapid.T, p packetFile, dir string) {
	file := saved(t, dir, "capture.pcap", p.of(p.records))
	before := succeedJSON(t, reading(file))
	var r struct {
		Baseline struct {
			Change   string
			Metrics  []struct{ Name, Change string }
			Findings struct {
				Gone, New []struct{ Rule string }
			}
		}
	}
	if err := json.Unmarshal([]byte(succeedJSON(t, Config{Read: []string{file}, Baseline: saved(t, dir, "before.json", []byte(before))})), &r); err != nil {
		t.Fatal(err)
	}
	b := &r.Baseline
	if b.Change != "same" && b.Change != "unknown" || len(b.Findings.Gone)+len(b.Findings.New) > 0 {
		t.Errorf("got %+v, want nothing changed", b)
	}
	for _, m := range b.Metrics {
		if m.Change != "same" && m.Change != "unknown" {
			t.Errorf("%s is %s, want the same", m.Name, m.Change)
		}
	}
	if len(b.Metrics) == 0 {
		t.Error("no metric was compared")
	}
}

func sameByEvidence(t *rapid.T, p packetFile, dir string) {
	proof := filepath.Join(dir, "proof.pcap")
	text := succeedJSON(t, Config{Read: []string{saved(t, dir, "capture.pcap", p.of(p.records))}, Evidence: proof, Quiet: true})
	type findings []struct{ Rule, Subject string }
	var all, alone struct {
		Verdict  struct{ Level string }
		Findings findings
		Evidence struct {
			Same    bool `json:"same_verdict"`
			Packets []uint64
		}
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Evidence.Packets) == 0 {
		return // the capture has no connection
	}
	text = succeedJSON(t, reading(proof))
	if err := json.Unmarshal([]byte(text), &alone); err != nil {
		t.Fatal(err)
	}
	if !all.Evidence.Same {
		t.Error("the evidence gives another verdict, though all connections would fit")
	}
	same := alone.Verdict.Level == all.Verdict.Level
	if all.Verdict.Level == "problem" {
		same = same && len(alone.Findings) > 0 && alone.Findings[0] == all.Findings[0]
	}
	if same != all.Evidence.Same {
		t.Errorf("the verdict is %+v, by the evidence alone %+v; said to be the same: %v", all, alone, all.Evidence.Same)
	}
}
