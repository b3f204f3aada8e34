package capture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A timedTap hands out frames of such times, and is quiet then, or fails.
type timedTap struct {
	at      []int64
	data    []byte // of each frame
	fails   error
	dropped uint64
}

func (t *timedTap) next() ([]byte, int64, uint32, error) {
	if len(t.at) == 0 {
		return nil, 0, 0, cmp.Or(t.fails, errQuiet)
	}
	at := t.at[0]
	t.at = t.at[1:]
	return t.data, at, uint32(len(t.data)), nil
}

func (t *timedTap) drops() (kernel, iface uint64, err error) { return t.dropped, 2 * t.dropped, nil }
func (t *timedTap) down() error                              { return nil }
func (t *timedTap) close()                                   {}

// every returns n times, that far apart.
func every(apart int64, n int, from int64) []int64 {
	at := make([]int64, n)
	for i := range at {
		at[i] = from + int64(i)*apart
	}
	return at
}

// sharedClock goes on by a millisecond each time that one of several goroutines asks.
func sharedClock(at int64) func() int64 {
	var now atomic.Int64
	now.Store(at)
	return func() int64 { return now.Add(1e6) }
}

// severalTaps returns the source of taps, whose names are if0 and so on.
func severalTaps(now func() int64, lost func(string, error), opt Options, links []pcapfile.LinkType, from ...*timedTap) *Source {
	var names []string
	for i := range from {
		names = append(names, "if"+string(rune('0'+i)))
	}
	var of []*live
	for i, t := range from {
		dev := Device{Engine: EnginePcap, Name: names[i], Others: slices.Delete(slices.Clone(names), i, i+1), SnapLen: MaxSnapLen, Now: now, Lost: lost}
		of = append(of, newLive(dev, t, links[i%len(links)]))
	}
	return newTaps(of, opt)
}

// captured is what a run has handed over.
type captured struct {
	Nums  []uint64
	Times []int64
}

