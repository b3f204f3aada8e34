package decode

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

func TestEncapsulations(t *testing.T) {
	for _, e := range filetest.Encapsulations(t) {
		t.Run(e.Name, func(t *testing.T) {
			script := filetest.ScriptIPv4
			var seg flows.Segment
			if v := New().Decode(e.Link, 0, e.Frame, uint32(len(e.Frame)), &seg); v != TCP {
				t.Fatalf("verdict is %d, want %d", v, TCP)
			}
			if seg.SrcIP[0] != 0 {
				script = filetest.ScriptIPv6
			}
			want := capturetest.Segments(t, script)[0]
			checkSegment(t, seg, want)

			// A frame may be padded, or have a checksum behind it.
			if strings.HasPrefix(e.Name, "ipcomp") || strings.HasPrefix(e.Name, "ipv4 to be cut") {
				return
			}
			padded := append(bytes.Clone(e.Frame), 0xee, 0xee, 0xee)
			var seg2 flows.Segment
			New().Decode(e.Link, 0, padded, uint32(len(padded)), &seg2)
			checkSegment(t, seg2, want)
		})
	}
}

// checkSegment compares all but the values that capturetest has its own of, and
// the packet's number and time.
func checkSegment(t *testing.T, got, want flows.Segment) {
	t.Helper()
	if !bytes.Equal(got.Payload, want.Payload) {
		t.Errorf("payload is %q, want %q", got.Payload, want.Payload)
	}
	for _, s := range []*flows.Segment{&got, &want} {
		s.Payload, s.Num, s.Time, s.Hash, s.Link, s.Print = nil, 0, 0, 0, 0, 0
	}
	if !equalSegments(&got, &want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func equalSegments(a, b *flows.Segment) bool {
	return a.Src() == b.Src() && a.Dst() == b.Dst() && a.Seq == b.Seq && a.Ack == b.Ack && a.Len == b.Len &&
		a.Window == b.Window && a.Flags == b.Flags && a.WindowScale == b.WindowScale &&
		a.HasTS == b.HasTS && a.TSVal == b.TSVal && a.TSEcr == b.TSEcr
}

// TestCutAnywhere cuts frames at every byte: until the TCP header is whole there
// is no segment, and from then on it is the same but for its payload.
func TestCutAnywhere(t *testing.T) {
	for _, e := range filetest.Encapsulations(t) {
		t.Run(e.Name, func(t *testing.T) {
			var whole flows.Segment
			New().Decode(e.Link, 0, e.Frame, uint32(len(e.Frame)), &whole)
			seen := false
			for n := range e.Frame {
				var seg flows.Segment
				v := New().Decode(e.Link, 0, e.Frame[:n:n], uint32(len(e.Frame)), &seg)
				if v == Fragment || v != TCP && seen {
					t.Fatalf("cut to %d bytes: verdict is %d", n, v)
				}
				if v != TCP {
					continue
				}
				seen = true
				if seg.HasTS != whole.HasTS { // the options were cut
					seg.HasTS, seg.TSVal, seg.TSEcr = whole.HasTS, whole.TSVal, whole.TSEcr
				}
				if !equalSegments(&seg, &whole) || !bytes.HasPrefix(whole.Payload, seg.Payload) {
					t.Fatalf("cut to %d bytes: got %+v, want %+v", n, seg, whole)
				}
			}
			if !seen {
				t.Error("no cut left a segment")
			}
		})
	}
}

// notByTshark are frames that tshark does not follow as far as we do.
var notByTshark = map[string]string{
	"nflog big-endian": "it takes the byte order for little-endian",
	"ppi":              "it follows 802.11 only",
	"mpls pseudowire":  "it guesses by the MAC addresses' vendor",
	"jumbo payload":    "it wants more than 65535 bytes",
}

// TestEncapsulationsByTshark asks tshark about the same frames.
func TestEncapsulationsByTshark(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set: comparing with tshark takes a while")
	}
	byLink := make(map[pcapfile.LinkType][]filetest.Encapsulation)
	for _, e := range filetest.Encapsulations(t) {
		byLink[e.Link] = append(byLink[e.Link], e)
	}
	for link, list := range byLink {
		name := filepath.Join(t.TempDir(), link.String()+".pcap")
		if err := os.WriteFile(name, pcapOf(link, list), 0o600); err != nil {
			t.Fatal(err)
		}
		want := tsharkSegments(t, name)
		for i, e := range list {
			got := ""
			decodeAll([]filetest.Recorded{{Link: link, Data: e.Frame, WireLen: uint32(len(e.Frame))}}, func(_ *filetest.Recorded, s *flows.Segment) { got = brief(s) })
			want := want[uint64(i+1)]
			if _, ok := notByTshark[e.Name]; ok && want == "" {
				continue
			}
			if got != want {
				t.Errorf("%v, %s: got %q, want %q", link, e.Name, got, want)
			}
		}
	}
}

func pcapOf(link pcapfile.LinkType, list []filetest.Encapsulation) []byte {
	b := filetest.Hex("d4c3b2a1 0200 0400 00000000 00000000 00000400")
	b = binary.LittleEndian.AppendUint32(b, uint32(link))
	for _, e := range list {
		b = append(b, make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Frame)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Frame)))
		b = append(b, e.Frame...)
	}
	return b
}
