package cause

import (
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// recycled finds the moments at which a server closed all that it had, idle for
// times of any length, and took new connections at once: behind the listening
// socket one process took the place of another, as at a reload, or where workers
// end after a number of requests.
func (s *Server) recycled(ends []*Record) {
	var all [][]*Record
	alone := int64(math.MaxInt64)
	for run := range bursts(ends) {
		if s.allAtOnce(run) {
			all = append(all, run)
		} else {
			alone = min(alone, shortestPause(run))
		}
	}
	settleReplaced(all, alone)
}

// allAtOnce reports whether a run is all that the server had open, idle and ended
// at one moment, by no timer, and new connections were taken after it.
func (s *Server) allAtOnce(run []*Record) bool {
	if len(run) < ExitAtLeast || !closedTogether(run, atRecycle) || s.maySweep(run) {
		return false
	}
	return s.tookAfter(run) && s.hadOpen(run[0].Ended) == len(run)
}

// partlyRecycled is recycled for servers of several processes, each of which has its
// own connections: one of them closed those that it had, and the others went on. What is
// closed at the limits of the whole server is settled before; idle are the others, in order
// of time.
func (s *Server) partlyRecycled(idle []*Record) {
	var all [][]*Record
	alone := int64(math.MaxInt64)
	n := 0
	for run := range bursts(idle) {
		if closedTogether(run, atExit) && !onceInTimeout(run) && !sweepable(run) && s.tookAfter(run) {
			all = append(all, run)
			n = max(n, len(run))
		} else {
			alone = min(alone, shortestPause(run))
		}
	}
	if n >= ExitAtLeast {
		settleReplaced(all, alone)
	}
}

// closedTogether reports whether the records of a run were closed while they were idle,
// within that time, though they had been idle for times that differ.
func closedTogether(run []*Record, within int64) bool {
	if len(run) < 2 || len(waiting(run, serverEndedIdle)) < len(run) {
		return false
	}
	ends := spread(run, whenEnded)
	return ends <= within && spread(run, (*Record).Measured) > max(MinIdle, 2*ends) && spread(run, whenOpened) > 2*ends
}

// tookAfter reports whether the server took connections after a run.
func (s *Server) tookAfter(run []*Record) bool {
	_, back := s.after(run[0].Ended)
	return back
}

// shortestPause returns the shortest time for which those of a run were idle that the
// server closed for that, as it may be.
func shortestPause(run []*Record) int64 {
	shortest := int64(math.MaxInt64)
	for _, r := range run {
		if d := r.Measured(); r.class == serverEndedIdle && r.Cause == Undecided && d >= MinIdle {
			shortest = min(shortest, d)
		}
	}
	return shortest
}

// settleReplaced settles what ended with its process. alone is the shortest pause of
// connections that the server closed at other times: what is idle for longer than its
// timeout has been closed before.
func settleReplaced(all [][]*Record, alone int64) {
	for _, run := range all {
		if _, longest := span(run, (*Record).Measured); alone > longest {
			settle(run, ServerDrain, analyze.Server, Medium)
		}
	}
}

// saidWhileDraining settles the responses that said close while the process that sent
// them ended: it says so from one moment on, and then closes what is idle.
func (s *Server) saidWhileDraining(w []*Record) {
	if len(w) == 0 {
		return
	}
	for _, run := range s.Recycled() {
		idle := where(run.Records, func(r *Record) bool { return r.class == serverEndedIdle })
		at, kept := idle[0].Ended, slices.Max(Values(idle, func(r *Record) int64 { return r.Done }))
		settle(where(w, func(r *Record) bool {
			said := r.persistenceEnd().said
			return r.Cause == Undecided && r.Start < at && said > kept && said > at-beforeDrain && said < at+afterDrain
		}), ServerDrain, analyze.Server, High)
	}
}

// maySweep reports whether the server may have closed these for being idle, at a moment
// at which it looked at all of its connections. Programs that are known to have a
// timer for each do not.
func (s *Server) maySweep(run []*Record) bool {
	return sweepable(run) && !s.Software.Row().ExactIdle
}

// Replaced is a moment at which a server closed idle connections, because their process
// ended, and took new ones at once.
type Replaced struct {
	Records []*Record // in order of time, with those whose last response said close
	Had     int       // connections that the server had
}

// Recycled returns the moments at which processes of the server ended and others took
// their place.
func (s *Server) Recycled() (moments []Replaced) {
	for run := range bursts(Having(s.Records, []Cause{ServerDrain})) {
		_, back := s.after(run[0].Ended)
		idle := where(run, func(r *Record) bool { return r.class == serverEndedIdle })
		if back && len(idle) >= 2 {
			moments = append(moments, Replaced{run, s.hadOpen(run[0].Ended)})
		}
	}
	return moments
}

// Restarted returns for how long the server was away when it refused connections, at
// most, if it had ended before each of them and took others afterwards; else 0.
func (s *Server) Restarted() (away int64) {
	when := func(records []*Record, of func(*Record) int64) []int64 {
		return SortedValues(records, of)
	}
	start := func(r *Record) int64 { return r.Start }
	ended := when(Having(s.Records, []Cause{ServerExit, ServerDrain}), func(r *Record) int64 { return r.Ended })
	taken := when(where(s.Records, func(r *Record) bool { return !r.NeverOpened() && !r.untaken() }), start)
	for _, at := range when(Having(s.Records, []Cause{Refused}), start) {
		last, _ := slices.BinarySearch(ended, at+1)
		next, _ := slices.BinarySearch(taken, at)
		if last == 0 || next == len(taken) || at-ended[last-1] > beforeRefusal {
			return 0
		}
		away = max(away, taken[next]-ended[last-1])
	}
	return away
}

// Moments returns how many moments there are at which the records ended.
func Moments(records []*Record) int64 { return int64(moments(records)) }
