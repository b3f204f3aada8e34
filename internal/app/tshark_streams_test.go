package app

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStreamsAsTshark compares the numbers of connections with those of tshark 4.0.17 in
// captures with ports that are used again, SYNs that are repeated, late copies, and ICMP
// errors that quote TCP headers: testdata/streams/truth.tsv has the stream of each frame,
// or - for a quotation, and how many streams there are with those that were only quoted.
func TestStreamsAsTshark(t *testing.T) {
	folder := filepath.Join(recordings, "streams")
	rows := readTSV(t, filepath.Join(folder, "truth.tsv"))
	if len(rows) < 5 {
		t.Errorf("got %d captures, want 5 at least", len(rows))
	}
	for _, row := range rows {
		file := filepath.Join(folder, row["file"])
		times := frameTimes(t, file)
		streams := strings.Fields(row["of each frame"])
		if len(streams) != len(times) {
			t.Fatalf("%s: got %d frames, %d in the table", file, len(times), len(streams))
		}
		want := map[int64]int{} // the first frame of each stream
		for i, s := range streams {
			if stream, err := strconv.ParseInt(s, 10, 64); err == nil {
				if _, known := want[stream]; !known {
					want[stream] = i + 1
				}
			}
		}
		got := map[int64]int{}
		for _, c := range decode(t, succeedJSON(t, reading(file))).Connections {
			if c.Stream == nil {
				t.Errorf("%s: connection %d: got no stream", file, c.ID)
				continue
			}
			frame := times[c.Start.UnixNano()]
			got[*c.Stream] = frame
			if want[*c.Stream] != frame {
				t.Errorf("%s: connection %d begins in frame %d: got stream %d, tshark has %s", file, c.ID, frame, *c.Stream, streams[frame-1])
			}
		}
		for stream, frame := range want {
			if got[stream] != frame {
				t.Errorf("%s: tshark's stream %d, from frame %d: got no connection", file, stream, frame)
			}
		}
	}
}

// frameTimes returns the frames of a classic pcap file of microseconds, by their time.
func frameTimes(t *testing.T, file string) map[int64]int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	times := map[int64]int{}
	for at := 24; at+16 <= len(data); at += 16 + int(binary.LittleEndian.Uint32(data[at+8:])) {
		times[int64(binary.LittleEndian.Uint32(data[at:]))*1e9+int64(binary.LittleEndian.Uint32(data[at+4:]))*1e3] = len(times) + 1
	}
	return times
}
