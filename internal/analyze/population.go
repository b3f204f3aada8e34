package analyze

import (
	"cmp"
	"math"
	"slices"
)

// timeline holds half-open intervals, each known by a number.
type timeline struct {
	begins, ends []moment // by time, once sorted
}

// moment is when an interval begins or ends.
type moment struct {
	at int64
	i  uint32
}

// newTimeline returns a timeline with room for n intervals.
func newTimeline(n int) timeline {
	return timeline{make([]moment, 0, n), make([]moment, 0, n)}
}

// add adds the interval i. One whose end is math.MaxInt64 has none.
func (l *timeline) add(i int, from, to int64) {
	if to <= from {
		return
	}
	l.begins = append(l.begins, moment{from, uint32(i)})
	if to != math.MaxInt64 {
		l.ends = append(l.ends, moment{to, uint32(i)})
	}
}

func (l *timeline) sort() {
	l.begins, l.ends = sorted(l.begins), sorted(l.ends)
}

// sorted returns x by time; x is used for it. It sorts by eleven bits after the
// others, which takes less time than comparing.
func sorted(x []moment) []moment {
	byTime := func(a, b moment) int { return cmp.Compare(a.at, b.at) }
	if slices.IsSortedFunc(x, byTime) {
		return x
	}
	const bits = 11
	first, last := slices.MinFunc(x, byTime).at, slices.MaxFunc(x, byTime).at
	other := make([]moment, len(x))
	for shift := 0; uint64(last-first)>>shift > 0; shift += bits {
		var place [1 << bits]int
		for i := range x {
			place[uint64(x[i].at-first)>>shift%(1<<bits)]++
		}
		at := 0
		for i, n := range place {
			place[i] = at
			at += n
		}
		for _, m := range x {
			to := &place[uint64(m.at-first)>>shift%(1<<bits)]
			other[*to] = m
			*to++
		}
		x, other = other, x
	}
	return x
}

// sweep calls begin and end for each interval in order of time; what ends when
// another begins ends before.
func (l *timeline) sweep(begin, end func(i uint32)) {
	ended := 0
	for _, b := range l.begins {
		for ; ended < len(l.ends) && l.ends[ended].at <= b.at; ended++ {
			end(l.ends[ended].i)
		}
		begin(b.i)
	}
	for ; ended < len(l.ends); ended++ {
		end(l.ends[ended].i)
	}
}

// level counts the intervals of a group that are open during a sweep.
type level struct {
	open, peak int64
	peakAt     int64 // when peak was reached first, Unknown if it is 0
	last       int64 // when the capture ends
	atEnd      int64 // open then
}

// levels returns n of them.
func levels(n int, last int64) []level {
	x := make([]level, n)
	for i := range x {
		x[i] = level{peakAt: Unknown, last: last}
	}
	return x
}

func (v *level) begin(at int64) {
	if v.open++; v.open > v.peak {
		v.peak, v.peakAt = v.open, at
	}
	if at <= v.last {
		v.atEnd++
	}
}

func (v *level) end(at int64) {
	v.open--
	if at <= v.last {
		v.atEnd--
	}
}

// population tells of a level after the sweep; closes are those that left an
// entry.
func (v *level) population(first, timeWait, closes int64) Population {
	p := Population{Peak: v.peak, PeakAt: v.peakAt, AtEnd: v.atEnd, SteadyState: math.NaN()}
	if d := v.last - first; d > 0 && d < timeWait {
		p.SteadyState = float64(closes) / float64(d) * float64(timeWait)
	}
	return p
}

// peakBins returns the most intervals open within each step.
func peakBins(l *timeline, start, step int64, steps int) []int64 {
	out := make([]int64, steps)
	began, ended := 0, 0
	for i := range out {
		from := start + int64(i)*step*1e9
		to := from + step*1e9
		for ended < len(l.ends) && l.ends[ended].at <= from {
			ended++
		}
		out[i] = int64(began - ended) // open when the step begins
		gone := ended
		for ; began < len(l.begins) && l.begins[began].at < to; began++ {
			for gone < len(l.ends) && l.ends[gone].at <= l.begins[began].at {
				gone++
			}
			out[i] = max(out[i], int64(began+1-gone))
		}
	}
	return out
}

// idSet is a set of connection IDs.
type idSet []uint64

func (s *idSet) add(id uint64) {
	for uint64(len(*s)) <= id/64 {
		*s = append(*s, 0)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

func (s idSet) has(id uint64) bool {
	return id/64 < uint64(len(s)) && s[id/64]&(1<<(id%64)) != 0
}
