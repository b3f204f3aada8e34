package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// atConnectionLimit settles idle connections, in order of time, that a server closed to make room for
// others: each just after another one was opened, and whenever it had as many as
// it takes. nginx does so when worker_connections run short, small devices when
// they have a few.
func (d *Decisions) atConnectionLimit(s *Server, w []*Record) {
	if len(w) < MinSamples {
		return
	}
	if _, timer := agree(pauses(where(w, (*Record).Paused))); timer {
		return
	}
	in := where(w, s.madeRoom)
	if len(in) < MinSamples || len(in)*4 < len(w)*3 || float64(len(in)) < byChance*s.openedAtOnce()*float64(len(w)) {
		return
	}
	open := s.openAt(in)
	most := slices.Max(open)
	full := 0
	for _, n := range open {
		if n+max(2, most/8) > most {
			full++
		}
	}
	if s.mostOpen() > most+most/8 || full*4 < len(in)*3 {
		return
	}
	settle(in, ServerConnectionLimit, analyze.Server, Medium)
	d.addPolicy(Policy{Kind: MaxConnections, By: analyze.Server, Subject: s.Name, Value: most, Samples: int64(len(in))})
}

// madeRoom reports whether another connection was opened just before this one ended.
func (s *Server) madeRoom(r *Record) bool {
	i, _ := slices.BinarySearchFunc(s.Records, r.Ended, func(x *Record, t int64) int { return cmp.Compare(x.Start, t) })
	for _, x := range slices.Backward(s.Records[:i]) {
		if r.Ended-x.Start > afterOpening {
			return false
		}
		if x != r && x.Cause != Refused {
			return true
		}
	}
	return false
}

// openedAtOnce returns the share of the time that lies just after an opening.
func (s *Server) openedAtOnce() float64 {
	first, last := s.Records[0].Start, s.Records[len(s.Records)-1].Start
	return min(1, float64(len(s.Records))*afterOpening/float64(max(last-first, 1)))
}

// openAt returns how many connections the server had when it ended each of some, which
// count, too.
func (s *Server) openAt(ended []*Record) []int64 {
	starts := SortedValues(s.Records, func(r *Record) int64 { return r.Start })
	ends := s.ends()
	return Values(ended, func(r *Record) int64 {
		began, _ := slices.BinarySearch(starts, r.Ended)
		gone, _ := slices.BinarySearch(ends, r.Ended)
		return int64(began - gone)
	})
}

// ends returns when its connections ended, in order.
func (s *Server) ends() []int64 {
	return SortedValues(where(s.Records, func(r *Record) bool { return !r.has(isOpen) }),
		func(r *Record) int64 { return r.Ended })
}

// mostOpen returns how many connections the server had at once, at most.
func (s *Server) mostOpen() (most int64) {
	ends, open := s.ends(), int64(0)
	for _, r := range s.Records {
		open++
		for len(ends) > 0 && ends[0] <= r.Start {
			ends, open = ends[1:], open-1
		}
		most = max(most, open)
	}
	return most
}
