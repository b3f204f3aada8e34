package analyze

import (
	"math"
	"slices"
)

// edges are the beginnings and ends of half-open intervals, each sorted.
type edges struct {
	from, to []int64
}

func (e *edges) add(from, to int64) {
	if to > from {
		e.from = append(e.from, from)
		e.to = append(e.to, to)
	}
}

func (e *edges) sort() {
	slices.Sort(e.from)
	slices.Sort(e.to)
}

// expect makes room for n intervals.
func (e *edges) expect(n int) {
	e.from = make([]int64, 0, n)
	e.to = make([]int64, 0, n)
}

// grouped returns the intervals of n spans by the group that of gives each.
func grouped(spans []entry, groups int, of func(*entry) (group uint32, ok bool)) []edges {
	sizes := make([]int, groups)
	for i := range spans {
		if g, ok := of(&spans[i]); ok {
			sizes[g]++
		}
	}
	out := make([]edges, groups)
	for g, n := range sizes {
		out[g].expect(n)
	}
	for i := range spans {
		if g, ok := of(&spans[i]); ok {
			out[g].add(spans[i].from, spans[i].to)
		}
	}
	for g := range out {
		out[g].sort()
	}
	return out
}

// walk calls f with each beginning and how many intervals are open then.
func (e *edges) walk(f func(at, open int64)) {
	ended := 0
	for i, at := range e.from {
		for ended < len(e.to) && e.to[ended] <= at {
			ended++
		}
		f(at, int64(i+1-ended))
	}
}

// peak returns the most intervals that are open at once, and since when.
func (e *edges) peak() (n, at int64) {
	at = Unknown
	e.walk(func(t, open int64) {
		if open > n {
			n, at = open, t
		}
	})
	return n, at
}

// openAt returns how many intervals are open at t.
func (e *edges) openAt(t int64) int64 {
	begun, _ := slices.BinarySearch(e.from, t+1)
	ended, _ := slices.BinarySearch(e.to, t+1)
	return int64(begun - ended)
}

// population measures sorted edges; closes are those that left an entry.
func population(e *edges, first, last, timeWait, closes int64) Population {
	p := Population{AtEnd: e.openAt(last), SteadyState: math.NaN()}
	p.Peak, p.PeakAt = e.peak()
	if d := last - first; d > 0 && d < timeWait {
		p.SteadyState = float64(closes) / float64(d) * float64(timeWait)
	}
	return p
}

// peakBins returns the most intervals open within each step.
func peakBins(e *edges, start, step int64, steps int) []int64 {
	out := make([]int64, steps)
	began, ended := 0, 0
	for i := range out {
		from := start + int64(i)*step*1e9
		to := from + step*1e9
		for ended < len(e.to) && e.to[ended] <= from {
			ended++
		}
		out[i] = int64(began - ended) // open when the step begins
		gone := ended
		for ; began < len(e.from) && e.from[began] < to; began++ {
			for gone < len(e.to) && e.to[gone] <= e.from[began] {
				gone++
			}
			out[i] = max(out[i], int64(began+1-gone))
		}
	}
	return out
}
