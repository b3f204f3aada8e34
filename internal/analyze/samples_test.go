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
			s.add(random.Int64N([]int64{2, 40, 1e9}[n%3]))
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

// The median is exact while there are few values, and near it beyond, also where
// every 2nd, 4th or 256th value differs from the others.
func TestSamplesMedian(t *testing.T) {
	for _, every := range []int{2, 3, 4, 8, 16, 32, 64, 128, 256, 1000} {
		for n := 1; n <= 20_000; n = n*3/2 + 1 {
			for seed := range uint64(5) {
				s := samples{seed: seed}
				var all []int64
				for i := range n {
					v := int64(1e8) + int64(i%97)*1e4 // within 1 % of 0.1 s
					if i%every == 0 {
						v = 5e9
					}
					s.add(v)
					all = append(all, v)
				}
				slices.Sort(all)
				slices.Sort(s.values)
				want, got := all[nearestRank(n, 50)], s.values[nearestRank(len(s.values), 50)]
				if n <= maxSamples && got != want || every > 2 && (float64(got) < 0.95*float64(want) || float64(got) > 1.05*float64(want)) {
					t.Errorf("%d values, every %d. is 5 s, seed %d: got %d, want %d", n, every, seed, got, want)
				}
				if len(s.values) > maxSamples {
					t.Errorf("%d values are kept", len(s.values))
				}
			}
		}
	}
}