// run captures until so many segments have come, and then stops.
func runSeveral(t *testing.T, s *Source, until int) (got captured, err error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err = s.Run(ctx, func(segs []flows.Segment) error {
		for i := range segs {
			got.Nums, got.Times = append(got.Nums, segs[i].Num), append(got.Times, segs[i].Time)
		}
		if len(got.Nums) >= until {
			stop()
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return got, err
}

var ethernet = []pcapfile.LinkType{pcapfile.LinkEthernet}

// TestSeveralInOrder captures from three interfaces at once: packets come in the order of
// their times, and each interface has its own counts.
func TestSeveralInOrder(t *testing.T) {
	eth, raw := tcpFrame(), tcpFrame()[14:]
	s := severalTaps(sharedClock(begun+3600e9), nil, Options{}, []pcapfile.LinkType{pcapfile.LinkEthernet, pcapfile.LinkRaw},
		&timedTap{at: every(2e3, 30000, begun), data: eth, dropped: 5},
		&timedTap{at: every(2e3, 30000, begun+1e3), data: raw, dropped: 2},
		&timedTap{at: every(1e9, 1, begun+7), data: eth})
	got, err := runSeveral(t, s, 60001)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(got.Times) || len(got.Times) != 60001 || got.Times[1] != begun+7 || got.Nums[60000] != 60001 {
		t.Errorf("got %d segments, sorted: %v", len(got.Times), slices.IsSorted(got.Times))
	}
	st := s.Stats()
	n := func(x uint64) *uint64 { return &x }
	want := []SourceStats{
		{Name: "if0", Format: "live", Size: -1, Packets: 30000, First: begun, Last: begun + 29999*2e3, KernelDropped: n(5), InterfaceDropped: 10},
		{Name: "if1", Format: "live", Size: -1, Packets: 30000, First: begun + 1e3, Last: begun + 29999*2e3 + 1e3, KernelDropped: n(2), InterfaceDropped: 4},
		{Name: "if2", Format: "live", Size: -1, Packets: 1, First: begun + 7, Last: begun + 7, KernelDropped: n(0)},
	}
	if diff := gocmp.Diff(want, st.Sources); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if *st.KernelDropped != 7 || st.InterfaceDropped != 14 || st.Packets != 60001 || st.TCPPackets != 60001 || len(st.LinkTypes) != 2 || len(st.Warnings) != 0 {
		t.Errorf("got %+v", st)
	}
	if name, num := s.Origin(1); name != "" || num != 0 {
		t.Errorf("got origin %s, %d: frames have one number", name, num)
	}
}

// TestSeveralQuiet: an interface without packets holds up none, nor does a clock that was
// set back.
func TestSeveralQuiet(t *testing.T) {
	for name, at := range map[string]int64{"behind": begun, "set back": begun - 7200e9} {
		t.Run(name, func(t *testing.T) {
			s := severalTaps(sharedClock(at), nil, Options{}, ethernet, &timedTap{}, &timedTap{at: every(1e6, 500, begun), data: tcpFrame()}, &timedTap{})
			if got, err := runSeveral(t, s, 500); err != nil || len(got.Nums) != 500 {
				t.Errorf("got %d segments, error %v", len(got.Nums), err)
			}
		})
	}
}

// TestSeveralLost: the other interfaces go on when one ends, and the capture ends with the
// last one.
func TestSeveralLost(t *testing.T) {
	var told []string
	lost := func(name string, err error) { told = append(told, err.Error()) }
	s := severalTaps(sharedClock(begun+3600e9), lost, Options{}, ethernet,
		&timedTap{at: every(1e6, 4, begun), data: tcpFrame(), fails: syscall.ENETDOWN}, &timedTap{at: every(1e6, 20, begun), data: tcpFrame()})
	got, err := runSeveral(t, s, 24)
	if err != nil || len(got.Nums) != 24 {
		t.Errorf("got %d segments, error %v", len(got.Nums), err)
	}
	warnings := s.Stats().Warnings
	if len(warnings) != 1 || warnings[0].Say(strings.ToUpper) != "IF0 ended early, network is down: what has passed it since is not in the numbers" {
		t.Errorf("got %+v", warnings)
	}
	if diff := gocmp.Diff([]string{"if0: network is down"}, told); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}

	s = severalTaps(sharedClock(begun+3600e9), nil, Options{}, ethernet,
		&timedTap{at: every(1e6, 4, begun), data: tcpFrame(), fails: syscall.ENODEV}, &timedTap{at: every(1e6, 20, begun), data: tcpFrame(), fails: syscall.ENODEV})
	got, err = runSeveral(t, s, 1000)
	if end, ok := errors.AsType[*EndError](err); !ok || !errors.Is(end, syscall.ENODEV) || len(got.Nums) != 24 || len(s.Stats().Warnings) != 1 {
		t.Errorf("all end: got %d segments, error %v, %+v", len(got.Nums), err, s.Stats().Warnings)
	}
}

// TestSeveralApplyFails ends at once, and all goroutines with it.
func TestSeveralApplyFails(t *testing.T) {
	s := severalTaps(sharedClock(begun+3600e9), nil, Options{}, ethernet,
		&timedTap{at: every(1e3, 100000, begun), data: tcpFrame()}, &timedTap{at: every(1e3, 100000, begun), data: tcpFrame()})
	if err := s.Run(t.Context(), func([]flows.Segment) error { return fs.ErrClosed }); err != fs.ErrClosed {
		t.Errorf("got %v", err)
	}
}

// TestSeveralSaved: what is saved is read back as the same, and ends with -c as the
// capture does.
func TestSeveralSaved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved.pcapng")
	s := severalTaps(sharedClock(begun+3600e9), nil, Options{Count: 1500}, []pcapfile.LinkType{pcapfile.LinkEthernet, pcapfile.LinkRaw},
		&timedTap{at: every(2e3, 1000, begun), data: tcpFrame(), dropped: 3}, &timedTap{at: every(2e3, 1000, begun+1e3), data: bytes.Clone(tcpFrame()[14:]), dropped: 1})
	if err := s.Save(Saving{Name: name}); err != nil {
		t.Fatal(err)
	}
	live, err := runSeveral(t, s, 1<<30)
	if err != nil || len(live.Nums) != 1500 {
		t.Fatalf("got %d segments, error %v", len(live.Nums), err)
	}
	back, err := OpenFiles([]string{name}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := runSeveral(t, back, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(live, again); diff != "" {
		t.Errorf("live, then read back:\n%s", diff)
	}
	a, b := s.Stats(), back.Stats()
	if b.Damage != nil || b.Format != "pcapng" || b.Packets != 1500 || b.Bytes != a.Bytes || len(b.LinkTypes) != 2 || *a.KernelDropped != 4 || *b.KernelDropped != 4+8 {
		t.Errorf("got %+v, read back %+v", a, b) // of a file, what interfaces dropped counts, too
	}
}

// TestSeveralNames refuses what makes no sense, before anything is opened.
func TestSeveralNames(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  error
	}{{[]string{"lo", "x", "lo"}, ErrTwice}, {[]string{"lo", "any"}, ErrAny}} {
		if _, err := OpenLive(Device{Name: tt.names[0], Others: tt.names[1:]}, Options{}); !errors.Is(err, tt.want) {
			t.Errorf("%v: got %v", tt.names, err)
		}
	}
}
