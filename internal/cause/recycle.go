package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// recycled finds the moments at which a server closed all that it had, idle for
// times of any length, and took new connections at once: behind the listening
// socket one process took the place of another, as at a reload, or where workers
// end after a number of requests.
func (s *Server) recycled(ends []*Record) {
	var all [][]*Record
	alone := map[*Record]bool{}
	for _, run := range bursts(ends) {
		if s.allAtOnce(run) {
			all = append(all, run)
			continue
		}
		for _, r := range run {
			alone[r] = true
		}
	}
	if len(all) == 0 {
		return
	}
	shortest := int64(-1) // after which it closes one alone
	for _, r := range waiting(ends, serverEndedIdle) {
		if d := r.Measured(); alone[r] && d >= MinIdle && (shortest < 0 || d < shortest) {
			shortest = d
		}
	}
	for _, run := range all {
		// What is idle for longer than its timeout has been closed before.
		if shortest < 0 || shortest > slices.Max(Values(run, (*Record).Measured)) {
			settle(run, ServerDrain, analyze.Server, Medium)
		}
	}
}

// allAtOnce reports whether a run is all that the server had open, idle and ended
// within a few milliseconds, by no timer, and new connections were taken after it.
func (s *Server) allAtOnce(run []*Record) bool {
	if len(run) < ExitAtLeast || len(waiting(run, serverEndedIdle)) < len(run) {
		return false
	}
	at := run[0].Ended
	ends := Spread(Values(run, func(r *Record) int64 { return r.Ended }))
	least := max(MinIdle, 2*ends)
	if ends > atExit || s.maySweep(run) || Spread(Values(run, (*Record).Measured)) <= least ||
		Spread(Values(run, func(r *Record) int64 { return r.Start })) <= 2*ends {
		return false
	}
	_, back := s.after(at)
	return back && s.hadOpen(at) == len(run)
}

// maySweep reports whether the server may have closed these for being idle, at a moment
// at which it looked at all of its connections. Programs that are known to have a
// timer for each do not.
func (s *Server) maySweep(run []*Record) bool {
	return sweepable(run) && !s.Software.Row().ExactIdle
}

// Recycled returns what the server closed at each moment at which it closed all that
// it had and took new connections at once.
func (s *Server) Recycled() (moments [][]*Record) {
	for _, run := range bursts(Having(s.Records, []Cause{ServerDrain})) {
		_, back := s.after(run[0].Ended)
		idle := Where(run, func(r *Record) bool { return r.class == serverEndedIdle })
		if back && len(idle) == len(run) {
			moments = append(moments, run)
		}
	}
	return moments
}
