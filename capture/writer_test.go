package capture_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"github.com/kaanalyze/kaanalyze/capture"
)

// TestPcapngWriter has another reader read packets of each length and with hostile comments.
func TestPcapngWriter(t *testing.T) {
	var file bytes.Buffer
	w, err := capture.NewPcapngWriter(&file, "a program", strings.Repeat("x\xff", 5000))
	if err != nil {
		t.Fatal(err)
	}
	const at = int64(1_700_000_000_123_456_789)
	var ends []int
	for n := range 9 {
		ends = append(ends, file.Len())
		if err := w.Write(at+int64(n), bytes.Repeat([]byte{0x45}, n), n+100, strings.Repeat("é", n), "", strings.Repeat("\x00é", 5000)); err != nil {
			t.Fatal(err)
		}
	}
	if file.Len()-ends[8] > 8500 {
		t.Errorf("a packet takes %d bytes: the comment is not cut", file.Len()-ends[8])
	}
	r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 9 {
		data, info, err := r.ReadPacketData()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) != n || info.Length != n+100 || info.Timestamp.UnixNano() != at+int64(n) {
			t.Errorf("packet %d: got %d bytes of %d at %v", n, len(data), info.Length, info.Timestamp)
		}
	}
}
