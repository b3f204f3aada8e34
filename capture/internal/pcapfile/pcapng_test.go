package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

func captureInfo(p filetest.Packet) gopacket.CaptureInfo {
	n := len(p.Bytes())
	return gopacket.CaptureInfo{Timestamp: time.Unix(0, p.Time), CaptureLength: n, Length: n, InterfaceIndex: p.Iface}
}

func TestPcapngByteOrders(t *testing.T) {
	for name, n := range map[string]filetest.NG{"little endian": filetest.LE, "big endian": filetest.BE} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, n.Write(filetest.Times(1.5, 2, 3)...))
			if got, want := marks(r), "01@1500000000 02@2000000000 03@3000000000"; got != want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", got, r.Err, want)
			}
			if s := r; s.Format != "pcapng" || s.Packets != 3 || s.Dropped != 0 {
				t.Errorf("got stats %+v", s)
			}
		})
	}
}

func TestPcapngResolutions(t *testing.T) {
	p := filetest.Packet{Mark: 1}.Bytes()
	for name, tt := range map[string]struct {
		options []byte
		stamp   uint64
		want    string
	}{
		"default":        {nil, 1_500_001, "01@1500001000"},
		"10^-9":          {filetest.BE.Option(filetest.OptionResolution, 9), 1_500_000_001, "01@1500000001"},
		"10^0":           {filetest.BE.Option(filetest.OptionResolution, 0), 17, "01@17000000000"},
		"10^-12":         {filetest.BE.Option(filetest.OptionResolution, 12), 1_999_999, "01@1999"},
		"10^-28":         {filetest.BE.Option(filetest.OptionResolution, 28), 1e19, "01@1"},
		"10^-127":        {filetest.BE.Option(filetest.OptionResolution, 127), 1<<64 - 1, "01@1"},
		"2^-8":           {filetest.BE.Option(filetest.OptionResolution, 0x88), 256 + 128, "01@1500000000"},
		"2^-32":          {filetest.BE.Option(filetest.OptionResolution, 0xa0), 1<<32 | 1<<31, "01@1500000000"},
		"2^-127":         {filetest.BE.Option(filetest.OptionResolution, 0xff), 1<<64 - 1, "01@0"},
		"2^0":            {filetest.BE.Option(filetest.OptionResolution, 0x80), 3, "01@3000000000"},
		"offset":         {append(filetest.BE.Option(filetest.OptionOffset, filetest.BE.Long(1000)...), 0, 0, 0, 0), 1, "01@1000000001000"},
		"offset below 0": {filetest.BE.Option(filetest.OptionOffset, filetest.BE.Long(1<<64-1)...), 2_000_000, "01@1000000000"},
		"before 1970":    {filetest.BE.Option(filetest.OptionOffset, filetest.BE.Long(1<<64-3)...), 2_000_000, "01@-1000000000"},
		"far before":     {filetest.BE.Option(filetest.OptionResolution, 9), 1 << 63, "01@-4500000000000000000"},
		"far after":      {filetest.BE.Option(filetest.OptionResolution, 9), 1<<63 - 1, "01@4500000000000000000"},
		"after a name":   {append(filetest.BE.Option(filetest.OptionName, []byte("eth0")...), filetest.BE.Option(filetest.OptionResolution, 9)...), 5, "01@5"},
		"after the end":  {append(filetest.BE.Option(0), filetest.BE.Option(filetest.OptionResolution, 9)...), 5, "01@5000"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filetest.Concat(filetest.BE.Section(), filetest.BE.Iface(1, 0, tt.options), filetest.BE.Enhanced(0, tt.stamp, p))
			if r := readEveryWay(t, file); marks(r) != tt.want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", marks(r), r.Err, tt.want)
			}
		})
	}
}

