package capture

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
)

func captureInfo(p packet) gopacket.CaptureInfo {
	n := len(p.bytes())
	return gopacket.CaptureInfo{Timestamp: time.Unix(0, p.time), CaptureLength: n, Length: n, InterfaceIndex: p.iface}
}

// join joins blocks to a file.
func join(blocks ...[]byte) []byte { return bytes.Join(blocks, nil) }

func TestPcapngByteOrders(t *testing.T) {
	for name, n := range map[string]ng{"little endian": le, "big endian": be} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, save(t, n.write(times(1.5, 2, 3)...)), Options{})
			if got, want := marks(r), "01@1500000000 02@2000000000 03@3000000000"; got != want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", got, r.Err, want)
			}
			if s := r.Stats; s.Format != "pcapng" || s.Packets != 3 || s.KernelDropped != nil {
				t.Errorf("got stats %+v", s)
			}
		})
	}
}

func TestPcapngResolutions(t *testing.T) {
	p := packet{mark: 1}.bytes()
	for name, tt := range map[string]struct {
		options []byte
		stamp   uint64
		want    string
	}{
		"default":        {nil, 1_500_001, "01@1500001000"},
		"10^-9":          {be.option(optionResolution, 9), 1_500_000_001, "01@1500000001"},
		"10^0":           {be.option(optionResolution, 0), 17, "01@17000000000"},
		"10^-12":         {be.option(optionResolution, 12), 1_999_999, "01@1999"},
		"10^-28":         {be.option(optionResolution, 28), 1e19, "01@1"},
		"10^-127":        {be.option(optionResolution, 127), 1<<64 - 1, "01@1"},
		"2^-8":           {be.option(optionResolution, 0x88), 256 + 128, "01@1500000000"},
		"2^-32":          {be.option(optionResolution, 0xa0), 1<<32 | 1<<31, "01@1500000000"},
		"2^-127":         {be.option(optionResolution, 0xff), 1<<64 - 1, "01@0"},
		"2^0":            {be.option(optionResolution, 0x80), 3, "01@3000000000"},
		"offset":         {append(be.option(optionOffset, be.long(1000)...), 0, 0, 0, 0), 1, "01@1000000001000"},
		"offset below 0": {be.option(optionOffset, be.long(1<<64-1)...), 2_000_000, "01@1000000000"},
		"after a name":   {append(be.option(optionName, []byte("eth0")...), be.option(optionResolution, 9)...), 5, "01@5"},
		"after the end":  {append(be.option(0), be.option(optionResolution, 9)...), 5, "01@5000"},
	} {
		t.Run(name, func(t *testing.T) {
			file := join(be.section(), be.iface(1, 0, tt.options), be.enhanced(0, tt.stamp, p))
			if r := readEveryWay(t, save(t, file), Options{}); marks(r) != tt.want || r.Err != "" {
				t.Errorf("got %q, error %q; want %q", marks(r), r.Err, tt.want)
			}
		})
	}
}

// TestPcapngSections has sections of both byte orders, whose interfaces differ.
func TestPcapngSections(t *testing.T) {
	ip := packet{mark: 9}.bytes()[14:]
	file := join(
		le.section(), le.iface(1, 0), le.iface(101, 0, le.option(optionResolution, 9)),
		le.enhanced(1, 1_000_000_000, ip), le.packet(packet{time: 2e9, mark: 2}),
		be.section(), be.iface(101, 0), be.enhanced(0, 3_000_000, ip),
		le.section(), le.iface(1, 0), le.packet(packet{time: 4e9, mark: 4}),
	)
	r := readEveryWay(t, save(t, file), Options{})
	if got, want := marks(r), "09@1000000000 02@2000000000 09@3000000000 04@4000000000"; got != want || r.Err != "" {
		t.Errorf("got %q, error %q; want %q", got, r.Err, want)
	}
	if diff := cmp.Diff(r.Stats.LinkTypes, []string{"EN10MB", "RAW"}); diff != "" {
		t.Errorf("link types: got, then want\n%s", diff)
	}
}

