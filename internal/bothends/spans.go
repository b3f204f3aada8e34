package bothends

import "slices"

// Spans are times of one kind.
type Spans struct {
	N             uint64
	P50, P90, Max int64

	samples []int64
	stride  uint64 // every so manieth is kept
}

// maxSamples is how many times are kept to tell the median.
const maxSamples = 1 << 16

// add takes a time.
func (s *Spans) add(ns int64) {
	ns = max(ns, 0)
	s.Max = max(s.Max, ns)
	if s.stride == 0 {
		s.stride = 1
	}
	if s.N%s.stride == 0 {
		if len(s.samples) == maxSamples {
			for i := range maxSamples / 2 {
				s.samples[i] = s.samples[2*i]
			}
			s.samples = s.samples[:maxSamples/2]
			s.stride *= 2
		}
		if s.N%s.stride == 0 {
			s.samples = append(s.samples, ns)
		}
	}
	s.N++
}

// finish sets the quantiles, and forgets the rest.
func (s *Spans) finish() {
	if n := len(s.samples); n > 0 {
		slices.Sort(s.samples)
		s.P50, s.P90 = s.samples[(n-1)/2], s.samples[(n-1)*9/10]
	}
	s.samples = nil
}
