package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// begun is the time of the first frame of a fakeTap.
const begun = int64(1_700_000_000_123_456_789)

// A fakeTap hands out frames a millisecond apart, and is quiet between their
// batches. Then it fails, or is quiet for good.
type fakeTap struct {
	batches [][][]byte
	fails   error
	isDown  error
	dropped uint64
	stop    func() // called before the frame with number stopAt
	stopAt  int
	handed  int
	waits   int // since the last batch
}

func (t *fakeTap) next() ([]byte, int64, uint32, error) {
	if len(t.batches) == 0 {
		if t.waits++; t.fails != nil {
			return nil, 0, 0, t.fails
		}
		if t.stop != nil && t.waits > 2 {
			t.stop()
		}
		return nil, 0, 0, errQuiet
	}
	if len(t.batches[0]) == 0 {
		t.batches = t.batches[1:]
		return nil, 0, 0, errQuiet
	}
	data := t.batches[0][0]
	t.batches[0] = t.batches[0][1:]
	if t.handed++; t.handed == t.stopAt {
		t.stop()
	}
	return data, begun + int64(t.handed-1)*1e6, uint32(len(data)), nil
}

func (t *fakeTap) drops() (kernel, iface uint64, err error) { return t.dropped, 2 * t.dropped, nil }
func (t *fakeTap) down() error                              { return t.isDown }
func (t *fakeTap) close()                                   {}

// ticking goes on by half a second each time it is asked, so that drops are.
func ticking(at int64) func() int64 {
	return func() int64 {
		at += 500e6
		return at
	}
}

// frames returns n frames of TCP.
func frames(n int) [][]byte {
	var all [][]byte
	for range n {
		all = append(all, tcpFrame())
	}
	return all
}

// tcpFrame is a SYN in Ethernet.
func tcpFrame() []byte {
	f := make([]byte, 14+20+20)
	f[12], f[14], f[17], f[23], f[22] = 8, 0x45, 40, 6, 64
	f[14+20+12], f[14+20+13] = 0x50, 2
	return f
}

