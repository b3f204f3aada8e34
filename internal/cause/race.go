package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// metClose takes requests that came just as the server closed their connection
// for having been idle. What it has not read makes that an RST (RFC 2525, 2.17);
// if it has read the request, but no longer serves it, it is a FIN. The client's
// side of the line sees that a round trip after it sent the request.
func (s *Server) metClose(timeout Band) {
	near := timeout.Middle * Agreement / 100
	settleMet(where(s.unserved(), func(r *Record) bool {
		idle := r.Ended - r.Done
		return r.Measured() <= r.roundTrip()+minRace && idle >= timeout.Lo-near && idle <= timeout.Hi+near
	}))
}

// metBatch takes requests that met an RST in a batch of FINs, with which the server
// closed connections that had been idle as long. A busy program looks at its
// timers before it reads: its requests then wait for as long as the timers are late,
// which is at most how far apart the idle times of the batch are from the least one
// of the server. That others were closed after as long at another moment shows that
// it is a timer, and not the end of a process.
func (s *Server) metBatch() {
	w := s.unserved()
	if len(w) == 0 {
		return
	}
	idle := where(s.Records, func(r *Record) bool { return r.class == serverEndedIdle && r.Measured() >= minRest })
	if len(idle) == 0 {
		return
	}
	settleMet(where(w, func(r *Record) bool {
		rested := r.Ended - r.Done
		batch := Values(where(idle, func(x *Record) bool {
			return max(x.Ended-r.Ended, r.Ended-x.Ended) <= atExit &&
				max(x.Measured()-rested, rested-x.Measured()) <= min(x.Measured(), rested)*Agreement/100
		}), (*Record).Measured)
		if len(batch) == 0 {
			return false
		}
		alike := where(idle, func(x *Record) bool { return x.Measured() >= slices.Max(batch)*100/(100+Agreement) })
		if !slices.ContainsFunc(alike, func(x *Record) bool { return max(x.Ended-r.Ended, r.Ended-x.Ended) > instant }) {
			return false
		}
		late := slices.Max(batch) - slices.Min(Values(alike, (*Record).Measured))
		return r.Measured() <= r.roundTrip()+max(minRace, late)
	}))
}

// unserved returns the connections that the server ended with a request unanswered
// that followed a response.
func (s *Server) unserved() []*Record {
	return where(s.waiting(serverEndedBusy), func(r *Record) bool {
		return r.observation.kind == observedUnansweredEnd && r.Done != analyze.Unknown
	})
}

// settleMet settles requests that met the close of an idle connection.
func settleMet(met []*Record) {
	for _, r := range met {
		r.observation.kind = observedMetClose
	}
	settle(met, StaleRace, analyze.Both, High)
}

// roundTrip is how long an answer of the other side takes, by the handshake: 0 where
// that is not known, or a SYN was lost.
func (r *Record) roundTrip() int64 {
	if t := r.ConnectTime(); t < minLateOpen {
		return t
	}
	return 0
}