// TestPcapngSections has sections of both byte orders, whose interfaces differ.
func TestPcapngSections(t *testing.T) {
	ip := filetest.Packet{Mark: 9}.Bytes()[14:]
	file := filetest.Concat(
		filetest.LE.Section(), filetest.LE.Iface(1, 0), filetest.LE.Iface(101, 0, filetest.LE.Option(filetest.OptionResolution, 9)),
		filetest.LE.Enhanced(1, 1_000_000_000, ip), filetest.LE.Packet(filetest.Packet{Time: 2e9, Mark: 2}),
		filetest.BE.Section(), filetest.BE.Iface(101, 0), filetest.BE.Enhanced(0, 3_000_000, ip),
		filetest.LE.Section(), filetest.LE.Iface(1, 0), filetest.LE.Packet(filetest.Packet{Time: 4e9, Mark: 4}),
	)
	r := readEveryWay(t, file)
	if got, want := marks(r), "09@1000000000 02@2000000000 09@3000000000 04@4000000000"; got != want || r.Err != "" {
		t.Errorf("got %q, error %q; want %q", got, r.Err, want)
	}
	if diff := cmp.Diff(r.LinkTypes, []string{"EN10MB", "RAW"}); diff != "" {
		t.Errorf("link types: got, then want\n%s", diff)
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
	r := readEveryWay(t, file)
	want := []string{"1 0 05 40", "2 2000000000 05 40", "3 2000000000 06 1", "5 3000000000 - 0", "6 4000000000 08 1"}
	if diff := cmp.Diff(r.Segments, want); diff != "" {
		t.Errorf("segments: got, then want\n%s", diff)
	}
	st := r
	if st.Packets != 6 || st.Cut != 1 || st.Dropped != 3 {
		t.Errorf("got stats %+v", st)
	}
}

func TestPcapngSecrets(t *testing.T) {
	log := []byte("CLIENT_RANDOM 00 11\n")
	file := filetest.Concat(filetest.BE.Section(), filetest.BE.Iface(1, 0),
		filetest.BE.Block(filetest.BlockSecrets, filetest.Concat(filetest.BE.Words(filetest.SecretsTLS, uint32(len(log))), log)),
		filetest.BE.Block(filetest.BlockSecrets, filetest.Concat(filetest.BE.Words(0x57474b4c, 4), []byte("abcd"))), // WireGuard
		filetest.BE.Packet(filetest.Packet{Time: 1e9, Mark: 1}))
	if got := readEveryWay(t, file).Secrets; len(got) != 1 || !bytes.Equal(got[0], log) {
		t.Errorf("got %q, want %q", got, log)
	}
}

func TestPcapngDamage(t *testing.T) {
	good := filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(1, 0), filetest.OnePacket())
	change := func(block []byte, at int, word uint32) []byte {
		block = bytes.Clone(block)
		binary.LittleEndian.PutUint32(block[at:], word)
		return block
	}
	p := filetest.OnePacket()
	for name, tt := range map[string]struct {
		bad    []byte
		reason string
	}{
		"length not a multiple of 4": {change(p, 4, 71), "a block of 71 bytes, which is not possible"},
		"length below the least":     {change(p, 4, 8), "a block of 8 bytes"},
		"length over the bound":      {change(p, 4, 1<<31), "a block of 2147483648 bytes, more than"},
		"lengths differ":             {change(p, len(p)-4, 12), "whose end says 12"},
		"unknown interface":          {change(p, 8, 1), "interface 1, which is not declared"},
		"interface 2^32-1":           {change(p, 8, 1<<32-1), "interface 4294967295"},
		"packet longer than block":   {change(p, 20, 1000), "a packet of 1000 captured bytes"},
		"packet of 2^32-1 bytes":     {change(p, 20, 1<<32-1), "a packet of 4294967295 captured bytes"},
		"packet block too short":     {filetest.LE.Block(filetest.BlockEnhanced, filetest.LE.Words(0, 0)), "shorter than its kind"},
		"section with other magic":   {change(filetest.LE.Section(), 8, 0x12345678), "byte-order magic"},
		"section of version 2":       {change(filetest.LE.Section(), 12, 2), "version 2.0"},
		"statistics of no interface": {filetest.LE.Block(filetest.BlockStatistics, filetest.LE.Words(4, 0, 0)), "interface 4"},
		"secrets too long":           {filetest.LE.Block(filetest.BlockSecrets, filetest.LE.Words(filetest.SecretsTLS, 100)), "longer than their block"},
		"garbage":                    {[]byte("garbage garbage garbage!"), "a block of"},
	} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, filetest.Concat(good, tt.bad, p))
			d := r.Damage
			if d == nil || r.Err != "" || d.Packet != 2 || d.Offset != int64(len(good)) || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("got damage %+v, error %q; want packet 2, offset %d, %q", d, r.Err, len(good), tt.reason)
			}
		})
	}
}

func TestPcapngCutEverywhere(t *testing.T) {
	file := filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(1, 0))
	head := len(file)
	p := filetest.LE.Packet(filetest.Packet{Time: 1e9, Mark: 1})
	// A file that ends after its section is whole, too.
	for _, n := range []int{28} {
		if r := readAll(file[:n], 1<<20); r.Err != "" || r.Damage != nil {
			t.Errorf("only a section: got error %q, damage %+v", r.Err, r.Damage)
		}
	}
	cutEverywhere(t, filetest.Concat(file, p, p, p), []int{head, head + len(p), head + 2*len(p), head + 3*len(p)})
}

// TestPcapngAgainstGopacket reads what gopacket's writer has written.
func TestPcapngAgainstGopacket(t *testing.T) {
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&file, pcapgo.NgInterface{Name: "eth0", LinkType: 1, SnapLength: 0}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddInterface(pcapgo.NgInterface{Name: "eth1", LinkType: 1}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 40 {
		p := filetest.Packet{Time: int64(i) * 1_000_000_007, Mark: byte(i), Iface: i % 2, Size: 1 + i*37%1400}
		if err := w.WritePacket(captureInfo(p), p.Bytes()); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%02x@%d", p.Mark, p.Time))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if r := readEveryWay(t, file.Bytes()); marks(r) != strings.Join(want, " ") {
		t.Errorf("got %s\nwant %s", marks(r), want)
	}
}
