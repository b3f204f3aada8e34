package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// What follows counts before it takes memory: lists may have a million records, and one
// that grows leaves several times its length behind.

// waiting returns the records that are not decided yet and have one of the
// classes.
func waiting(records []*Record, classes ...class) []*Record {
	var wanted uint64
	for _, k := range classes {
		wanted |= 1 << k
	}
	return Where(records, func(r *Record) bool { return r.Cause == Undecided && wanted&(1<<r.class) != 0 })
}

// settle gives records their cause.
func settle(records []*Record, cause Cause, by analyze.Party, how Confidence) {
	for _, r := range records {
		r.Cause, r.By, r.Confidence = cause, by, r.observation.atMost(how)
	}
}

// Where returns the records for which is holds.
func Where(records []*Record, is func(*Record) bool) (yes []*Record) {
	n := 0
	for _, r := range records {
		if is(r) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	yes = make([]*Record, 0, n)
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		}
	}
	return yes
}

// split returns the records for which is holds, and the others.
func split(records []*Record, is func(*Record) bool) (yes, no []*Record) {
	return Where(records, is), Where(records, func(r *Record) bool { return !is(r) })
}

// Having returns the records with one of some causes; it returns all of them
// without a copy.
func Having(records []*Record, causes []Cause) []*Record {
	is := func(r *Record) bool { return slices.Contains(causes, r.Why()) || slices.Contains(causes, r.Cause) }
	if !slices.ContainsFunc(records, func(r *Record) bool { return !is(r) }) {
		return records
	}
	return Where(records, is)
}

// Values returns one number of each record.
func Values(records []*Record, of func(*Record) int64) []int64 {
	out := make([]int64, len(records))
	for i, r := range records {
		out[i] = of(r)
	}
	return out
}

// SortedValues returns one number of each record, in order.
func SortedValues(records []*Record, of func(*Record) int64) []int64 {
	out := Values(records, of)
	slices.Sort(out)
	return out
}
