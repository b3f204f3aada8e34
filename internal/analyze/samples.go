package analyze

import "slices"

// samples keep values to measure what they share: all of them while few, then
// every second, fourth and so on.
type samples struct {
	values []int64
	seen   int64
	stride int64 // a power of two; 0 before the first
}

const maxSamples = 256

// middle leaves only the values around the median, which is theirs and stays so
// when one more value is added. It returns the memory of the others.
func (s *samples) middle() (spare []int64) {
	n := len(s.values)
	if n <= 3 {
		return nil
	}
	slices.Sort(s.values)
	at := nearestRank(n, 50)
	from := at // of an even number it is the lower one of two
	if n%2 == 1 {
		from--
	}
	spare = s.values[:0]
	s.values = slices.Clone(s.values[from : at+2])
	return spare
}

// thin keeps at most n values, evenly, and returns how many it gave up.
func (s *samples) thin(n int) (lost int64) {
	was := len(s.values)
	for len(s.values) > n {
		for i := range len(s.values) / 2 {
			s.values[i] = s.values[2*i]
		}
		s.values = s.values[:len(s.values)/2]
		s.stride *= 2
	}
	if cap(s.values) > 2*n {
		s.values = slices.Clone(s.values)
	}
	return int64(was - len(s.values))
}

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

// nearestRank returns the index of the percentile in n sorted values.
func nearestRank(n, percent int) int { return max(1, (n*percent+99)/100) - 1 }
