package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"
)

// marks returns the payload's first byte of each segment, and the time.
func marks(r result) string {
	var b strings.Builder
	for _, s := range r.Segments {
		f := strings.Fields(s)
		fmt.Fprintf(&b, "%s@%s ", f[2], f[1])
	}
	return strings.TrimSpace(b.String())
}

func TestPcapVariants(t *testing.T) {
	packets := []packet{{time: 1_500_000_000_123_456_789, mark: 1}, {time: 1_500_000_001_000_000_001, mark: 2, size: 700}}
	micro, nano := "01@1500000000123456000 02@1500000001000000000", "01@1500000000123456789 02@1500000001000000001"
	for name, tt := range map[string]struct {
		change func(*pcapFormat)
		format string
		want   string
	}{
		"little endian":              {func(f *pcapFormat) {}, "pcap", micro},
		"big endian":                 {func(f *pcapFormat) { f.order = binary.BigEndian }, "pcap", micro},
		"nanoseconds":                {func(f *pcapFormat) { f.magic = pcapNano }, "pcap-ns", nano},
		"nanoseconds, big endian":    {func(f *pcapFormat) { f.magic = pcapNano; f.order = binary.BigEndian }, "pcap-ns", nano},
		"modified":                   {func(f *pcapFormat) { f.magic = pcapModified }, "pcap-modified", micro},
		"modified, big endian":       {func(f *pcapFormat) { f.magic = pcapModified; f.order = binary.BigEndian }, "pcap-modified", micro},
		"version 2.0":                {func(f *pcapFormat) { f.minor = 0 }, "pcap", micro},
		"version 2.2, big endian":    {func(f *pcapFormat) { f.minor = 2; f.order = binary.BigEndian }, "pcap", micro},
		"version 2.3":                {func(f *pcapFormat) { f.minor = 3 }, "pcap", micro},
		"version 543.0 of AIX":       {func(f *pcapFormat) { f.major, f.minor = 543, 0 }, "pcap", micro},
		"snap length 0":              {func(f *pcapFormat) { f.snapLen = 0 }, "pcap", micro},
		"snap length exceeded":       {func(f *pcapFormat) { f.snapLen = 60 }, "pcap", micro},
		"snap length of 4 GiB":       {func(f *pcapFormat) { f.snapLen = 1<<32 - 1 }, "pcap", micro},
		"frame check sequence known": {func(f *pcapFormat) { f.link = 1 | 0x24000000 }, "pcap", micro},
	} {
		t.Run(name, func(t *testing.T) {
			f := plainPcap
			tt.change(&f)
			r := readEveryWay(t, save(t, f.write(packets...)), Options{})
			if got := marks(r); got != tt.want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", got, r.Err, tt.want)
			}
			s := r.Stats
			if s.Format != tt.format || s.Packets != 2 || s.TCPPackets != 2 || s.Bytes != 55+754 || s.CutPackets != 0 || s.Damage != nil {
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
		f := plainPcap
		f.minor = minor
		p := packet{time: 1e9, mark: 7, size: 100}
		file := f.record(f.write(), p.time, p.bytes()[:60], len(p.bytes()))
		r := readEveryWay(t, save(t, file), Options{})
		if r.Stats.CutPackets != 1 || r.Stats.Bytes != 154 || len(r.Segments) != 1 || !strings.Contains(r.Segments[0], " 07 100 ") {
			t.Errorf("version 2.%d: got %q, %+v", minor, r.Segments, r.Stats)
		}
	}
	f := plainPcap // version 2.3 as some wrote it, the packet's length first
	f.minor = 2
	p := packet{time: 1e9, mark: 7, size: 100}
	file := f.record(f.write(), p.time, p.bytes()[:60], len(p.bytes()))
	file[6] = 3
	if r := readEveryWay(t, save(t, file), Options{}); r.Stats.CutPackets != 1 || r.Stats.Bytes != 154 {
		t.Errorf("version 2.3, lengths swapped: got %+v", r.Stats)
	}
}

func TestPcapDamage(t *testing.T) {
	whole := plainPcap.write(times(1, 2, 3)...)
	record := (len(whole) - pcapHeaderLen) / 3
	large := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(large[pcapHeaderLen+record+8:], 1<<30)
	r := readEveryWay(t, save(t, large), Options{})
	d := r.Stats.Damage
	if d == nil || r.Err != "" || r.Stats.Packets != 1 || d.Packet != 2 || d.Offset != int64(pcapHeaderLen+record) ||
		!strings.Contains(d.Reason, "1073741824 captured bytes") {
		t.Errorf("got damage %+v, error %q after %d packets", d, r.Err, r.Stats.Packets)
	}
	binary.LittleEndian.PutUint32(large[pcapHeaderLen+8:], 1<<30)
	if r := readEveryWay(t, save(t, large), Options{}); !strings.Contains(r.Err, "at byte 24: a packet of 1073741824") {
		t.Errorf("no packet can be read: got error %q", r.Err)
	}
	f := plainPcap
	f.minor = 9
	if r := readAll(t, save(t, f.write()), Options{}, blockSize); !strings.Contains(r.Err, "pcap version 2.9 is not known") {
		t.Errorf("unknown version: got error %q", r.Err)
	}
}

// TestPcapCutEverywhere cuts a file at every offset.
func TestPcapCutEverywhere(t *testing.T) {
	cutEverywhere(t, plainPcap.write(times(1, 2, 3)...), []int{24, 24 + 71, 24 + 2*71, 24 + 3*71})
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
			r := readAll(t, save(t, file[:n]), Options{Workers: 1}, size)
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
	r := readEveryWay(t, save(t, plainPcap.write()), Options{})
	s := r.Stats
	if r.Err != "" || s.Packets != 0 || s.First != 0 || s.Last != 0 || s.Damage != nil || len(s.LinkTypes) != 1 {
		t.Errorf("got error %q, stats %+v", r.Err, s)
	}
}

// TestPcapZeros has the end of a file that was not yet on the disk at a crash.
func TestPcapZeros(t *testing.T) {
	file := append(plainPcap.write(times(1, 2)...), make([]byte, 32)...)
	s := readEveryWay(t, save(t, file), Options{}).Stats
	if s.Packets != 4 || s.TCPPackets != 2 || s.UndecodedPackets != 2 || s.First != 1e9 || s.Last != 2e9 {
		t.Errorf("got stats %+v, want the times of the packets alone", s)
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
		p := packet{time: int64(i) * 1_000_000_007, mark: byte(i), size: 1 + i*37%1400}
		if err := w.WritePacket(captureInfo(p), p.bytes()); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%02x@%d", p.mark, p.time))
	}
	r := readEveryWay(t, save(t, file.Bytes()), Options{})
	if got := marks(r); got != strings.Join(want, " ") {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
