package analyze

// samples keep values to measure what they share: all of them while few, then
// every second, fourth and so on.
type samples struct {
	values []int64
	seen   int64
	stride int64 // a power of two; 0 before the first
}

const maxSamples = 256

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
