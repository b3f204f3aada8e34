package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Values returns one number of each record.
func Values(records []*Record, of func(*Record) int64) []int64 {
	out := make([]int64, len(records))
	for i, r := range records {
		out[i] = of(r)
	}
	return out
}

// Spread returns how far apart the least and the greatest of values are.
func Spread(v []int64) int64 { return slices.Max(v) - slices.Min(v) }

// bursts cuts records into runs that ended at one moment each, in order of time.
func bursts(records []*Record) [][]*Record {
	byTime := slices.Clone(records)
	slices.SortStableFunc(byTime, func(x, y *Record) int { return cmp.Compare(x.Ended, y.Ended) })
	var out [][]*Record
	for i, r := range byTime {
		if i > 0 {
			run := &out[len(out)-1]
			if r.Ended-(*run)[0].Ended <= instant {
				*run = append(*run, r)
				continue
			}
		}
		out = append(out, []*Record{r})
	}
	return out
}

// timed reports whether the records of a burst ended by timers of their own,
// each as long after its last message as the others, rather than together:
// the ends are then as far apart as these messages. Most of them were not used
// before after pauses as long.
func timed(run []*Record) bool {
	d := Values(run, Measured)
	lo, hi := slices.Min(d), slices.Max(d)
	outlived := Where(run, func(r *Record) bool { return r.has(isOutlived) })
	if lo < MinIdle || hi-lo > max(hi*Agreement/100, 2e6) || len(outlived)*2 > len(run) {
		return false
	}
	ends, dev := Spread(Values(run, func(r *Record) int64 { return r.Ended })), hi-lo
	switch {
	case max(ends, dev) < Jitter: // neither says anything
	case ends > 2*dev:
		return true
	case dev > 2*ends:
		return false
	}
	return round(d[len(d)/2])
}

// pauses returns how long records were idle, as samples of a timeout: those that
// ended together, though their pauses differ, are one sample, not several.
func pauses(records []*Record) (out []int64) {
	for _, run := range bursts(records) {
		d := Values(run, Measured)
		if dev := Spread(d); dev > 2e6 && dev > 2*Spread(Values(run, func(r *Record) int64 { return r.Ended })) {
			d = []int64{Typical(d)}
		}
		out = append(out, d...)
	}
	return out
}

// Ages returns the ages at which records ended, as samples of a limit: those
// that were opened and ended together are one sample.
func Ages(records []*Record) (out []int64) {
	for _, run := range bursts(records) {
		if Spread(Values(run, func(r *Record) int64 { return r.Start })) <= instant {
			run = run[:1]
		}
		out = append(out, Values(run, (*Record).age)...)
	}
	return out
}

// round reports whether ns is about what people set: whole tenths of a second.
func round(ns int64) bool {
	const step, near = 100e6, 5e6
	off := ns % step
	return min(off, step-off) <= near
}

// Band is a run of samples that agree.
type Band struct {
	Lo, Hi, Middle int64
	N              int
}

// within reports whether v agrees with all samples of the band, whether it is one or
// was left out as another one stood for it.
func (b Band) within(v int64) bool {
	return b.N > 0 && v <= b.Lo+b.Lo*Agreement/100 && b.Hi <= v+v*Agreement/100
}

func (b Band) spread() float64 {
	if b.Middle == 0 {
		return 0
	}
	return float64(b.Hi-b.Lo) / float64(b.Middle)
}

// Agree returns the largest run of values that agree, if they are at least
// three, and at least half of all.
func Agree(values []int64) (b Band, ok bool) {
	v := slices.Sorted(slices.Values(values))
	best, at := 0, 0
	for lo, hi := 0, 0; lo < len(v); lo++ {
		for hi < len(v) && v[hi]-v[lo] <= v[lo]*Agreement/100 {
			hi++
		}
		if hi-lo > best {
			best, at = hi-lo, lo
		}
	}
	if best < MinSamples || best*2 < len(v) {
		return Band{}, false
	}
	return Band{v[at], v[at+best-1], v[at+best/2], best}, true
}

// sureTimeout is how sure a timeout is: the more samples agree the better, the
// more.
func (b Band) sureTimeout() Confidence {
	if b.spread() <= 0.02 {
		return High
	}
	return Medium
}

// sure is how sure an age is: the nearer its bounds are, the more.
func (b Band) sure() Confidence {
	if b.spread() <= 0.2 {
		return High
	}
	return Medium
}

// sweepable reports whether such a server may have closed these for being idle.
func sweepable(records []*Record) bool {
	d := Values(records, Measured)
	return slices.Min(d) >= 1e9 && Spread(d) <= sweep
}

// onceInTimeout reports whether one that looks at these at least once in its
// timeout, of a second or more, may have closed them for being idle.
func onceInTimeout(records []*Record) bool {
	d := Values(records, Measured)
	least := slices.Min(d)
	return least >= 1e9 && Spread(d) <= least+least*Agreement/100
}

// Typical returns the value in the middle.
func Typical(v []int64) int64 {
	if len(v) == 0 {
		return analyze.Unknown
	}
	s := slices.Sorted(slices.Values(v))
	return s[(len(s)-1)/2]
}
