package analyze

import "slices"

// samples keep values to measure what they share: all of them while few, then
// every second, fourth and so on.
type samples struct {
	values []int64
	seen   int64
	stride int64 // a power of two; 0 before the first
}

const (
	maxSamples = 256
	minSamples = 3
)

// reset forgets all values.
func (s *samples) reset() { *s = samples{values: s.values[:0]} }

// add takes the next value.
func (s *samples) add(v int64) {
	s.stride = max(s.stride, 1)
	if s.seen++; (s.seen-1)&(s.stride-1) != 0 {
		return
	}
	if len(s.values) == maxSamples {
		for i := range maxSamples / 2 {
			s.values[i] = s.values[2*i]
		}
		s.values = s.values[:maxSamples/2]
		s.stride *= 2
		if (s.seen-1)&(s.stride-1) != 0 {
			return
		}
	}
	s.values = append(s.values, v)
}

// agreed returns the value that most samples share within percent, if they
// are at least three and at least half of all; else Unknown.
func (s *samples) agreed(percent int64) int64 {
	v := slices.Sorted(slices.Values(s.values))
	best, at := 0, 0
	for lo, hi := 0, 0; lo < len(v); lo++ {
		for hi < len(v) && v[hi]-v[lo] <= v[lo]*percent/100 {
			hi++
		}
		if hi-lo > best {
			best, at = hi-lo, lo
		}
	}
	if best < minSamples || best*2 < len(v) {
		return Unknown
	}
	return v[at+best/2]
}
