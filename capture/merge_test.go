package capture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// at returns packets with one mark at those times, in nanoseconds.
func at(mark byte, times ...int64) []filetest.Packet {
	var ps []filetest.Packet
	for _, t := range times {
		ps = append(ps, filetest.Packet{Time: t * 1000, Mark: mark})
	}
	return ps
}

func TestMerge(t *testing.T) {
	for name, tt := range map[string]struct {
		files [][]filetest.Packet
		want  string
	}{
		"one after another":       {[][]filetest.Packet{at(1, 1, 2), at(2, 3, 4), at(3, 5)}, "1 1 2 2 3"},
		"named backwards":         {[][]filetest.Packet{at(3, 5), at(2, 3, 4), at(1, 1, 2)}, "1 1 2 2 3"},
		"alternating":             {[][]filetest.Packet{at(1, 1, 3, 5), at(2, 2, 4, 6)}, "1 2 1 2 1 2"},
		"one inside another":      {[][]filetest.Packet{at(1, 1, 9, 10, 11), at(2, 2, 4, 6)}, "1 2 2 2 1 1 1"},
		"equal times":             {[][]filetest.Packet{at(1, 5, 5, 7), at(2, 5, 5, 7), at(3, 5)}, "1 1 2 2 3 1 2"},
		"equal times, first ones": {[][]filetest.Packet{at(1, 2, 5), at(2, 1, 5)}, "2 1 2 1"},
		"touching":                {[][]filetest.Packet{at(1, 1, 5), at(2, 5, 6)}, "1 1 2 2"},
		"out of order inside":     {[][]filetest.Packet{at(1, 10, 5, 20), at(2, 7, 12)}, "2 1 1 2 1"},
		"no packets in one":       {[][]filetest.Packet{at(1, 1), nil, at(2, 0)}, "2 1"},
		"three, overlapping":      {[][]filetest.Packet{at(1, 1, 4, 7, 10), at(2, 2, 5, 8), at(3, 6, 9, 12)}, "1 2 1 2 3 1 2 3 1 3"},
	} {
		t.Run(name, func(t *testing.T) {
			var files [][]byte
			for i, ps := range tt.files {
				if i%2 == 0 {
					files = append(files, filetest.PlainPcap.Write(ps...))
				} else {
					files = append(files, filetest.LE.Write(ps...))
				}
			}
			r := readEveryWay(t, filetest.Save(t, files...), Options{})
			var got []string
			for i, s := range r.Segments {
				f := strings.Fields(s)
				if f[0] != fmt.Sprint(i+1) {
					t.Errorf("frame %d has number %s", i+1, f[0])
				}
				got = append(got, strings.TrimPrefix(f[2], "0"))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			for i, of := range r.Stats.Sources {
				if int(of.Packets) != len(tt.files[i]) {
					t.Errorf("%s: got %d packets, want %d", of.Name, of.Packets, len(tt.files[i]))
				}
			}
		})
	}
}

// TestMergeOrigins merges files at random and asks for every frame where it
// comes from.
func TestMergeOrigins(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		files := make([][]filetest.Packet, 2+random.IntN(5))
		var data [][]byte
		now := int64(0)
		for i := range files {
			now += random.Int64N(50)
			time := now
			for range random.IntN(60) {
				time += random.Int64N(4)
				files[i] = append(files[i], filetest.Packet{Time: time * 1000, Mark: byte(random.Uint32())})
			}
			data = append(data, filetest.PlainPcap.Write(files[i]...))
		}
		names := filetest.Save(t, data...)
		for _, workers := range []int{1, 3} {
			checkOrigins(t, names, files, workers)
		}
	}
}

