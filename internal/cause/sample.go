package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Spread returns how far apart the least and the greatest of v are. It panics if v
// is empty.
func Spread(v []int64) int64 { return slices.Max(v) - slices.Min(v) }

// bursts cuts records into runs that ended at one moment each, in order of time.
func bursts(records []*Record) [][]*Record {
	byTime := slices.Clone(records)
	slices.SortStableFunc(byTime, func(x, y *Record) int { return cmp.Compare(x.Ended, y.Ended) })
	var out [][]*Record
	for from, to := 0, 0; from < len(byTime); from = to {
		for to < len(byTime) && byTime[to].Ended-byTime[from].Ended <= instant {
			to++
		}
		out = append(out, byTime[from:to:to])
	}
	return out
}

// timed reports whether the records of a burst ended by timers of their own, each as
// long after its last message as the others, rather than all for one reason: the
// ends are then as far apart as these messages. Connections that were used again
// after pauses of that length had no such timer; most must not have been.
func timed(run []*Record) bool {
	d := Values(run, (*Record).Measured)
	lo, hi := slices.Min(d), slices.Max(d)
	outlived := Where(run, func(r *Record) bool { return r.has(isOutlived) })
	if lo < MinIdle || hi-lo > max(hi*Agreement/100, Jitter) || len(outlived)*2 > len(run) {
		return false
	}
	ends, pauses := Spread(Values(run, func(r *Record) int64 { return r.Ended })), hi-lo
	switch {
	case max(ends, pauses) < Jitter: // neither says anything
	case ends > 2*pauses:
		return true
	case pauses > 2*ends:
		return false
	}
	return round(d[len(d)/2])
}

// pauses returns how long records were idle, as samples of a timeout: those that
// ended together, though their pauses differ, are one sample, not several.
func pauses(records []*Record) (out []int64) {
	for _, run := range bursts(records) {
		d := Values(run, (*Record).Measured)
		if dev := Spread(d); dev > Jitter && dev > 2*Spread(Values(run, func(r *Record) int64 { return r.Ended })) {
			d = []int64{Typical(d)}
		}
		out = append(out, d...)
	}
	return out
}

// Ages returns the ages at which records ended, as samples of a limit: those
// that were opened and ended together are one sample, and so are those that ended
// much nearer to each other than they were opened.
func Ages(records []*Record) (out []int64) {
	for _, run := range bursts(records) {
		opened := Spread(Values(run, func(r *Record) int64 { return r.Start }))
		if opened <= instant || opened > 2*Spread(Values(run, func(r *Record) int64 { return r.Ended })) {
			run = run[:1]
		}
		out = append(out, Values(run, (*Record).age)...)
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
func Agree(values []int64) (b Band, ok bool) {
	v := sorted(values)
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
	d := Values(records, (*Record).Measured)
	return slices.Min(d) >= minSwept && Spread(d) <= sweep
}

// onceInTimeout reports whether a program that looks at these at least once in its
// timeout, of a second or more, may have closed them for being idle.
func onceInTimeout(records []*Record) bool {
	d := Values(records, (*Record).Measured)
	least := slices.Min(d)
	return least >= minSwept && Spread(d) <= least+least*Agreement/100
}

// Typical returns the median, the lower one of two; analyze.Unknown if v is empty.
func Typical(v []int64) int64 {
	if len(v) == 0 {
		return analyze.Unknown
	}
	s := sorted(v)
	return s[(len(s)-1)/2]
}
