package cause

import "slices"

// poolsApart reports whether the client has several pools that know nothing of each
// other, as processes of one host or behind one address have: whenever it opened a
// connection though others were idle, some of those were used again later. What one
// program forgets it never uses again. forgotten is how many seem to be so.
func (p *Pair) poolsApart(forgotten int) bool {
	closed := where(p.Records, func(r *Record) bool { return !r.has(isOpen) })
	used := SortedValues(p.Records, (*Record).lastUse)
	ends := SortedValues(closed, func(r *Record) int64 { return r.Ended })
	before := func(times []int64, t int64) int {
		i, _ := slices.BinarySearch(times, t)
		return i
	}
	opened, inVain, most := 0, 0, 0
	for _, r := range p.Records {
		if r.idleBefore == 0 {
			continue
		}
		opened++
		// They were used last before that, and were not closed by then.
		never := before(used, r.Start) - before(ends, r.Start)
		if again := int(r.idleBefore) - never; again > 0 {
			inVain++
			most = max(most, again)
		}
	}
	return inVain*2 > opened && most >= apartLeast && most*apartShare >= forgotten
}

// lastUse returns when a connection was used last, as far as that is known; when it was
// opened if it never was.
func (r *Record) lastUse() int64 {
	at := r.lastRequest().sent
	if r.class == saidInResponse {
		at = r.persistenceEnd().said
	}
	return max(at, r.Start)
}