func checkOrigins(t *testing.T, names []string, files [][]filetest.Packet, workers int) {
	t.Helper()
	s, err := openFiles(names, Options{Workers: workers}, 300)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last, num := int64(-1), uint64(0)
	next := make([]uint64, len(names))
	err = s.Run(t.Context(), func(segments []flows.Segment) error {
		for _, g := range segments {
			num++
			if g.Time < last || g.Num != num {
				t.Fatalf("frame %d at %d after frame %d at %d", g.Num, g.Time, num-1, last)
			}
			last = g.Time
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range files {
		total += len(f)
	}
	if int(num) != total {
		t.Fatalf("got %d segments, want %d", num, total)
	}
	for n := uint64(1); n <= num; n++ {
		source, packet := s.Origin(n)
		i := slices.Index(names, source)
		if i < 0 {
			t.Fatalf("frame %d comes from %q", n, source)
		}
		if next[i]++; packet != next[i] {
			t.Fatalf("frame %d is packet %d of %s, want %d", n, packet, source, next[i])
		}
	}
	if source, packet := s.Origin(num + 1); source != "" || packet != 0 {
		t.Errorf("frame %d: got %q, %d; want none", num+1, source, packet)
	}
}

// TestMergeInterfaces demands that files which overlap have interfaces of
// their own, and that rotated files share theirs.
func TestMergeInterfaces(t *testing.T) {
	links := func(files ...[]byte) map[byte]uint32 {
		got := map[byte]uint32{}
		s, err := OpenFiles(filetest.Save(t, files...), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Run(t.Context(), func(segments []flows.Segment) error {
			for _, g := range segments {
				got[g.Payload[0]] = g.Link
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := links(filetest.PlainPcap.Write(at(1, 1, 3)...), filetest.PlainPcap.Write(at(2, 2, 4)...)); got[1] == got[2] {
		t.Errorf("overlapping files share link %d", got[1])
	}
	if got := links(filetest.PlainPcap.Write(at(1, 1, 3)...), filetest.PlainPcap.Write(at(2, 4, 5)...)); got[1] != got[2] {
		t.Errorf("rotated files have links %d and %d", got[1], got[2])
	}
}

func TestMergeDamaged(t *testing.T) {
	cut := filetest.PlainPcap.Write(at(1, 1, 2, 9)...)
	cut = cut[:len(cut)-5]
	names := filetest.Save(t, cut, filetest.PlainPcap.Write(at(2, 3, 4)...), append(filetest.PlainPcap.Write(), 1, 2, 3))
	r := readEveryWay(t, names, Options{})
	d := r.Stats.Damage
	if len(r.Segments) != 4 || r.Err != "" || d == nil || d.Source != "0.cap" || d.Packet != 3 || d.Offset != int64(24+2*71) {
		t.Errorf("got %q, error %q, damage %+v", r.Segments, r.Err, d)
	}
}

// TestManyFiles reads more files than there may be descriptors.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 300 {
		name := filepath.Join(dir, fmt.Sprintf("cap.pcap%03d", 299-i))
		if err := os.WriteFile(name, filetest.PlainPcap.Write(at(byte(i), int64(i)*10, int64(i)*10+9)...), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	s, err := OpenFiles(names, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	open := func() (n int) {
		for _, c := range s.files {
			c.mu.Lock()
			if c.in != nil {
				n++
			}
			c.mu.Unlock()
		}
		return n
	}
	if n := open(); n != 0 {
		t.Errorf("%d files are open before the reading", n)
	}
	frames := 0
	if err := s.Run(t.Context(), func(segments []flows.Segment) error {
		frames += len(segments)
		if n := open(); n > 2 {
			t.Errorf("%d files are open", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if done, total := s.Progress(); frames != 600 || done != total || total != 300*(24+2*71) {
		t.Errorf("got %d frames, progress %d of %d", frames, done, total)
	}
	if source, packet := s.Origin(3); source != names[298] || packet != 1 {
		t.Errorf("frame 3: got %s, %d", source, packet)
	}
}

// TestMergeStdin has standard input, which cannot be read again, among files.
func TestMergeStdin(t *testing.T) {
	names := append(filetest.Save(t, filetest.PlainPcap.Write(at(1, 1, 4, 8)...), filetest.PlainPcap.Write(at(2, 10)...)), "-")
	for _, workers := range []int{1, 2} {
		r := readAll(t, names, Options{Workers: workers, Stdin: bytes.NewReader(filetest.LE.Write(at(3, 2, 3, 9, 11)...))}, 100)
		want := "01@1000 03@2000 03@3000 01@4000 01@8000 03@9000 02@10000 03@11000"
		if got := marks(r); got != want || r.Err != "" {
			t.Errorf("got %s, error %q; want %s", got, r.Err, want)
		}
		if diff := cmp.Diff(r.Stats.Format, "mixed"); diff != "" {
			t.Error(diff)
		}
	}
	if r := readAll(t, []string{"-", "-"}, Options{Stdin: bytes.NewReader(filetest.PlainPcap.Write())}, 100); !strings.Contains(r.Err, "named twice") {
		t.Errorf("standard input twice: got error %q", r.Err)
	}
}

func TestFileGoneMeanwhile(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(at(1, 1)...), filetest.PlainPcap.Write(at(2, 2)...))
	s, err := OpenFiles(names, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	if d := s.Stats().Damage; s.Stats().Packets != 1 || d == nil || d.Source != names[1] || !strings.Contains(d.Reason, "no such file") {
		t.Errorf("got damage %+v", d)
	}
}
