package capture

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

// day is a time that is believed, in seconds.
const day = 1_700_000_000

// TestClock reads packets whose times cannot be right: another stands for those that
// are absurd, and all are named.
func TestClock(t *testing.T) {
	const hour = 3600
	for _, tc := range []struct {
		name     string
		seconds  []float64
		want     []float64
		absurd   []uint64
		backward []uint64
	}{
		{"in order", []float64{day, day + 1, day + 2*hour}, []float64{day, day + 1, day + 2*hour}, nil, nil},
		{"mixed up a little", []float64{day + 1, day, day + hour - 1, day}, []float64{day + 1, day, day + hour - 1, day}, nil, nil},
		{"of 1970 and 2106 among others", []float64{day, 0, day + 1, 1<<32 - 1, 1, day + 2}, []float64{day, day, day + 1, day + 1, day + 1, day + 2}, []uint64{2, 4, 5}, nil},
		{"the first of 1970", []float64{5, 6, day, day + 1}, []float64{day, day, day, day + 1}, []uint64{1, 2}, nil},
		{"all of 1970", []float64{5, 6, 7, 8}, []float64{5, 6, 7, 8}, []uint64{1, 2, 3}, nil},
		{"just not absurd", []float64{567_993_600, 4_102_444_799}, []float64{567_993_600, 4_102_444_799}, nil, nil},
		{"just absurd", []float64{day, 567_993_599, 4_102_444_800}, []float64{day, day, day}, []uint64{2, 3}, nil},
		{"set back by hours", []float64{day + 2*hour, day + 2*hour, day, day, day + 3*hour, day + 3*hour, day, day}, []float64{day + 2*hour, day + 2*hour, day, day, day + 3*hour, day + 3*hour, day, day}, nil, []uint64{3, 7}},
		{"the last after a long silence", []float64{day, day + hour}, []float64{day, day + hour}, nil, nil},
		{"absurd, then set back", []float64{day + hour, 0, day, day}, []float64{day + hour, day + hour, day, day}, []uint64{2}, []uint64{3}},
	} {
		for format, file := range map[string][]byte{
			"pcap":   filetest.PlainPcap.Write(filetest.Times(tc.seconds...)...),
			"pcapng": filetest.LE.Write(filetest.Times(tc.seconds...)...),
		} {
			got := readEveryWay(t, filetest.Save(t, file), Options{})
			var times []float64
			for _, s := range got.Segments {
				var num, at int64
				if _, err := fmt.Sscan(s, &num, &at); err != nil {
					t.Fatal(err)
				}
				times = append(times, float64(at)/1e9)
			}
			c := got.Stats.Clock
			if diff := cmp.Diff(times, tc.want); diff != "" {
				t.Errorf("%s, %s: got, then want\n%s", tc.name, format, diff)
			}
			if !slices.Equal(c.AbsurdPackets, tc.absurd) || !slices.Equal(c.BackwardPackets, tc.backward) {
				t.Errorf("%s, %s: got %+v, want absurd packets %d and backward ones %d", tc.name, format, c, tc.absurd, tc.backward)
			}
			if want := slices.Min(tc.want); got.Stats.First != int64(want*1e9) {
				t.Errorf("%s, %s: the first packet is of %d, want %f", tc.name, format, got.Stats.First, want)
			}
			if tc.name == "all of 1970" && c.Absurd != 4 {
				t.Errorf("%s: got %d absurd packets, want 4", tc.name, c.Absurd)
			}
		}
	}
}

