package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/kaanalyze/kaanalyze/flows"
)

// frameOf is a frame of a capture file, read by other means than this package's.
type frameOf struct {
	num     uint64
	time    int64
	link    linkType
	iface   uint32
	data    []byte
	wireLen uint32
}

// corpus returns the captures in the folder that KAANALYZE_CORPUS names; the
// test is skipped without.
func corpus(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("KAANALYZE_CORPUS")
	if dir == "" {
		t.Skip("KAANALYZE_CORPUS names no folder with captures")
	}
	var names []string
	for _, pattern := range []string{"*.pcap", "*.pcapng"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		t.Fatalf("no captures in %s", dir)
	}
	return names
}

// readFrames reads a capture up to its end, or its damage.
func readFrames(t *testing.T, name string) []frameOf {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) >= 4 && binary.LittleEndian.Uint32(b) == 0x0a0d0d0a {
		return readPcapng(t, b)
	}
	return readPcap(b)
}

func readPcap(b []byte) []frameOf {
	var order binary.ByteOrder = binary.LittleEndian
	unit, head := int64(1000), 16
	switch binary.LittleEndian.Uint32(b) {
	case 0xd4c3b2a1:
		order = binary.BigEndian
	case 0x4d3cb2a1:
		order, unit = binary.BigEndian, 1
	case 0xa1b23c4d:
		unit = 1
	case 0xa1b2cd34:
		head = 24
	}
	link := linkType(order.Uint32(b[20:]) & 0xffff)
	b = b[24:]
	var frames []frameOf
	for len(b) >= head {
		n := int(order.Uint32(b[8:]))
		if n > len(b)-head {
			break
		}
		frames = append(frames, frameOf{
			num:  uint64(len(frames) + 1),
			time: int64(order.Uint32(b))*1e9 + int64(order.Uint32(b[4:]))*unit,
			link: link, data: b[head:][:n:n], wireLen: order.Uint32(b[12:]),
		})
		b = b[head+n:]
	}
	return frames
}

func readPcapng(t *testing.T, b []byte) []frameOf {
	t.Helper()
	r, err := pcapgo.NewNgReader(strings.NewReader(string(b)), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Logf("read pcapng: %v", err)
		return nil
	}
	var frames []frameOf
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			if err != io.EOF {
				t.Logf("read pcapng: %v", err)
			}
			return frames
		}
		link := linkType(info.AncillaryData[0].(layers.LinkType))
		frames = append(frames, frameOf{
			num: uint64(len(frames) + 1), time: info.Timestamp.UnixNano(), link: link,
			iface: uint32(info.InterfaceIndex), data: data, wireLen: uint32(info.Length),
		})
	}
}

// decodeAll decodes frames in order, fragments included, and hands over what is TCP.
func decodeAll(frames []frameOf, use func(*frameOf, *flows.Segment)) {
	d, f := newDecoder(), newDefragmenter()
	for i := range frames {
		fr := &frames[i]
		var seg flows.Segment
		v := d.decode(fr.link, fr.iface, fr.data, fr.wireLen, &seg)
		if v == fragment {
			v = f.add(fr.link, fr.iface, fr.data, fr.wireLen, fr.time, &seg)
		}
		if v == tcp {
			seg.Num = fr.num
			use(fr, &seg)
		}
	}
}

// TestTCPFrames compares the number of segments with what the corpus's list
// says that tshark found.
func TestTCPFrames(t *testing.T) {
	names := corpus(t)
	truth, err := os.ReadFile(filepath.Join(filepath.Dir(names[0]), "truth.tsv"))
	if err != nil {
		t.Skip(err)
	}
	lines := strings.Split(strings.TrimSpace(string(truth)), "\n")
	column := slices.Index(strings.Split(lines[0], "\t"), "tcp_frames")
	if column < 0 {
		t.Skip("truth.tsv has no column tcp_frames")
	}
	for _, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		t.Run(fields[0], func(t *testing.T) {
			name := filepath.Join(filepath.Dir(names[0]), fields[0])
			if _, err := os.Stat(name); err != nil {
				t.Skip(err)
			}
			got := 0
			decodeAll(readFrames(t, name), func(*frameOf, *flows.Segment) { got++ })
			want, _ := strconv.Atoi(fields[column])
			if fields[0] == "PcapPlusPlus__tcp-reassembly.pcap" {
				want-- // the header that an sFlow sample quotes
			}
			if got != want {
				t.Errorf("%d TCP segments, want %d", got, want)
			}
		})
	}
}

// TestTshark compares every segment of the corpus with tshark's.
func TestTshark(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set: comparing with tshark takes a while")
	}
	for _, name := range corpus(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want := tsharkSegments(t, name)
			got := make(map[uint64]string)
			decodeAll(readFrames(t, name), func(_ *frameOf, s *flows.Segment) {
				got[s.Num] = brief(s)
			})
			for num, w := range want {
				if got[num] != w {
					t.Errorf("frame %d: got %q, want %q", num, got[num], w)
				}
			}
			for num, g := range got {
				if _, ok := want[num]; !ok {
					t.Errorf("frame %d: got %q, want none", num, g)
				}
			}
		})
	}
}

// tsharkSegments returns the innermost segment of each frame, unless ICMP or
// sFlow quotes it.
func tsharkSegments(t *testing.T, name string) map[uint64]string {
	t.Helper()
	fields := []string{"frame.number", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags", "tcp.window_size_value"}
	args := []string{"-n", "-r", name, "-Y", "tcp && !icmp && !icmpv6 && !sflow", "-o", "tcp.analyze_sequence_numbers:FALSE", "-T", "fields", "-E", "occurrence=l"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Logf("tshark: %v", err) // so it ends where a capture is damaged
	}
	segments := make(map[uint64]string)
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		num, _ := strconv.ParseUint(f[0], 10, 64)
		flags, _ := strconv.ParseUint(f[6], 0, 16)
		segments[num] = fmt.Sprintf("%s>%s seq %s ack %s len %s flags %#04x win %s", f[1], f[2], f[3], f[4], f[5], flags&0xff, f[7])
	}
	return segments
}

// brief writes a segment as tsharkSegments does.
func brief(s *flows.Segment) string {
	return fmt.Sprintf("%d>%d seq %d ack %d len %d flags %#04x win %d", s.SrcPort, s.DstPort, s.Seq, s.Ack, s.Len, uint8(s.Flags), s.Window)
}
