package app

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClockFaults sets times of single packets of a recording to what no clock says. The
// report is that of the recording, names them, and does not pass --strict.
func TestClockFaults(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(recordings, "pool-default.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Verdict struct{ Level, Text string }
		Capture struct {
			Duration float64 `json:"duration_seconds"`
			Clock    *struct{ Backwards, Absurd int }
		}
		Totals struct {
			Connections, Requests int
			TimeWait              struct{ Peak int } `json:"time_wait"`
		}
		Series struct {
			Step int `json:"step_seconds"`
		}
	}
	read := func(file string) (a answer) {
		if err := json.Unmarshal([]byte(succeedJSON(t, Config{Read: []string{file}, Quiet: true})), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	want := read(save(t, whole))
	if code, _, _ := command(Config{Read: []string{save(t, whole)}, Strict: true}); code != ExitOK || want.Capture.Clock != nil {
		t.Errorf("the recording itself: got exit code %d, clock %+v", code, want.Capture.Clock)
	}
	p := readPackets(t, whole)
	for i, change := range []func(head []byte){
		func(head []byte) { clear(head[:8]) },
		func(head []byte) { binary.LittleEndian.PutUint32(head, 1<<32-1) },
		func(head []byte) { binary.LittleEndian.PutUint32(head[4:], 1_000_000) },
	} {
		change(p.records[10+10*i])
	}
	file := save(t, p.of(p.records))
	got := read(file)
	if c := got.Capture.Clock; c == nil || c.Absurd != 3 || c.Backwards != 0 {
		t.Errorf("got clock %+v, want 3 absurd packets", c)
	}
	got.Capture.Clock = nil
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	code, text, stderr := command(Config{Read: []string{file}, Strict: true})
	text = strings.Join(strings.Fields(text), " ")
	if code != ExitDamaged || !strings.Contains(text, "3 packets have a time that cannot be right (packets 11, 21 and 31)") {
		t.Errorf("got exit code %d and\n%s", code, text)
	}
	if want := "kaanalyze: warning: 3 packets have times that cannot be right; the report names them\n" +
		"kaanalyze: error: packets have times that cannot be right, and --strict was given\n"; stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}

	for i := len(p.records) / 2; i < len(p.records); i++ { // the clock is set
		head := p.records[i]
		binary.LittleEndian.PutUint32(head, binary.LittleEndian.Uint32(head)-7200)
	}
	file = save(t, p.of(p.records))
	if c := read(file).Capture.Clock; c == nil || c.Absurd != 3 || c.Backwards != 1 {
		t.Errorf("set back: got clock %+v, want 3 absurd packets and 1 backwards", c)
	}
	if text := succeed(t, Config{Read: []string{file}, Quiet: true}); !strings.Contains(text, "clock set back") {
		t.Errorf("want that it is told:\n%s", text)
	}
}