// TestClockAlone has packets whose times are far from those around them, wherever blocks
// end.
func TestClockAlone(t *testing.T) {
	const hour = 3600
	for _, tc := range []struct {
		name     string
		seconds  []float64
		want     []float64
		absurd   []uint64
		backward []uint64
	}{
		{"ahead by an hour", []float64{day, day + hour, day + 1}, []float64{day, day, day + 1}, []uint64{2}, nil},
		{"ahead by years, and one of 1970", []float64{day, day + 9000*hour, 0, day + 1}, []float64{day, day, day, day + 1}, []uint64{2, 3}, nil},
		{"behind by an hour", []float64{day + hour, day, day + hour + 1}, []float64{day + hour, day + hour, day + hour + 1}, []uint64{2}, nil},
		{"two behind", []float64{day + hour, day, day, day + hour}, []float64{day + hour, day, day, day + hour}, nil, []uint64{2}},
		{"the last behind by an hour", []float64{day + hour, day}, []float64{day + hour, day + hour}, []uint64{2}, nil},
		{"every second one", []float64{day, day - hour, day + 1, day - hour, day + 2}, []float64{day, day, day + 1, day + 1, day + 2}, []uint64{2, 4}, nil},
	} {
		got := readEveryWay(t, filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(tc.seconds...)...)), Options{})
		var want []string
		for i, at := range tc.want {
			want = append(want, fmt.Sprintf("%d %d %02d 1 0", i+1, int64(at*1e9), i+1))
		}
		c := got.Stats.Clock
		if diff := cmp.Diff(got.Segments, want); diff != "" || !slices.Equal(c.AbsurdPackets, tc.absurd) || !slices.Equal(c.BackwardPackets, tc.backward) {
			t.Errorf("%s: got %+v, want absurd packets %d and backward ones %d; segments, got, then want\n%s", tc.name, c, tc.absurd, tc.backward, diff)
		}
	}
}

// TestClockOfManyFiles names packets by their numbers in all files.
func TestClockOfManyFiles(t *testing.T) {
	names := filetest.Save(t, filetest.PlainPcap.Write(filetest.Times(day, 0, day+10)...), filetest.PlainPcap.Write(filetest.Times(3, day+5, day+6)...))
	got := readEveryWay(t, names, Options{})
	if want := []uint64{2, 3}; got.Stats.Clock.Absurd != 2 || !slices.Equal(got.Stats.Clock.AbsurdPackets, want) {
		t.Errorf("got %+v, want packets %d", got.Stats.Clock, want)
	}
	if !strings.HasPrefix(got.Segments[2], "3 1700000005000000000 01") {
		t.Errorf("got segments %q, want the second file's first one when its second one came", got.Segments)
	}
}

// TestClockFraction has fractions of a second that are more than one.
func TestClockFraction(t *testing.T) {
	for _, tc := range []struct {
		magic    uint32
		fraction uint32
		want     uint64
	}{{filetest.MagicMicro, 999_999, 0}, {filetest.MagicMicro, 1_000_000, 1}, {filetest.MagicNano, 999_999_999, 0}, {filetest.MagicNano, 1_000_000_000, 1}} {
		format := filetest.PlainPcap
		format.Magic = tc.magic
		file := format.Write(filetest.Times(day, day+1, day+2)...)
		second := 24 + 16 + len(filetest.Times(1)[0].Bytes())
		binary.LittleEndian.PutUint32(file[second+4:], tc.fraction)
		got := readEveryWay(t, filetest.Save(t, file), Options{})
		if got.Stats.Clock.Absurd != tc.want {
			t.Errorf("%d: got %+v, want %d absurd packets", tc.fraction, got.Stats.Clock, tc.want)
		}
		if replaced := strings.HasPrefix(got.Segments[1], "2 1700000000000000000 "); replaced != (tc.want == 1) {
			t.Errorf("%d: got %q", tc.fraction, got.Segments)
		}
	}
}

// TestClockOfPipe knows nothing of what comes: a first time that is absurd stays.
func TestClockOfPipe(t *testing.T) {
	got := readAll(t, []string{"-"}, Options{Stdin: strings.NewReader(string(filetest.PlainPcap.Write(filetest.Times(5, day, 7)...)))}, blockSize)
	want := []string{"1 5000000000 01 1 0", "2 1700000000000000000 02 1 0", "3 1700000000000000000 03 1 0"}
	if !slices.Equal(got.Segments, want) || !slices.Equal(got.Stats.Clock.AbsurdPackets, []uint64{1, 3}) {
		t.Errorf("got %q and %+v, want %q and packets 1 and 3", got.Segments, got.Stats.Clock, want)
	}
}
