package cause

import (
	"math/bits"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// What follows counts before it takes memory: lists may have a million records, and one
// that grows leaves several times its length behind. Within the package a list that is
// asked for part of another one may be that one, and is not to be changed.

// classSet are classes, a bit each.
type classSet uint16

var _ [16 - 1 - neverUsed]struct{} // there is a bit for each

func setOf(classes []class) (s classSet) {
	for _, k := range classes {
		s |= 1 << k
	}
	return s
}

// waits reports whether r is not decided yet and of one of the classes.
func (s classSet) waits(r *Record) bool { return r.Cause == Undecided && s&(1<<r.class) != 0 }

// waiting returns the records that are not decided yet and have one of the
// classes.
func waiting(records []*Record, classes ...class) []*Record {
	wanted := setOf(classes)
	n := 0
	for _, r := range records {
		if wanted.waits(r) {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(records):
		return records[:n:n]
	}
	out := make([]*Record, 0, n)
	for _, r := range records {
		if wanted.waits(r) {
			out = append(out, r)
		}
	}
	return out
}

// waiting is the same for those of the group. It looks at none if the group has no such class.
func (g *Group) waiting(classes ...class) []*Record {
	if g.classes != 0 && g.classes&setOf(classes) == 0 {
		return nil
	}
	return waiting(g.Records, classes...)
}

// settle gives records their cause.
func settle(records []*Record, cause Cause, by analyze.Party, how Confidence) {
	for _, r := range records {
		r.Cause, r.By, r.Confidence = cause, by, r.observation.atMost(how)
	}
}

// Where returns the records for which is holds, in a list of its own.
func Where(records []*Record, is func(*Record) bool) []*Record {
	yes := where(records, is)
	if len(yes) == len(records) {
		return slices.Clone(yes)
	}
	return yes
}

// where is Where within the package. It asks once for each record.
func where(records []*Record, is func(*Record) bool) []*Record {
	var few [4]uint64
	hits := few[:]
	if len(records) > len(few)*64 {
		hits = make([]uint64, (len(records)+63)/64)
	}
	n := 0
	for i, r := range records {
		if is(r) {
			hits[i/64] |= 1 << (i % 64)
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(records):
		return records[:n:n]
	}
	yes := make([]*Record, 0, n)
	for i, set := range hits {
		for ; set != 0; set &= set - 1 {
			yes = append(yes, records[i*64+bits.TrailingZeros64(set)])
		}
	}
	return yes
}

// count returns for how many records is holds.
func count(records []*Record, is func(*Record) bool) (n int) {
	for _, r := range records {
		if is(r) {
			n++
		}
	}
	return n
}

// split returns the records for which is holds, and the others.
func split(records []*Record, is func(*Record) bool) (yes, no []*Record) {
	return where(records, is), where(records, func(r *Record) bool { return !is(r) })
}

// Having returns the records with one of some causes; it returns all of them
// without a copy.
func Having(records []*Record, causes []Cause) []*Record {
	is := func(r *Record) bool { return slices.Contains(causes, r.Why()) || slices.Contains(causes, r.Cause) }
	if !slices.ContainsFunc(records, func(r *Record) bool { return !is(r) }) {
		return records
	}
	return where(records, is)
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

// span returns the least and the greatest of one number of each record, of which there is
// one at least.
func span(records []*Record, of func(*Record) int64) (least, greatest int64) {
	least = of(records[0])
	greatest = least
	for _, r := range records[1:] {
		x := of(r)
		least, greatest = min(least, x), max(greatest, x)
	}
	return least, greatest
}

// spread returns how far apart that number is.
func spread(records []*Record, of func(*Record) int64) int64 {
	least, greatest := span(records, of)
	return greatest - least
}

func whenEnded(r *Record) int64  { return r.Ended }
func whenOpened(r *Record) int64 { return r.Start }
