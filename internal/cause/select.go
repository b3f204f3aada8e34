package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// waiting returns the records that are not decided yet and have one of the
// classes.
func waiting(records []*Record, classes ...class) []*Record {
	var out []*Record
	for _, r := range records {
		if r.Cause == Undecided && slices.Contains(classes, r.class) {
			out = append(out, r)
		}
	}
	return out
}

// settle gives records their cause.
func settle(records []*Record, cause Cause, by analyze.Party, how Confidence) {
	for _, r := range records {
		r.Cause, r.By, r.Confidence = cause, by, r.observation.atMost(how)
	}
}

// Where returns the records for which is holds.
func Where(records []*Record, is func(*Record) bool) (yes []*Record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		}
	}
	return yes
}

// split returns the records for which is holds, and the others.
func split(records []*Record, is func(*Record) bool) (yes, no []*Record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		} else {
			no = append(no, r)
		}
	}
	return yes, no
}

// Having returns the records with one of some causes; it returns all of them
// without a copy.
func Having(records []*Record, causes []Cause) []*Record {
	is := func(r *Record) bool { return slices.Contains(causes, r.Why()) || slices.Contains(causes, r.Cause) }
	n := 0
	for _, r := range records {
		if is(r) {
			n++
		}
	}
	if n == len(records) {
		return records
	}
	in := make([]*Record, 0, n)
	for _, r := range records {
		if is(r) {
			in = append(in, r)
		}
	}
	return in
}

// Values returns one number of each record.
func Values(records []*Record, of func(*Record) int64) []int64 {
	out := make([]int64, len(records))
	for i, r := range records {
		out[i] = of(r)
	}
	return out
}
