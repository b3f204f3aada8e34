package analyze

import (
	"math/bits"
	"slices"
)

// samples keep values to measure what they share: all of them while few, then a
// random choice in which each has the same share (a reservoir): what comes at regular
// places is not preferred. The choice depends on the seed alone.
type samples struct {
	values []int64
	seen   uint64
	seed   uint64
	most   int // how many are kept, maxSamples if 0
}

const maxSamples = 256

// middle leaves only the values around the median, which is theirs and stays so
// when one more value is added. It returns the memory of the others.
func (s *samples) middle() (spare []int64) {
	n := len(s.values)
	if n <= 3 {
		return nil
	}
	at := nearestRank(n, 50)
	from := at // of an even number it is the lower one of two
	if n%2 == 1 {
		from--
	}
	for begin, i := 0, from; i < at+2; i++ {
		put(s.values[begin:], i-begin)
		begin = i + 1
	}
	spare = s.values[:0]
	s.values = slices.Clone(s.values[from : at+2])
	return spare
}

// put puts the value to its place that belongs at index i in order, less ones before it and
// greater ones behind it (Hoare's selection). It takes a fraction of the time of a sort.
func put(x []int64, i int) {
	for lo, hi := 0, len(x)-1; lo < hi; {
		pivot := x[i]
		from, to := lo, hi
		for from <= to {
			for x[from] < pivot {
				from++
			}
			for x[to] > pivot {
				to--
			}
			if from <= to {
				x[from], x[to] = x[to], x[from]
				from, to = from+1, to-1
			}
		}
		if to < i {
			lo = from
		}
		if from > i {
			hi = to
		}
	}
}

// thin keeps at most n values from now on, a random choice, and returns how many it
// gave up.
func (s *samples) thin(n int) (lost int64) {
	s.most = n
	if len(s.values) <= n {
		return 0
	}
	lost = int64(len(s.values) - n)
	for i := range n {
		j := i + int(s.random()%uint64(len(s.values)-i))
		s.values[i], s.values[j] = s.values[j], s.values[i]
	}
	s.values = slices.Clone(s.values[:n])
	return lost
}

// add takes the next value.
func (s *samples) add(v int64) {
	s.seen++
	if s.seen <= uint64(s.most) || s.most == 0 && s.seen <= maxSamples {
		s.values = append(s.values, v)
		return
	}
	// The high half of the product is below seen, each number with the same share.
	if at, _ := bits.Mul64(s.random(), s.seen); at < uint64(len(s.values)) {
		s.values[at] = v
	}
}

// random returns the next random number.
func (s *samples) random() uint64 {
	s.seed += 0x9e3779b97f4a7c15
	return scatter(s.seed)
}

// scatter spreads each bit of x over all bits of the result: with steps of an odd
// number it makes random numbers (SplitMix64).
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// nearestRank returns the index of the percentile in n sorted values.
func nearestRank(n, percent int) int { return max(1, (n*percent+99)/100) - 1 }
