package analyze

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// jumbled returns n moments of connections in the order in which they began, a
// millisecond apart, each up to spread ns after that.
func jumbled(n int, spread int64) []moment {
	rnd := rand.New(rand.NewPCG(1, 2))
	x := make([]moment, n)
	for i := range x {
		x[i] = moment{1_700_000_000e9 + int64(i)*1e6 + rnd.Int64N(spread), uint32(i)}
	}
	return x
}

func byTime(a, b moment) int { return cmp.Compare(a.at, b.at) }

func TestSorted(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 1000, 5000} {
		for _, spread := range []int64{1, 3, 1e6, 60e9, 1 << 60} {
			x := jumbled(n, spread)
			want := slices.Clone(x)
			slices.SortStableFunc(want, byTime)
			spare := make([]moment, n/2)
			if got, _ := sorted(x, spare); !slices.Equal(got, want) {
				t.Errorf("%d moments, spread over %d ns: not as a stable sort has them", n, spread)
			}
		}
	}
}

// BenchmarkSorted shows what sorted saves against slices.SortFunc, which compares:
// TIME_WAIT entries of short connections, which are nearly in order, and of those
// that are kept for up to two minutes.
func BenchmarkSorted(b *testing.B) {
	for _, n := range []int{10_000, 250_000} {
		for _, spread := range []int64{20e6, 120e9} {
			in := jumbled(n, spread)
			x := make([]moment, n)
			for _, bm := range []struct {
				name string
				sort func()
			}{
				{"radix", func() { sorted(x, nil) }},
				{"SortFunc", func() { slices.SortFunc(x, byTime) }},
			} {
				b.Run(fmt.Sprintf("%s/%d/%dms", bm.name, n, spread/1e6), func(b *testing.B) {
					for b.Loop() {
						copy(x, in)
						bm.sort()
					}
				})
			}
		}
	}
}
