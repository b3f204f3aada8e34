package capture

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// TestPcapZeros has the end of a file that was not yet on the disk at a crash.
func TestPcapZeros(t *testing.T) {
	file := append(filetest.PlainPcap.Write(filetest.Times(1, 2)...), make([]byte, 32)...)
	s := readEveryWay(t, filetest.Save(t, file), Options{}).Stats
	if s.Packets != 4 || s.TCPPackets != 2 || s.UndecodedPackets != 2 || s.First != 1e9 || s.Last != 2e9 {
		t.Errorf("got stats %+v, want the times of the packets alone", s)
	}
}

func TestPcapngDrops(t *testing.T) {
	packet := func(drops uint64) []byte {
		return filetest.LE.Enhanced(0, 1, filetest.Packet{Mark: 1}.Bytes(), filetest.LE.Option(filetest.OptionPacketDrops, filetest.LE.Long(drops)...))
	}
	statistics := func(options ...[]byte) []byte {
		return filetest.LE.Block(filetest.BlockStatistics, filetest.Concat(filetest.LE.Words(0, 0, 0), filetest.Concat(options...)))
	}
	start := filetest.LE.Option(filetest.OptionStart, 1, 0, 0, 0, 2, 0, 0, 0)
	named := filetest.LE.Iface(1, 0, filetest.LE.Option(filetest.OptionName, []byte("eth0")...))
	drops := func(n uint64) []byte { return filetest.LE.Option(filetest.OptionIfaceDrops, filetest.LE.Long(n)...) }
	for name, tt := range map[string]struct {
		files []([]byte)
		want  int // -1 is unknown
	}{
		"none said":                       {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket())}, -1},
		"statistics without drops":        {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(start))}, -1},
		"statistics say 0":                {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(0)))}, 0},
		"from packet to packet":           {[][]byte{filetest.Concat(filetest.LE.Section(), named, packet(2), packet(3))}, 5},
		"both: the totals say all":        {[][]byte{filetest.Concat(filetest.LE.Section(), named, packet(2), statistics(drops(7)))}, 7},
		"the last total counts":           {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(3)), statistics(drops(4)))}, 4},
		"by interface and by kernel":      {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(3), filetest.LE.Option(filetest.OptionKernelDrops, filetest.LE.Long(2)...)))}, 5},
		"two sections":                    {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(3)), filetest.LE.Section(), named, statistics(drops(4)))}, 7},
		"rotated files of one capture":    {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(start, drops(3))), filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(start, drops(9)))}, 9},
		"more than there can be":          {[][]byte{filetest.Concat(filetest.LE.Section(), named, packet(math.MaxUint64), packet(3))}, 3},
		"totals that are not known":       {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(math.MaxUint64)))}, -1},
		"totals that go back":             {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(9)), statistics(drops(4)))}, 9},
		"one of two is not known":         {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(3), filetest.LE.Option(filetest.OptionKernelDrops, filetest.LE.Long(math.MaxUint64)...)))}, 3},
		"two files of different machines": {[][]byte{filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(3))), filetest.Concat(filetest.LE.Section(), named, filetest.OnePacket(), statistics(drops(9)))}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, filetest.Save(t, tt.files...), Options{})
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

// TestDropsSaturate adds up claims to the largest number that a report can hold.
func TestDropsSaturate(t *testing.T) {
	var s runningStats
	s.init([]string{"a", "b"})
	for i := range 1 << 16 {
		s.addDrops(pcapfile.Drops{Source: 0, Iface: i, Packets: 1 << 48, Total: true})
		s.addDrops(pcapfile.Drops{Source: 1, Packets: 1 << 48})
	}
	if got, known := s.drops(); got != math.MaxInt64 || !known {
		t.Errorf("got %d, known %v, want %d", got, known, int64(math.MaxInt64))
	}
}

// TestDropsOfLiveCapture counts on where the system's counter wraps, and not where
// it goes back.
func TestDropsOfLiveCapture(t *testing.T) {
	var w wrapping
	for _, step := range []struct {
		now  uint32
		want uint64
	}{{0, 0}, {5, 5}, {5, 5}, {3, 5}, {4, 6}, {0, 6}, {1 << 30, 6 + 1<<30}, {3 << 30, 6 + 1<<30}, {1<<32 - 1, 5 + 2<<30}, {2, 8 + 2<<30}} {
		if w.count(step.now); w.sum != step.want {
			t.Errorf("at %d: got %d, want %d", step.now, w.sum, step.want)
		}
	}
}
