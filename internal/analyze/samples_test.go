package analyze

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The median is the same whether all values are kept or those in the middle,
// also when one more is added.
func TestSamplesMiddle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	median := func(values []int64) int64 {
		values = slices.Sorted(slices.Values(values))
		return values[nearestRank(len(values), 50)]
	}
	for n := 1; n <= maxSamples; n++ {
		var s samples
		for range n {
			s.add(random.Int64N(40))
		}
		all := slices.Clone(s.values)
		s.middle()
		if len(s.values) > 3 {
			t.Errorf("%d values: %d are left", n, len(s.values))
		}
		if got, want := median(s.values), median(all); got != want {
			t.Errorf("%d values: got %d, want %d", n, got, want)
		}
		for more := range int64(40) {
			if got, want := median(append(s.values, more)), median(append(all, more)); got != want {
				t.Errorf("%d values and %d: got %d, want %d", n, more, got, want)
			}
		}
	}
}
