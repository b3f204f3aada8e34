package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// headerLen is how long the header of a pcap file is.
const headerLen = 24

func TestPcapVariants(t *testing.T) {
	packets := []filetest.Packet{{Time: 1_500_000_000_123_456_789, Mark: 1}, {Time: 1_500_000_001_000_000_001, Mark: 2, Size: 700}}
	micro, nano := "01@1500000000123456000 02@1500000001000000000", "01@1500000000123456789 02@1500000001000000001"
	for name, tt := range map[string]struct {
		change func(*filetest.PcapFormat)
		format string
		want   string
	}{
		"little endian":              {func(f *filetest.PcapFormat) {}, "pcap", micro},
		"big endian":                 {func(f *filetest.PcapFormat) { f.Order = binary.BigEndian }, "pcap", micro},
		"nanoseconds":                {func(f *filetest.PcapFormat) { f.Magic = filetest.MagicNano }, "pcap-ns", nano},
		"nanoseconds, big endian":    {func(f *filetest.PcapFormat) { f.Magic = filetest.MagicNano; f.Order = binary.BigEndian }, "pcap-ns", nano},
		"modified":                   {func(f *filetest.PcapFormat) { f.Magic = filetest.MagicModified }, "pcap-modified", micro},
		"modified, big endian":       {func(f *filetest.PcapFormat) { f.Magic = filetest.MagicModified; f.Order = binary.BigEndian }, "pcap-modified", micro},
		"version 2.0":                {func(f *filetest.PcapFormat) { f.Minor = 0 }, "pcap", micro},
		"version 2.2, big endian":    {func(f *filetest.PcapFormat) { f.Minor = 2; f.Order = binary.BigEndian }, "pcap", micro},
		"version 2.3":                {func(f *filetest.PcapFormat) { f.Minor = 3 }, "pcap", micro},
		"version 543.0 of AIX":       {func(f *filetest.PcapFormat) { f.Major, f.Minor = 543, 0 }, "pcap", micro},
		"snap length 0":              {func(f *filetest.PcapFormat) { f.SnapLen = 0 }, "pcap", micro},
		"snap length exceeded":       {func(f *filetest.PcapFormat) { f.SnapLen = 60 }, "pcap", micro},
		"snap length of 4 GiB":       {func(f *filetest.PcapFormat) { f.SnapLen = 1<<32 - 1 }, "pcap", micro},
		"frame check sequence known": {func(f *filetest.PcapFormat) { f.Link = 1 | 0x24000000 }, "pcap", micro},
	} {
		t.Run(name, func(t *testing.T) {
			f := filetest.PlainPcap
			tt.change(&f)
			r := readEveryWay(t, f.Write(packets...))
			if got := marks(r); got != tt.want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", got, r.Err, tt.want)
			}
			s := r
			if s.Format != tt.format || s.Packets != 2 || s.Bytes != 55+754 || s.Cut != 0 || s.Damage != nil {
				t.Errorf("got stats %+v", s)
			}
			if len(s.LinkTypes) != 1 || s.LinkTypes[0] != "EN10MB" {
				t.Errorf("got link types %q, want EN10MB", s.LinkTypes)
			}
		})
	}
}

// TestPcapSwappedLengths has a cut packet in files of each order of lengths.
func TestPcapSwappedLengths(t *testing.T) {
	for _, minor := range []uint16{0, 2, 3, 4} {
		f := filetest.PlainPcap
		f.Minor = minor
		p := filetest.Packet{Time: 1e9, Mark: 7, Size: 100}
		file := f.Record(f.Write(), p.Time, p.Bytes()[:60], len(p.Bytes()))
		r := readEveryWay(t, file)
		if r.Cut != 1 || r.Bytes != 154 || len(r.Segments) != 1 || !strings.Contains(r.Segments[0], " 07 100") {
			t.Errorf("version 2.%d: got %q, %+v", minor, r.Segments, r)
		}
	}
	f := filetest.PlainPcap // version 2.3 as some wrote it, the packet's length first
	f.Minor = 2
	p := filetest.Packet{Time: 1e9, Mark: 7, Size: 100}
	file := f.Record(f.Write(), p.Time, p.Bytes()[:60], len(p.Bytes()))
	file[6] = 3
	if r := readEveryWay(t, file); r.Cut != 1 || r.Bytes != 154 {
		t.Errorf("version 2.3, lengths swapped: got %+v", r)
	}
}

