package app

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestWrongTimesChangeNoVerdict holds that a capture with a problem still has it, and fails
// a gate, where one packet's time cannot be right, or the clock was set meanwhile.
func TestWrongTimesChangeNoVerdict(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(recordings, "demo.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	times := recordTimes(data)
	const hour = 3600
	for name, at := range map[string]func(i int, s uint32) uint32{
		"one in 1970":              one(300, func(uint32) uint32 { return 0 }),
		"one in 2106":              one(300, func(uint32) uint32 { return 1<<32 - 1 }),
		"one an hour early":        one(300, func(s uint32) uint32 { return s - hour }),
		"one an hour late":         one(300, func(s uint32) uint32 { return s + hour }),
		"the clock is set forward": func(i int, s uint32) uint32 { return s + hour*after(i, 300) },
		"the clock is set back":    func(i int, s uint32) uint32 { return s - hour*after(i, 300) },
		"the first in 1970":        one(0, func(uint32) uint32 { return 0 }),
		"the last in 2106":         one(len(times)-1, func(uint32) uint32 { return 1<<32 - 1 }),
	} {
		wrong := bytes.Clone(data)
		for i, place := range times {
			seconds := wrong[place : place+4]
			binary.LittleEndian.PutUint32(seconds, at(i, binary.LittleEndian.Uint32(seconds)))
		}
		file := saved(t, t.TempDir(), "wrong.pcap", wrong)
		code, report, _ := command(Config{Read: []string{file}, Format: "json", FailOn: []string{"findings.high>0"}})
		var got struct {
			Verdict  struct{ Level string }
			Findings []struct{ Rule, Severity string }
		}
		if err := json.Unmarshal([]byte(report), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Verdict.Level != "problem" || code != 3 {
			t.Errorf("%s: got %s and exit %d, want a problem and 3", name, got.Verdict.Level, code)
		}
		for _, f := range got.Findings {
			if f.Severity != "high" {
				t.Errorf("%s: got %s %s, want high", name, f.Rule, f.Severity)
			}
		}
		if len(got.Findings) < 3 {
			t.Errorf("%s: got %d findings, want 3", name, len(got.Findings))
		}
	}
}

// one changes the time of one packet.
func one(which int, to func(uint32) uint32) func(int, uint32) uint32 {
	return func(i int, s uint32) uint32 {
		if i == which {
			return to(s)
		}
		return s
	}
}

// after is 1 from a packet on.
func after(i, which int) uint32 {
	if i >= which {
		return 1
	}
	return 0
}

// recordTimes returns where the seconds of each packet of a little-endian pcap file are.
func recordTimes(pcap []byte) (places []int) {
	for at := 24; at < len(pcap); at += 16 + int(binary.LittleEndian.Uint32(pcap[at+8:])) {
		places = append(places, at)
	}
	return places
}
