package bothends_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
)

// read returns the log of a capture, of those packets for which keep is nil or holds.
func read(t *testing.T, name string, keep func(*flows.Segment) bool) *bothends.Log {
	t.Helper()
	src, err := capture.OpenFiles([]string{filepath.Join("..", "..", "testdata", "bothends", name)}, capture.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	l := bothends.NewLog(src.Headers, 1<<20)
	e := flows.NewEngine(flows.Options{}, nil)
	if err := src.Run(t.Context(), func(segs []flows.Segment) error {
		for i := range segs {
			if keep != nil && !keep(&segs[i]) {
				continue
			}
			if c := e.Segment(&segs[i]); c != nil {
				l.Packet(c, &segs[i])
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return l
}

// truth is what the router of a recording counted, and by how much its server's capture
// was shifted.
type truth struct {
	Offset       float64 `json:"offset_seconds"`
	LostToServer uint64  `json:"lost_to_server"`
	LostToClient uint64  `json:"lost_to_client"`
	Rejected     uint64  `json:"rejected"`
}

// recordings are the cases of testdata/lab/bothends.sh.
var recordings = []string{"loss", "merged", "stripped", "reset"}

func truthOf(t *testing.T, name string) (is truth) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "bothends", name+".truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &is); err != nil {
		t.Fatal(err)
	}
	return is
}

// TestRecordings holds what two captures of one lab tell to what its router counted,
// whichever of them is the first.
func TestRecordings(t *testing.T) {
	for _, name := range recordings {
		is := truthOf(t, name)
		for _, ends := range [][2]string{{"client", "server"}, {"server", "client"}} {
			r := bothends.Compare(read(t, name+"."+ends[0]+".pcap", nil), read(t, name+"."+ends[1]+".pcap", nil))
			offset := int64(math.Round(is.Offset * 1e9))
			if ends[0] == "server" {
				offset = -offset
			}
			what := name + " from the " + ends[0]
			if r.Matched != r.By[bothends.BySequences]+r.By[bothends.ByClient] || r.Matched == 0 || r.AloneHere-r.SYN.NeverArrived > 0 && ends[0] == "client" || r.Ambiguous != 0 {
				t.Errorf("%s: got %d matched %v, %d and %d alone, %d ambiguous; want all matched by sequence numbers", what, r.Matched, r.By, r.AloneHere, r.AloneThere, r.Ambiguous)
			}
			if c := &r.Clock; !c.Known || c.Low > offset || c.High < offset || c.Drifts() || c.High-c.Low > 1e6 {
				t.Errorf("%s: got the offset %d to %d, want %d between them", what, c.Low, c.High, offset)
			}
			if got := r.Lost[0].Packets; got != is.LostToServer {
				t.Errorf("%s: got %d packets lost to the server, want %d", what, got, is.LostToServer)
			}
			if got := r.Lost[1].Packets; got != is.LostToClient {
				t.Errorf("%s: got %d packets lost to the client, want %d", what, got, is.LostToClient)
			}
			if got := r.ForgedCount; got != [2]uint64{is.Rejected, 0} {
				t.Errorf("%s: got %v forged RSTs and FINs, want %d RSTs", what, got, is.Rejected)
			}
			if r.Ports.Kept != 0 || len(r.Translated) != 1 || r.NotJudged+r.NotHere+r.NotThere != 0 || r.Same || r.Full {
				t.Errorf("%s: got ports %+v, translations %v, %d not judged, %d not here, %d not there", what, r.Ports, r.Translated, r.NotJudged, r.NotHere, r.NotThere)
			}
			if changed := len(r.Changed) > 0; changed != (name == "stripped") {
				t.Errorf("%s: got changes %v", what, r.Changed)
			}
		}
	}
}

// TestStripped tells each option that the router changed.
func TestStripped(t *testing.T) {
	r := bothends.Compare(read(t, "stripped.client.pcap", nil), read(t, "stripped.server.pcap", nil))
	want := []bothends.Change{
		{Option: "MSS", Side: flows.Initiator, Sent: 1460, Got: 1200, Connections: r.Matched},
		{Option: "MSS", Side: flows.Responder, Sent: 1460, Got: 1200, Connections: r.Matched},
		{Option: "SACK", Side: flows.Initiator, Sent: 1, Got: -1, Connections: r.Matched},
		{Option: "timestamps", Side: flows.Initiator, Sent: 1, Got: -1, Connections: r.Matched},
	}
	if len(r.Changed) != len(want) {
		t.Fatalf("got %v, want %v", r.Changed, want)
	}
	for i, w := range want {
		if r.Changed[i] != w {
			t.Errorf("got %+v, want %+v", r.Changed[i], w)
		}
	}
}

// TestNoFalseLoss gives captures that lack packets for other reasons than the path.
func TestNoFalseLoss(t *testing.T) {
	none := func(what string, r *bothends.Comparison) {
		t.Helper()
		if r.Lost[0].Packets+r.Lost[1].Packets+r.ForgedCount[0]+r.ForgedCount[1] != 0 || r.SYN.NeverArrived != 0 {
			t.Errorf("%s: got lost %+v, forged %v, %d SYNs that never arrived; want none", what, r.Lost, r.ForgedCount, r.SYN.NeverArrived)
		}
	}
	for _, name := range recordings {
		client, server := name+".client.pcap", name+".server.pcap"
		same := bothends.Compare(read(t, client, nil), read(t, client, nil))
		none(name+" twice", same)
		if !same.Same || same.AloneHere+same.AloneThere != 0 {
			t.Errorf("%s twice: got same %v, %d and %d alone", name, same.Same, same.AloneHere, same.AloneThere)
		}
		other := bothends.Compare(read(t, client, nil), read(t, recordings[(slices.Index(recordings, name)+1)%len(recordings)]+".server.pcap", nil))
		none(name+" beside another one", other)
		if other.Matched != 0 || other.Clock.Known {
			t.Errorf("%s beside another one: got %d matched, want none", name, other.Matched)
		}
		if name == "loss" || name == "reset" {
			continue // where packets were lost
		}
		n := 0
		half := func(*flows.Segment) bool { n++; return n > 40 }
		middle := bothends.Compare(read(t, client, nil), read(t, server, half))
		none(name+", the server's capture begun late", middle)
		var port uint16
		oneWay := func(s *flows.Segment) bool {
			if port == 0 {
				port = s.DstPort
			}
			return s.DstPort == port
		}
		r := bothends.Compare(read(t, client, nil), read(t, server, oneWay))
		none(name+", the server's capture of one direction", r)
		if r.Matched == 0 || r.Clock.Known {
			t.Errorf("%s, one direction: got %d matched, clock known %v", name, r.Matched, r.Clock.Known)
		}
	}
}

// TestMidstream matches connections whose beginning neither capture has.
func TestMidstream(t *testing.T) {
	noSYN := func(s *flows.Segment) bool { return s.Flags&flows.SYN == 0 }
	r := bothends.Compare(read(t, "loss.client.pcap", noSYN), read(t, "loss.server.pcap", noSYN))
	whole := bothends.Compare(read(t, "loss.client.pcap", nil), read(t, "loss.server.pcap", nil))
	if r.By[bothends.ByPackets] != r.Matched || r.Matched < whole.Matched-2 {
		t.Errorf("got %d matched by packets of %d, want about %d", r.By[bothends.ByPackets], r.Matched, whole.Matched)
	}
	for side, name := range []string{"server", "client"} {
		if got, most := r.Lost[side].Packets, whole.Lost[side].Packets-whole.Lost[side].SYN; got > most {
			t.Errorf("to the %s: got %d lost, want at most %d", name, got, most)
		}
	}
}