func TestPcapDamage(t *testing.T) {
	whole := filetest.PlainPcap.Write(filetest.Times(1, 2, 3)...)
	record := (len(whole) - headerLen) / 3
	large := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(large[headerLen+record+8:], 1<<30)
	r := readEveryWay(t, large)
	d := r.Damage
	if d == nil || r.Err != "" || r.Packets != 1 || d.Packet != 2 || d.Offset != int64(headerLen+record) ||
		!strings.Contains(d.Reason, "1073741824 captured bytes") {
		t.Errorf("got damage %+v, error %q after %d packets", d, r.Err, r.Packets)
	}
	binary.LittleEndian.PutUint32(large[headerLen+8:], 1<<30)
	if d := readEveryWay(t, large).Damage; d == nil || d.Offset != headerLen || !strings.HasPrefix(d.Reason, "a packet of 1073741824") {
		t.Errorf("no packet can be read: got damage %+v", d)
	}
}

// TestPcapVersion has files with a version that does not exist: they are read, with a
// warning, if the rest of their header is as it should be.
func TestPcapVersion(t *testing.T) {
	for _, tt := range []struct {
		version     [4]byte // as it lies in the file
		zone        byte
		warning, no string
	}{
		{version: [4]byte{2, 0, 4, 0}},
		{version: [4]byte{0, 2, 0, 4}, warning: "pcap version 512.1024 is not known; it is read as 2.4"},
		{version: [4]byte{0, 2, 0, 4}, zone: 1, warning: "pcap version 512.1024 is not known; it is read as 2.4"},
		{version: [4]byte{4, 0, 2, 0}, warning: "pcap version 4.2 is not known; it is read as 2.4"},
		{version: [4]byte{2, 0, 9, 0}, warning: "pcap version 2.9 is not known; it is read as 2.4"},
		{version: [4]byte{2, 0, 9, 0}, zone: 1, no: "pcap version 2.9 is not known"},
		{version: [4]byte{0, 0, 0, 0}, warning: "pcap version 0.0 is not known; it is read as 2.4"},
	} {
		file := filetest.PlainPcap.Write(filetest.Times(1, 2)...)
		copy(file[4:], tt.version[:])
		file[8] = tt.zone
		f, _, err := pcapfile.Open(bytes.NewReader(file[4:]), bytes.Clone(file[:4]), 0)
		if tt.no != "" {
			if err == nil || err.Error() != tt.no {
				t.Errorf("version %v: got error %v, want %q", tt.version, err, tt.no)
			}
			continue
		}
		if err != nil || f.Warning() != tt.warning {
			t.Errorf("version %v: got warning %q and error %v, want %q", tt.version, f.Warning(), err, tt.warning)
			continue
		}
		if r := readEveryWay(t, file); r.Packets != 2 || r.Damage != nil {
			t.Errorf("version %v: got %d packets, damage %+v", tt.version, r.Packets, r.Damage)
		}
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
		for _, size := range []int{1, 1 << 20} {
			r := readAll(file[:n], size)
			switch {
			case packets < 0 && r.Err == "" && r.Packets != 0:
				t.Fatalf("cut at %d: got %d packets without a header", n, r.Packets)
			case packets >= 0 && r.Packets != packets:
				t.Fatalf("cut at %d: got %d packets, want %d", n, r.Packets, packets)
			case packets >= 0 && whole != (r.Damage == nil):
				t.Fatalf("cut at %d: got damage %+v", n, r.Damage)
			case packets > 0 && r.Err != "":
				t.Fatalf("cut at %d: got error %q", n, r.Err)
			}
		}
	}
}

func TestEmptyPcap(t *testing.T) {
	r := readEveryWay(t, filetest.PlainPcap.Write())
	s := r
	if r.Err != "" || s.Packets != 0 || s.Damage != nil || len(s.LinkTypes) != 1 {
		t.Errorf("got error %q, stats %+v", r.Err, s)
	}
}

// TestPcapAgainstGopacket reads what gopacket's writer has written.
func TestPcapAgainstGopacket(t *testing.T) {
	var file bytes.Buffer
	w := pcapgo.NewWriterNanos(&file)
	if err := w.WriteFileHeader(65536, 1); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 50 {
		p := filetest.Packet{Time: int64(i) * 1_000_000_007, Mark: byte(i), Size: 1 + i*37%1400}
		if err := w.WritePacket(captureInfo(p), p.Bytes()); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%02x@%d", p.Mark, p.Time))
	}
	r := readEveryWay(t, file.Bytes())
	if got := marks(r); got != strings.Join(want, " ") {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
