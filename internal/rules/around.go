package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Around returns the IDs, ascending, of the connections that it takes to see what f
// says: its examples, and up to n of those that its subject had one after the
// other from shortly before the first example on, whether they show f or not.
func (d *Diagnosis) Around(f *Finding, n int) []uint64 {
	members := d.members(&f.subject)
	var ids []uint64
	for i := range f.Examples {
		ids = append(ids, f.Examples[i].Connection)
	}
	if len(ids) > 0 {
		first, _ := slices.BinarySearchFunc(members, slices.Min(ids),
			func(r *cause.Record, id uint64) int { return cmp.Compare(uint64(r.ID), id) })
		members = members[min(len(members), max(0, first-n/8)):]
	}
	for _, r := range members[:min(n, len(members))] {
		ids = append(ids, uint64(r.ID))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// members returns the connections of a subject, in order of ID.
func (d *Diagnosis) members(s *subject) []*cause.Record {
	switch {
	case s.pair != nil:
		return s.pair.Records
	case s.server != nil:
		return s.server.Records
	}
	var of []*cause.Record
	for _, server := range d.Servers() {
		for _, p := range server.Pairs {
			if p.Name == s.host || server.Server.Addr().String() == s.host {
				of = append(of, p.Records...)
			}
		}
	}
	slices.SortFunc(of, cause.ByID)
	return of
}
