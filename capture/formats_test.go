package capture

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

func TestPcapDamage(t *testing.T) {
	whole := filetest.PlainPcap.Write(filetest.Times(1, 2, 3)...)
	record := (len(whole) - 24) / 3
	large := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(large[24+record+8:], 1<<30)
	r := readEveryWay(t, filetest.Save(t, large), Options{})
	d := r.Stats.Damage
	if d == nil || r.Err != "" || r.Stats.Packets != 1 || d.Packet != 2 || d.Offset != int64(24+record) ||
		!strings.Contains(d.Reason, "1073741824 captured bytes") {
		t.Errorf("got damage %+v, error %q after %d packets", d, r.Err, r.Stats.Packets)
	}
	binary.LittleEndian.PutUint32(large[24+8:], 1<<30)
	if r := readEveryWay(t, filetest.Save(t, large), Options{}); !strings.Contains(r.Err, "at byte 24: a packet of 1073741824") {
		t.Errorf("no packet can be read: got error %q", r.Err)
	}
	f := filetest.PlainPcap
	f.Minor = 9
	file := f.Write(filetest.Times(1)...)
	if r := readAll(t, filetest.Save(t, file), Options{Workers: 1}, blockSize); r.Err != "" || r.Stats.Packets != 1 ||
		len(r.Stats.Warnings) != 1 || !strings.HasSuffix(r.Stats.Warnings[0].Say(nil), "pcap version 2.9 is not known; it is read as 2.4") {
		t.Errorf("unknown version: got error %q, warnings %q", r.Err, r.Stats.Warnings)
	}
	file[8] = 1 // nor is the time zone
	if r := readAll(t, filetest.Save(t, file), Options{Workers: 1}, blockSize); !strings.Contains(r.Err, "pcap version 2.9 is not known") {
		t.Errorf("unknown version: got error %q", r.Err)
	}
}

// TestPcapCutEverywhere cuts a file at every offset.
func TestPcapCutEverywhere(t *testing.T) {
	cutEverywhere(t, filetest.PlainPcap.Write(filetest.Times(1, 2, 3)...), []int{24, 24 + 71, 24 + 2*71, 24 + 3*71})
}

// cutEverywhere cuts a file at every offset. ends are the offsets at which a
// header and packets end: there, the file is whole.
func cutEverywhere(t *testing.T, file []byte, ends []int) {
	t.Helper()
	for n := range len(file) + 1 {
		packets, whole := -1, false
		for _, end := range ends {
			if n >= end {
				packets++
			}
			whole = whole || n == end
		}
		for _, size := range []int{1, blockSize} {
			r := readAll(t, filetest.Save(t, file[:n]), Options{Workers: 1}, size)
			switch {
			case packets < 0 && r.Err == "" && r.Stats.Packets != 0:
				t.Fatalf("cut at %d: got %d packets without a header", n, r.Stats.Packets)
			case packets >= 0 && int(r.Stats.Packets) != packets:
				t.Fatalf("cut at %d: got %d packets, want %d", n, r.Stats.Packets, packets)
			case packets >= 0 && whole != (r.Stats.Damage == nil):
				t.Fatalf("cut at %d: got damage %+v", n, r.Stats.Damage)
			case packets == 0 && !whole && r.Err == "":
				t.Fatalf("cut at %d: no packet and no error", n)
			case packets > 0 && r.Err != "":
				t.Fatalf("cut at %d: got error %q", n, r.Err)
			}
		}
	}
}

func TestEmptyPcap(t *testing.T) {
	r := readEveryWay(t, filetest.Save(t, filetest.PlainPcap.Write()), Options{})
	s := r.Stats
	if r.Err != "" || s.Packets != 0 || s.First != 0 || s.Last != 0 || s.Damage != nil || len(s.LinkTypes) != 1 {
		t.Errorf("got error %q, stats %+v", r.Err, s)
	}
}

func TestPcapngOtherPackets(t *testing.T) {
	p := filetest.Packet{Mark: 5, Size: 40}.Bytes() // 94 bytes
	ack := bytes.Clone(p[:54])
	ack[17] = 40
	obsolete := filetest.Concat([]byte{0, 0, 0, 3}, filetest.BE.Words(0, 2_000_000, uint32(len(p)), uint32(len(p))), p)
	file := filetest.Concat(
		filetest.BE.Section(), filetest.BE.Iface(1, 80),
		filetest.BE.Block(filetest.BlockSimple, filetest.Concat(filetest.BE.Words(uint32(len(p))), p[:80])),
		filetest.BE.Block(filetest.BlockObsolete, obsolete),
		filetest.BE.Block(filetest.BlockSimple, filetest.Concat(filetest.BE.Words(54+1), filetest.Packet{Mark: 6}.Bytes())),
		filetest.BE.Block(filetest.BlockCustom, filetest.BE.Words(1234)),
		filetest.BE.Block(4, filetest.BE.Words(0)),      // name resolution
		filetest.BE.Block(0x7777, filetest.BE.Words(1)), // unknown
		filetest.BE.Enhanced(0, 3_000_000, ack),         // no payload
		filetest.BE.Packet(filetest.Packet{Time: 4e9, Mark: 8}),
	)
	r := readEveryWay(t, filetest.Save(t, file), Options{})
	want := []string{"1 0 05 40 0", "2 2000000000 05 40 0", "3 2000000000 06 1 0", "5 3000000000 - 0 0", "6 4000000000 08 1 0"}
	if diff := cmp.Diff(r.Segments, want); diff != "" {
		t.Errorf("segments: got, then want\n%s", diff)
	}
	st := r.Stats
	if st.Packets != 6 || st.CutPackets != 1 || st.First != 2e9 || st.Last != 4e9 || st.KernelDropped == nil || *st.KernelDropped != 3 {
		t.Errorf("got stats %+v", st)
	}
}

func TestPcapngSecrets(t *testing.T) {
	log := []byte("CLIENT_RANDOM 00 11\n")
	file := filetest.Concat(filetest.BE.Section(), filetest.BE.Iface(1, 0),
		filetest.BE.Block(filetest.BlockSecrets, filetest.Concat(filetest.BE.Words(filetest.SecretsTLS, uint32(len(log))), log)),
		filetest.BE.Block(filetest.BlockSecrets, filetest.Concat(filetest.BE.Words(0x57474b4c, 4), []byte("abcd"))), // WireGuard
		filetest.BE.Packet(filetest.Packet{Time: 1e9, Mark: 1}))
	s, err := openFiles(filetest.Save(t, file), Options{}, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	if got := s.Secrets(); len(got) != 1 || !bytes.Equal(got[0], log) {
		t.Errorf("got %q, want %q", got, log)
	}
}

func TestPcapngCutEverywhere(t *testing.T) {
	file := filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(1, 0))
	head := len(file)
	p := filetest.LE.Packet(filetest.Packet{Time: 1e9, Mark: 1})
	// A file that ends after its section is whole, too.
	for _, n := range []int{28} {
		if r := readAll(t, filetest.Save(t, file[:n]), Options{Workers: 1}, blockSize); r.Err != "" || r.Stats.Damage != nil {
			t.Errorf("only a section: got error %q, damage %+v", r.Err, r.Stats.Damage)
		}
	}
	cutEverywhere(t, filetest.Concat(file, p, p, p), []int{head, head + len(p), head + 2*len(p), head + 3*len(p)})
}
