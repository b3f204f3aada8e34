package capturetest

import (
	"math/rand/v2"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// TestFromBytes makes packets of a handshake and a request, and of anything.
func TestFromBytes(t *testing.T) {
	got := FromBytes([]byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 2, 0, 0x81, 0, 24, 1, 0, 0, 128, 137, 2, 0, 0xc1, 0, 1, 2, 3}).Segments()
	client, server := generated(0)[0].Port(), generated(0)[1].Port()
	for i, want := range []struct {
		after    int64
		from     uint16
		flags    flows.Flags
		seq, ack uint32
		payload  string
		length   uint32
	}{
		{0, client, flows.SYN, 0, 0, "", 0},
		{1e3, server, flows.SYN | flows.ACK, 0, 1, "", 0},
		{2e3, client, flows.PSH | flows.ACK, 1, 1, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27},
		{2e6 + 2e3, client, flows.PSH | flows.ACK, 1, 1, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27},      // a copy
		{2e6 + 1e3, client, flows.PSH | flows.ACK, 0, 0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"[:13], 27}, // of another connection
	} {
		s := got[i]
		if s.Time-Epoch != want.after || s.SrcPort != want.from || s.Flags != want.flags || s.Seq != want.seq || s.Ack != want.ack ||
			string(s.Payload) != want.payload || s.Len != want.length || s.Num != uint64(i+1) {
			t.Errorf("packet %d is %+v, want %+v", i+1, s, want)
		}
	}
	if len(got) != 5 || got[2].Print != got[3].Print || got[2].Print == got[4].Print {
		t.Errorf("got %d packets, the prints of the last three are %x, %x and %x, want 5, two of them alike", len(got), got[2].Print, got[3].Print, got[4].Print)
	}
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 5000)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	script := FromBytes(data)
	if n := len(script.Segments()); n != len(data)/PacketBytes || len(script.Pcap()) < 24+n*(16+14+40) {
		t.Errorf("%d packets in a file of %d bytes, want %d", n, len(script.Pcap()), len(data)/PacketBytes)
	}
}