func TestPcapngOtherPackets(t *testing.T) {
	p := packet{mark: 5, size: 40}.bytes() // 94 bytes
	ack := bytes.Clone(p[:54])
	ack[17] = 40
	obsolete := join([]byte{0, 0, 0, 3}, be.words(0, 2_000_000, uint32(len(p)), uint32(len(p))), p)
	file := join(
		be.section(), be.iface(1, 80),
		be.block(blockSimple, join(be.words(uint32(len(p))), p[:80])),
		be.block(blockPacket, obsolete),
		be.block(blockSimple, join(be.words(54+1), packet{mark: 6}.bytes())),
		be.block(blockCustom, be.words(1234)),
		be.block(4, be.words(0)),       // name resolution
		be.block(0x7777, be.words(1)),  // unknown
		be.enhanced(0, 3_000_000, ack), // no payload
		be.packet(packet{time: 4e9, mark: 8}),
	)
	r := readEveryWay(t, save(t, file), Options{})
	want := []string{"1 0 05 40 0", "2 2000000000 05 40 0", "3 2000000000 06 1 0", "5 3000000000 - 0 0", "6 4000000000 08 1 0"}
	if diff := cmp.Diff(r.Segments, want); diff != "" {
		t.Errorf("segments: got, then want\n%s", diff)
	}
	st := r.Stats
	if st.Packets != 6 || st.CutPackets != 1 || st.First != 2e9 || st.Last != 4e9 || st.KernelDropped == nil || *st.KernelDropped != 3 {
		t.Errorf("got stats %+v", st)
	}
}

func TestPcapngDrops(t *testing.T) {
	packet := func(drops uint64) []byte {
		return le.enhanced(0, 1, packet{mark: 1}.bytes(), le.option(optionPacketDrops, le.long(drops)...))
	}
	statistics := func(options ...[]byte) []byte {
		return le.block(blockStatistics, join(le.words(0, 0, 0), join(options...)))
	}
	start := le.option(optionStart, 1, 0, 0, 0, 2, 0, 0, 0)
	named := le.iface(1, 0, le.option(optionName, []byte("eth0")...))
	drops := func(n uint64) []byte { return le.option(optionIfaceDrops, le.long(n)...) }
	for name, tt := range map[string]struct {
		files []([]byte)
		want  int // -1 is unknown
	}{
		"none said":                       {[][]byte{join(le.section(), named, packetOnly())}, -1},
		"statistics without drops":        {[][]byte{join(le.section(), named, packetOnly(), statistics(start))}, -1},
		"statistics say 0":                {[][]byte{join(le.section(), named, packetOnly(), statistics(drops(0)))}, 0},
		"from packet to packet":           {[][]byte{join(le.section(), named, packet(2), packet(3))}, 5},
		"both: the totals say all":        {[][]byte{join(le.section(), named, packet(2), statistics(drops(7)))}, 7},
		"the last total counts":           {[][]byte{join(le.section(), named, packetOnly(), statistics(drops(3)), statistics(drops(4)))}, 4},
		"by interface and by kernel":      {[][]byte{join(le.section(), named, packetOnly(), statistics(drops(3), le.option(optionKernelDrops, le.long(2)...)))}, 5},
		"two sections":                    {[][]byte{join(le.section(), named, packetOnly(), statistics(drops(3)), le.section(), named, statistics(drops(4)))}, 7},
		"rotated files of one capture":    {[][]byte{join(le.section(), named, packetOnly(), statistics(start, drops(3))), join(le.section(), named, packetOnly(), statistics(start, drops(9)))}, 9},
		"two files of different machines": {[][]byte{join(le.section(), named, packetOnly(), statistics(drops(3))), join(le.section(), named, packetOnly(), statistics(drops(9)))}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, save(t, tt.files...), Options{})
			got := -1
			if r.Stats.KernelDropped != nil {
				got = int(*r.Stats.KernelDropped)
			}
			if got != tt.want || r.Err != "" {
				t.Errorf("got %d, error %q; want %d", got, r.Err, tt.want)
			}
		})
	}
}

