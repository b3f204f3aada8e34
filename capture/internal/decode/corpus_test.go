package decode

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// decodeAll decodes frames in order, fragments included, and hands over what is TCP.
func decodeAll(frames []filetest.Recorded, use func(*filetest.Recorded, *flows.Segment)) {
	d, f := New(), NewDefragmenter()
	for i := range frames {
		fr := &frames[i]
		var seg flows.Segment
		v := d.Decode(fr.Link, fr.Iface, fr.Data, fr.WireLen, &seg)
		if v == Fragment {
			v = f.Add(fr.Link, fr.Iface, fr.Data, fr.WireLen, fr.Time, &seg)
		}
		if v == TCP {
			seg.Num = fr.Num
			use(fr, &seg)
		}
	}
}

// TestTCPFrames compares the number of segments with what the corpus's list
// says that tshark found.
func TestTCPFrames(t *testing.T) {
	names := filetest.Corpus(t)
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
			decodeAll(filetest.ReadFrames(t, name), func(*filetest.Recorded, *flows.Segment) { got++ })
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
	for _, name := range filetest.Corpus(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want := tsharkSegments(t, name)
			got := make(map[uint64]string)
			decodeAll(filetest.ReadFrames(t, name), func(_ *filetest.Recorded, s *flows.Segment) {
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
