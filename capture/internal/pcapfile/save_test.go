package pcapfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// begin is the time of the first frame.
const begin = int64(1_700_000_000_123_456_789)

// What is saved of, by its link type.
var (
	sll2     = []pcapfile.SavedInterface{{Link: pcapfile.LinkSLL2, SnapLen: 100}}
	ethernet = []pcapfile.SavedInterface{{Link: pcapfile.LinkEthernet, SnapLen: 100}}
)

// frames returns n frames of 54 bytes, a second apart, as [pcapfile.Saver.Write]
// wants them. A record of one has 70 bytes.
func frames(n int) *pcapfile.Records {
	var r pcapfile.Records
	for i := range n {
		at := begin + int64(i)*1e9
		data := bytes.Repeat([]byte{byte(i)}, 54)
		r.Frames = append(r.Frames, pcapfile.Frame{Time: at, Off: uint32(len(r.Buf)) + pcapfile.RecordLen, CapLen: 54, WireLen: 60})
		r.Buf = pcapfile.AppendRecord(r.Buf, at, 60, data)
	}
	return &r
}

// saved returns the times of each file's packets, in seconds after begin.
func saved(t *testing.T, dir string) map[string][]int64 {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]int64{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = secondsOf(t, b)
	}
	return all
}

// secondsOf returns the times of a file's packets.
func secondsOf(t *testing.T, file []byte) []int64 {
	t.Helper()
	f, rest, err := pcapfile.Open(bytes.NewReader(file[4:]), file[:4], 0)
	if err != nil || f.Name() != "pcap-ns" || len(rest) != 0 {
		t.Fatalf("got format %v, error %v", f, err)
	}
	r := pcapfile.Records{Buf: file[f.HeaderLen():]}
	if next, _, err := f.Walk(&r, 0); err != nil || next != len(r.Buf) {
		t.Errorf("damaged at %d of %d: %v", next, len(r.Buf), err)
	}
	seconds := []int64{}
	for i := range r.Frames {
		x := &r.Frames[i]
		if x.CapLen != 54 || x.WireLen != 60 || x.Link != pcapfile.LinkSLL2 || (x.Time-begin)%1e9 != 0 {
			t.Errorf("got %+v", x)
		}
		seconds = append(seconds, (x.Time-begin)/1e9)
	}
	return seconds
}

// TestSaver rotates as tcpdump does.
func TestSaver(t *testing.T) {
	name := func(format string, second int64) string {
		return time.Unix(0, begin+second*1e9).Format(format)
	}
	for _, tt := range []struct {
		name string
		to   pcapfile.Rotation
		want map[string][]int64
		err  error
	}{
		{"one file", pcapfile.Rotation{Name: "x"}, map[string][]int64{"x": {0, 1, 2, 3, 4, 5, 6}}, nil},
		{"by size", pcapfile.Rotation{Name: "x", Size: 200}, map[string][]int64{"x": {0, 1, 2}, "x1": {3, 4, 5}, "x2": {6}}, nil},
		{"in turn", pcapfile.Rotation{Name: "x", Size: 200, Count: 2}, map[string][]int64{"x0": {6}, "x1": {3, 4, 5}}, nil},
		{"by time", pcapfile.Rotation{Name: "%S", Every: 3 * time.Second},
			map[string][]int64{name("05", 0): {0, 1, 2}, name("05", 3): {3, 4, 5}, name("05", 6): {6}}, nil},
		{"by time, counted", pcapfile.Rotation{Name: "%S", Every: 3 * time.Second, Count: 1}, map[string][]int64{name("05", 0): {0, 1, 2}}, pcapfile.ErrLastFile},
		{"by time and size", pcapfile.Rotation{Name: "%S-", Every: 4 * time.Second, Size: 200},
			map[string][]int64{name("05-", 0): {0, 1, 2}, name("05-", 0) + "1": {3}, name("05-", 4): {4, 5, 6}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s, err := pcapfile.NewSaver(tt.to, sll2, begin)
			if err != nil {
				t.Fatal(err)
			}
			r := frames(7)
			n, err := s.Write(r)
			if err != tt.err || err == nil && n != 7 {
				t.Errorf("got %d frames, error %v; want error %v", n, err, tt.err)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil { // twice, as after a run that failed
				t.Error(err)
			}
			if diff := cmp.Diff(saved(t, "."), tt.want); diff != "" {
				t.Errorf("got, then want\n%s", diff)
			}
		})
	}
}

// A fullDisk takes so many bytes.
type fullDisk struct {
	bytes.Buffer
	room int
}

// Write implements io.Writer.
func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), f.room-f.Len())
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestSaverPermissions lets nobody else read what is saved.
func TestSaverPermissions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved.pcap")
	s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: name}, sll2, begin)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, error %v, want -rw-------", info.Mode(), err)
	}
}

// TestSaverAlone has a second one that saves to the same file: it fails, and what the
// first one saves stays whole.
func TestSaverAlone(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved.pcap")
	if err := os.WriteFile(name, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	to := pcapfile.Rotation{Name: name}
	first, err := pcapfile.NewSaver(to, sll2, begin)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Write(frames(3)); n != 3 || err != nil {
		t.Fatalf("got %d frames, error %v", n, err)
	}
	if _, err := pcapfile.NewSaver(to, sll2, begin); err == nil || !strings.HasSuffix(err.Error(), "another program is saving to it") {
		t.Errorf("the second one: got error %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(saved(t, filepath.Dir(name)), map[string][]int64{"saved.pcap": {0, 1, 2}}); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
	if again, err := pcapfile.NewSaver(to, sll2, begin); err != nil {
		t.Errorf("after that: got error %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestSaverFullDisk: frames count that are written whole.
func TestSaverFullDisk(t *testing.T) {
	for room, want := range map[int]int{24: 0, 24 + 70: 1, 24 + 3*70 + 69: 3, 24 + 4*70: 4} {
		out := &fullDisk{room: room}
		s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "-", Stdout: out}, sll2, begin)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Write(frames(5))
		if n != want || !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "save capture to standard output: ") {
			t.Errorf("room for %d bytes: got %d frames, error %v; want %d", room, n, err, want)
		}
	}
	if _, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "-", Stdout: &fullDisk{room: 10}}, ethernet, begin); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no room for a header: got error %v", err)
	}
}

func TestSaverErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "no/such/x.pcap"}, ethernet, begin); err == nil ||
		err.Error() != `save capture to "no/such/x.pcap": no such file or directory` {
		t.Errorf("no folder: got error %v", err)
	}
	if _, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "%Q", Every: time.Second}, ethernet, begin); err == nil || !strings.Contains(err.Error(), "%Q is not a time format") {
		t.Errorf("wrong word: got error %v", err)
	}
	// The folder of the next file goes away.
	if err := os.Mkdir("x", 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "x/y", Size: 200}, sll2, begin)
	if err == nil {
		err = os.RemoveAll("x")
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Write(frames(7)); n != 3 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %d frames, error %v; want 3, %v", n, err, os.ErrNotExist)
	}
}

func TestTimeName(t *testing.T) {
	at := time.Date(2026, 11, 5, 16, 4, 9, 0, time.UTC)
	for format, want := range map[string]string{
		"x-%Y%m%d-%H%M%S.pcap": "x-20261105-160409.pcap", "%F_%T": "2026-11-05_16:04:09", "%s": "1793894649",
		"100%%": "100%", "%j %e %b %I%p": "309  5 Nov 04PM", "plain": "plain", "end%": "end%",
	} {
		if got, err := pcapfile.TimeName(format, at); got != want || err != nil {
			t.Errorf("%q: got %q, error %v; want %q", format, got, err, want)
		}
	}
	if got, err := pcapfile.TimeName("x%Q", at); err == nil {
		t.Errorf("%%Q: got %q, want an error", got)
	}
}

// TestSaverSeveral saves frames of two interfaces: to pcapng files, each with both of them
// and with what they have lost. On a full disk frames count that are written whole.
func TestSaverSeveral(t *testing.T) {
	of := []pcapfile.SavedInterface{{Name: "eth0", Link: pcapfile.LinkEthernet, SnapLen: 100}, {Name: "tun0", Link: pcapfile.LinkRaw, SnapLen: 100}}
	r := frames(7)
	for i := range r.Frames {
		r.Frames[i].Iface = uint32(i % 2)
	}
	t.Chdir(t.TempDir())
	s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "x", Size: 600}, of, begin)
	if err != nil {
		t.Fatal(err)
	}
	s.Drops = func(number int) (kernel, iface uint64) { return uint64(5 + number), 0 }
	if n, err := s.Write(r); n != 7 || err != nil {
		t.Errorf("got %d frames, error %v", n, err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	next := 0
	for _, name := range []string{"x", "x1"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := walked(t, b)
		for _, f := range got.Frames {
			want := r.Frames[next]
			if f.Time != want.Time || f.Iface != want.Iface || f.Link != of[f.Iface].Link || f.CapLen != 54 || f.WireLen != 60 || got.Buf[f.Off] != byte(next) {
				t.Errorf("%s, frame %d: got %+v", name, next, f)
			}
			next++
		}
		wantDrops := []pcapfile.Drops{
			{Section: 1, Iface: 0, Start: uint64(begin), Name: "eth0", Packets: 5, Total: true}, {Section: 1, Iface: 1, Start: uint64(begin), Name: "tun0", Packets: 6, Total: true},
		}
		if diff := cmp.Diff(wantDrops, got.Side.Drops); diff != "" || len(b) > 600+2*100 {
			t.Errorf("%s, %d bytes: want, then got drops\n%s", name, len(b), diff)
		}
	}
	if next != 7 {
		t.Errorf("got %d frames, want 7", next)
	}

	whole := func(frames int) int { // bytes up to their end
		out := &fullDisk{room: 1 << 20}
		s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "-", Stdout: out}, of, begin)
		if err == nil {
			_, err = s.Write(&pcapfile.Records{Buf: r.Buf, Frames: r.Frames[:frames]})
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.Len()
	}
	for room, want := range map[int]int{whole(1) - 1: 0, whole(1): 1, whole(4) - 1: 3, whole(4) + 1: 4} {
		out := &fullDisk{room: room}
		s, err := pcapfile.NewSaver(pcapfile.Rotation{Name: "-", Stdout: out}, of, begin)
		if err != nil {
			t.Fatal(err)
		}
		s.Drops = func(int) (kernel, iface uint64) { t.Error("no room for drops"); return 0, 0 }
		if n, err := s.Write(r); n != want || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d bytes: got %d frames, error %v; want %d", room, n, err, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// walked reads a pcapng file that is whole.
func walked(t *testing.T, file []byte) *pcapfile.Records {
	t.Helper()
	f, _, err := pcapfile.Open(bytes.NewReader(file[4:]), file[:4], 0)
	if err != nil || f.Name() != "pcapng" {
		t.Fatalf("got format %v, error %v", f, err)
	}
	r := &pcapfile.Records{Buf: file}
	if next, _, err := f.Walk(r, 0); err != nil || next != len(file) {
		t.Errorf("damaged at %d of %d: %v", next, len(file), err)
	}
	return r
}