// runTap captures from t and returns the numbers of the segments.
func runTap(t *testing.T, from *fakeTap, opt Options, to *Saving) (nums []uint64, s *Source, err error) {
	t.Helper()
	dev := Device{Engine: EnginePcap, Name: "fake0", SnapLen: MaxSnapLen, Now: ticking(begun)}
	s = newLive(dev, from, pcapfile.LinkEthernet).source(opt)
	if to != nil {
		if err := s.Save(*to); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	if from.fails == nil || from.stopAt > 0 {
		from.stop = stop
	}
	err = s.Run(ctx, func(segs []flows.Segment) error {
		for i := range segs {
			nums = append(nums, segs[i].Num)
		}
		return nil
	})
	stop()
	if closing := s.Close(); closing != nil {
		t.Error(closing)
	}
	return nums, s, err
}

func TestLiveCounts(t *testing.T) {
	from := &fakeTap{batches: [][][]byte{frames(3), frames(40000), {[]byte("not a frame")}, frames(2)}, dropped: 7}
	nums, s, err := runTap(t, from, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(nums) != 40005 || nums[0] != 1 || nums[40004] != 40006 {
		t.Errorf("got %d segments, the last one %d", len(nums), nums[len(nums)-1])
	}
	got := s.Stats()
	if got.KernelDropped == nil || *got.KernelDropped != 7 || got.InterfaceDropped != 14 {
		t.Errorf("got drops %v and %d, want 7 and 14", got.KernelDropped, got.InterfaceDropped)
	}
	if of := &got.Sources[0]; of.KernelDropped == nil || *of.KernelDropped != 7 || of.InterfaceDropped != 14 {
		t.Errorf("of the interface: got drops %v and %d, want 7 and 14", of.KernelDropped, of.InterfaceDropped)
	}
	got.KernelDropped, got.InterfaceDropped = nil, 0
	got.Sources[0].KernelDropped, got.Sources[0].InterfaceDropped = nil, 0
	want := Stats{
		Sources:   []SourceStats{{Name: "fake0", Format: "live", Size: -1, Packets: 40006, First: begun, Last: begun + 40005e6}},
		LinkTypes: []string{"EN10MB"}, Format: "live", Packets: 40006, TCPPackets: 40005, Bytes: 40005*54 + 11,
		First: begun, Last: begun + 40005e6, UndecodedPackets: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if source, packet := s.Origin(5); source != "fake0" || packet != 5 {
		t.Errorf("frame 5: got %s, %d", source, packet)
	}
}

// TestLiveTail: what was captured before the stop is read after it, and what came
// later is not.
func TestLiveTail(t *testing.T) {
	from := &fakeTap{batches: [][][]byte{frames(10), frames(500), frames(900)}, stopAt: 5}
	nums, _, err := runTap(t, from, Options{}, nil)
	// The clock says 1 s after the first frame when the stop is seen.
	if want := 1001; len(nums) != want || err != nil {
		t.Errorf("got %d segments, error %v; want %d", len(nums), err, want)
	}
}

func TestLiveEnds(t *testing.T) {
	failed := errors.New("the cable burnt")
	for _, tt := range []struct {
		name string
		tap  *fakeTap
		opt  Options
		want int
		err  error
	}{
		{"count", &fakeTap{batches: [][][]byte{frames(4), frames(20)}}, Options{Count: 9}, 9, nil},
		{"failure", &fakeTap{batches: [][][]byte{frames(4)}, fails: failed}, Options{}, 4, failed},
		{"down", &fakeTap{batches: [][][]byte{frames(4), nil, nil, nil}, isDown: syscall.ENETDOWN}, Options{}, 4, syscall.ENETDOWN},
	} {
		nums, _, err := runTap(t, tt.tap, tt.opt, nil)
		if len(nums) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %d segments, error %v; want %d, %v", tt.name, len(nums), err, tt.want, tt.err)
		}
		if _, ok := errors.AsType[*EndError](err); ok != (tt.err != nil) {
			t.Errorf("%s: got error %v", tt.name, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "fake0: ") {
			t.Errorf("%s: got error %v, want the interface in it", tt.name, err)
		}
	}
}

// packets returns how many packets each file in a folder has.
func packets(t *testing.T, dir string) map[string]uint64 {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]uint64{}
	for _, name := range names {
		s, err := OpenFiles([]string{name}, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context(), func([]flows.Segment) error { return nil }); err != nil {
			t.Fatal(err)
		}
		stats := s.Stats()
		if stats.Damage != nil {
			t.Errorf("%s: got %+v", name, stats.Damage)
		}
		if stats.Packets > 0 && stats.First%1e6 != begun%1e6 {
			t.Errorf("%s: got first time %d: nanoseconds are lost", name, stats.First)
		}
		found[filepath.Base(name)] = stats.Packets
		s.Close()
	}
	return found
}

// TestSave rotates as tcpdump does. A record of 54 bytes takes 70.
func TestSave(t *testing.T) {
	start := time.Unix(0, begun+500e6) // as the clock says when the first file is created
	at := func(after time.Duration) string { return start.Add(after).Format("05") }
	for _, tt := range []struct {
		name string
		to   Saving
		want map[string]uint64
		seen int
	}{
		{"one file", Saving{Name: "x.pcap"}, map[string]uint64{"x.pcap": 5000}, 5000},
		{"by size", Saving{Name: "x.pcap", Size: 140e3}, map[string]uint64{"x.pcap": 2000, "x.pcap1": 2000, "x.pcap2": 1000}, 5000},
		{"in turn", Saving{Name: "x", Size: 70e3, Count: 3}, map[string]uint64{"x0": 1000, "x1": 1000, "x2": 1000}, 5000},
		{"ten in turn", Saving{Name: "x", Size: 140e3, Count: 12}, map[string]uint64{"x00": 2000, "x01": 2000, "x02": 1000}, 5000},
		{
			"by time", Saving{Name: "x%S", Every: 2 * time.Second},
			map[string]uint64{"x" + at(0): 2500, "x" + at(2*time.Second): 2000, "x" + at(4*time.Second): 500}, 5000,
		},
		{"by time, counted", Saving{Name: "x%S", Every: 2 * time.Second, Count: 1}, map[string]uint64{"x" + at(0): 2500}, 2500},
		{
			"by time and size", Saving{Name: "x%S-", Every: 2 * time.Second, Size: 140e3},
			map[string]uint64{"x" + at(0) + "-": 2000, "x" + at(0) + "-1": 500, "x" + at(2*time.Second) + "-": 2000, "x" + at(4*time.Second) + "-": 500}, 5000,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			nums, _, err := runTap(t, &fakeTap{batches: [][][]byte{frames(5000)}}, Options{}, &tt.to)
			if err != nil || len(nums) != tt.seen {
				t.Errorf("got %d segments, error %v; want %d", len(nums), err, tt.seen)
			}
			got := packets(t, ".")
			for name, n := range got { // a file is larger than its size by one packet and less
				if want := tt.want[name]; n > want+1 || n+4 < want {
					t.Errorf("%s: got %d packets, want %d", name, n, want)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("got files %v, want %v", got, tt.want)
			}
		})
	}
}

// full is a disk of that many bytes.
type full struct {
	bytes.Buffer
	room int
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room-f.Len())
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestSaveFullDisk: packets that are not saved are not seen.
func TestSaveFullDisk(t *testing.T) {
	out := &full{room: 24 + 70*10 + 33}
	nums, s, err := runTap(t, &fakeTap{batches: [][][]byte{frames(8), frames(100)}}, Options{}, &Saving{Name: "-", Stdout: out})
	if _, ok := errors.AsType[*EndError](err); !ok || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v", err)
	}
	if stats := s.Stats(); len(nums) != 10 || stats.Packets != 10 {
		t.Errorf("got %d segments, %d packets, want 10", len(nums), stats.Packets)
	}
}

func TestTimeName(t *testing.T) {
	at := time.Date(2026, 11, 5, 16, 4, 9, 0, time.UTC)
	for format, want := range map[string]string{
		"x-%Y%m%d-%H%M%S.pcap": "x-20261105-160409.pcap", "%F_%T": "2026-11-05_16:04:09", "%s": "1793894649",
		"100%%": "100%", "%j %e %b %I%p": "309  5 Nov 04PM", "plain": "plain", "end%": "end%",
	} {
		if got, err := TimeName(format, at); got != want || err != nil {
			t.Errorf("%q: got %q, error %v; want %q", format, got, err, want)
		}
	}
	if got, err := TimeName("x%Q", at); err == nil {
		t.Errorf("%%Q: got %q, want an error", got)
	}
}

// TestLiveAllocations: a packet costs no memory.
func TestLiveAllocations(t *testing.T) {
	all := frames(50000)
	blocks := 0
	allocs := testing.AllocsPerRun(1, func() {
		from := &fakeTap{batches: [][][]byte{all}}
		dev := Device{Name: "fake0", SnapLen: MaxSnapLen, Now: ticking(begun)}
		s := newLive(dev, from, pcapfile.LinkEthernet).source(Options{Count: 50000})
		if err := s.Run(t.Context(), func([]flows.Segment) error { blocks++; return nil }); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 500 {
		t.Errorf("got %.0f allocations for 50000 packets in %d blocks", allocs, blocks)
	}
}

// TestLiveIsAsFile: a capture and the same packets in a file give the same
// segments.
func TestLiveIsAsFile(t *testing.T) {
	raw := capturetest.Pcap(t, "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.002 > . ack 1\n0.003 > P. 1:5(4) ack 1 \"GET \"\n")
	var data [][]byte
	for at := 24; at < len(raw); {
		n := int(binary.LittleEndian.Uint32(raw[at+8:]))
		data = append(data, raw[at+pcapfile.RecordLen:at+pcapfile.RecordLen+n])
		at += pcapfile.RecordLen + n
	}
	name := filepath.Join(t.TempDir(), "saved")
	var live, saved []flows.Segment
	s := newLive(Device{Name: "fake0", SnapLen: MaxSnapLen, Now: ticking(begun)}, &fakeTap{batches: [][][]byte{data}}, pcapfile.LinkEthernet).source(
		Options{Count: uint64(len(data))})
	keep := func(to *[]flows.Segment) func([]flows.Segment) error {
		return func(segs []flows.Segment) error {
			for _, x := range segs {
				x.Payload = bytes.Clone(x.Payload)
				*to = append(*to, x)
			}
			return nil
		}
	}
	if err := errors.Join(s.Save(Saving{Name: name}), s.Run(t.Context(), keep(&live)), s.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFiles([]string{name}, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Run(t.Context(), keep(&saved)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(saved, live); diff != "" || len(live) != len(data) {
		t.Errorf("%d of %d segments; -saved, +live:\n%s", len(live), len(data), diff)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}
