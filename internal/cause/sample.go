package cause

import (
	"cmp"
	"iter"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Spread returns how far apart the least and the greatest of v are. It panics if v
// is empty.
func Spread(v []int64) int64 { return slices.Max(v) - slices.Min(v) }

// byEnd returns records, in order of ID, in that of their ends: a list that has it is
// returned as it is.
func byEnd(records []*Record) []*Record {
	compare := func(x, y *Record) int { return cmp.Compare(x.Ended, y.Ended) }
	if slices.IsSortedFunc(records, compare) {
		return records
	}
	byTime := slices.Clone(records)
	slices.SortFunc(byTime, func(x, y *Record) int { // a stable sort takes twice as long
		if k := compare(x, y); k != 0 {
			return k
		}
		return ByID(x, y)
	})
	return byTime
}

// bursts cuts records, in order of ID or of their ends, into runs that ended at one moment
// each, in order of time.
func bursts(records []*Record) iter.Seq[[]*Record] {
	byTime := byEnd(records)
	return func(yield func([]*Record) bool) {
		for from, to := 0, 0; from < len(byTime); from = to {
			for to < len(byTime) && byTime[to].Ended-byTime[from].Ended <= instant {
				to++
			}
			if !yield(byTime[from:to:to]) {
				return
			}
		}
	}
}

// moments returns how many bursts there are.
func moments(records []*Record) (n int) {
	for range bursts(records) {
		n++
	}
	return n
}

// timed reports whether the records of a burst ended by timers of their own, each as
// long after its last message as the others, rather than all for one reason: the
// ends are then as far apart as these messages. Connections that were used again
// after pauses of that length had no such timer; most must not have been.
func timed(run []*Record) bool {
	lo, hi := span(run, (*Record).Measured)
	if lo < MinIdle || hi-lo > max(hi*Agreement/100, Jitter) || count(run, func(r *Record) bool { return r.has(isOutlived) })*2 > len(run) {
		return false
	}
	ends, pauses := spread(run, whenEnded), hi-lo
	switch {
	case max(ends, pauses) < Jitter: // neither says anything
	case ends > 2*pauses:
		return true
	case pauses > 2*ends:
		return false
	}
	return round(run[len(run)/2].Measured())
}

// pauses returns how long records were idle, as samples of a timeout: those that
// ended together, though their pauses differ, are one sample, not several.
func pauses(records []*Record) (out []int64) {
	out = make([]int64, 0, len(records))
	for run := range bursts(records) {
		if dev := spread(run, (*Record).Measured); dev > Jitter && dev > 2*spread(run, whenEnded) {
			out = append(out, Typical(Values(run, (*Record).Measured)))
			continue
		}
		for _, r := range run {
			out = append(out, r.Measured())
		}
	}
	return out
}

// Ages returns the ages at which records ended, as samples of a limit: those
// that were opened and ended together are one sample, and so are those that ended
// much nearer to each other than they were opened.
func Ages(records []*Record) (out []int64) {
	out = make([]int64, 0, len(records))
	for run := range bursts(records) {
		if apart := spread(run, whenOpened); apart <= instant || apart > 2*spread(run, whenEnded) {
			run = run[:1]
		}
		for _, r := range run {
			out = append(out, r.age())
		}
	}
	return out
}

// round reports whether ns is about what people set: whole tenths of a second.
func round(ns int64) bool {
	off := ns % roundStep
	return min(off, roundStep-off) <= roundNear
}

// sorted returns a copy in order.
func sorted(v []int64) []int64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s
}

// Band is a run of samples that agree.
type Band struct {
	Lo, Hi int64 // the least and the greatest
	Middle int64 // the median
	N      int   // how many there are
}

// within reports whether v agrees with all samples of the band, whether it is one or
// was left out as another one stood for it.
func (b Band) within(v int64) bool {
	return b.N > 0 && v <= b.Lo+b.Lo*Agreement/100 && b.Hi <= v+v*Agreement/100
}

// spread returns how far apart the samples are, as a share of the median.
func (b Band) spread() float64 {
	if b.Middle == 0 {
		return 0
	}
	return float64(b.Hi-b.Lo) / float64(b.Middle)
}

// Agree returns the largest run of values that agree, if they are at least
// MinSamples, and at least half of all. Values are not negative.
func Agree(values []int64) (b Band, ok bool) { return agree(slices.Clone(values)) }

// agree is Agree, and puts v in order.
func agree(v []int64) (b Band, ok bool) {
	slices.Sort(v)
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

// sureTimeout returns how sure a timeout is: the nearer its samples are to each
// other, the more.
func (b Band) sureTimeout() Confidence {
	if b.spread() <= exactSpread {
		return High
	}
	return Medium
}

// sureAge returns how sure a limit of the age is: the nearer its bounds are, the
// more.
func (b Band) sureAge() Confidence {
	if b.spread() <= exactAge {
		return High
	}
	return Medium
}

// sweepable reports whether a server that looks at its connections once a second
// may have closed these for being idle.
func sweepable(records []*Record) bool {
	least, greatest := span(records, (*Record).Measured)
	return least >= minSwept && greatest-least <= sweep
}

// onceInTimeout reports whether a program that looks at these at least once in its
// timeout, of a second or more, may have closed them for being idle.
func onceInTimeout(records []*Record) bool {
	least, greatest := span(records, (*Record).Measured)
	return least >= minSwept && greatest-least <= least+least*Agreement/100
}

// Typical returns the median, the lower one of two; analyze.Unknown if v is empty.
func Typical(v []int64) int64 {
	if len(v) == 0 {
		return analyze.Unknown
	}
	s := sorted(v)
	return s[(len(s)-1)/2]
}
