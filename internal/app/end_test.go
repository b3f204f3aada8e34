package app

import (
	"io"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// TestEnd holds that a capture that is being made ends by the clock, and that of a file
// by its last packet.
func TestEnd(t *testing.T) {
	last := time.Now().Add(-time.Hour).UnixNano()
	stats := capture.Stats{Packets: 1, First: last - 1e9, Last: last}
	live := liveJob(t, Config{}, io.Discard)
	if got := live.end(&stats, last); got < last+int64(time.Hour) {
		t.Errorf("live: got an end %v after the last packet, want an hour", time.Duration(got-last))
	}
	if got := live.end(&capture.Stats{}, 0); got != 0 {
		t.Errorf("live, no packet: got an end at %d, want none", got)
	}
	file, err := New(filled(Config{Read: []string{"x.pcap"}}), nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(file.stop)
	if got := file.end(&stats, last); got != last {
		t.Errorf("file: got an end %v after the last packet, want the same time", time.Duration(got-last))
	}
}