func packetOnly() []byte { return le.packet(packet{time: 1e9, mark: 1}) }

func TestPcapngSecrets(t *testing.T) {
	log := []byte("CLIENT_RANDOM 00 11\n")
	file := join(be.section(), be.iface(1, 0),
		be.block(blockSecrets, join(be.words(secretsTLS, uint32(len(log))), log)),
		be.block(blockSecrets, join(be.words(0x57474b4c, 4), []byte("abcd"))), // WireGuard
		be.packet(packet{time: 1e9, mark: 1}))
	s, err := openFiles(save(t, file), Options{}, 32)
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

func TestPcapngDamage(t *testing.T) {
	good := join(le.section(), le.iface(1, 0), packetOnly())
	change := func(block []byte, at int, word uint32) []byte {
		block = bytes.Clone(block)
		binary.LittleEndian.PutUint32(block[at:], word)
		return block
	}
	p := packetOnly()
	for name, tt := range map[string]struct {
		bad    []byte
		reason string
	}{
		"length not a multiple of 4": {change(p, 4, 71), "a block of 71 bytes, which is not possible"},
		"length below the least":     {change(p, 4, 8), "a block of 8 bytes"},
		"length over the bound":      {change(p, 4, 1<<31), "a block of 2147483648 bytes, more than"},
		"lengths differ":             {change(p, len(p)-4, 12), "that says 12 at its end"},
		"unknown interface":          {change(p, 8, 1), "interface 1, which is not declared"},
		"interface 2^32-1":           {change(p, 8, 1<<32-1), "interface 4294967295"},
		"packet longer than block":   {change(p, 20, 1000), "a packet of 1000 captured bytes"},
		"packet of 2^32-1 bytes":     {change(p, 20, 1<<32-1), "a packet of 4294967295 captured bytes"},
		"packet block too short":     {le.block(blockEnhanced, le.words(0, 0)), "shorter than its kind"},
		"section with other magic":   {change(le.section(), 8, 0x12345678), "byte-order magic"},
		"section of version 2":       {change(le.section(), 12, 2), "version 2.0"},
		"statistics of no interface": {le.block(blockStatistics, le.words(4, 0, 0)), "interface 4"},
		"secrets too long":           {le.block(blockSecrets, le.words(secretsTLS, 100)), "longer than their block"},
		"garbage":                    {[]byte("garbage garbage garbage!"), "a block of"},
	} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, save(t, join(good, tt.bad, p)), Options{})
			d := r.Stats.Damage
			if d == nil || r.Err != "" || d.Packet != 2 || d.Offset != int64(len(good)) || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("got damage %+v, error %q; want packet 2, offset %d, %q", d, r.Err, len(good), tt.reason)
			}
		})
	}
}

func TestPcapngCutEverywhere(t *testing.T) {
	file := join(le.section(), le.iface(1, 0))
	head := len(file)
	p := le.packet(packet{time: 1e9, mark: 1})
	// A file that ends after its section is whole, too.
	for _, n := range []int{28} {
		if r := readAll(t, save(t, file[:n]), Options{Workers: 1}, blockSize); r.Err != "" || r.Stats.Damage != nil {
			t.Errorf("only a section: got error %q, damage %+v", r.Err, r.Stats.Damage)
		}
	}
	cutEverywhere(t, join(file, p, p, p), []int{head, head + len(p), head + 2*len(p), head + 3*len(p)})
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
		p := packet{time: int64(i) * 1_000_000_007, mark: byte(i), iface: i % 2, size: 1 + i*37%1400}
		if err := w.WritePacket(captureInfo(p), p.bytes()); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%02x@%d", p.mark, p.time))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if r := readEveryWay(t, save(t, file.Bytes()), Options{}); marks(r) != strings.Join(want, " ") {
		t.Errorf("got %s\nwant %s", marks(r), want)
	}
}
