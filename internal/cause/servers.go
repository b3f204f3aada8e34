package cause

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// decideServer gives a cause to the connections that wait for their server.
func (d *Decisions) decideServer(s *Server) {
	s.unanswered(d.starved)
	settle(s.waiting(neverUsed), NoRequest, analyze.Client, High) // unless its pair knows better
	s.metBatch()
	ends := byEnd(s.waiting(serverEndedBusy, serverEndedIdle, serverEndedQuiet)) // once: there may be a million
	s.processEnded(ends)
	d.atConnectionLimit(s, waiting(ends, serverEndedIdle))
	s.partlyRecycled(waiting(ends, serverEndedIdle))
	d.saidClose(s)
	d.idleEnds(s, waiting(ends, serverEndedIdle, serverEndedQuiet))
	s.busyEnds()
	d.sentAway(s)
}

// unanswered tells a full accept queue from a path that drops SYNs: others get
// through, and the data on some of them is never answered either.
func (s *Server) unanswered(starved map[uint32]int64) {
	opened := slices.ContainsFunc(s.Records, func(r *Record) bool { return r.connect > 0 })
	w := s.waiting(synUnanswered)
	if opened && starved[s.Num] > 0 {
		again := where(w, func(r *Record) bool { return r.observation.number > 1 })
		settle(again, AcceptQueueFull, analyze.Server, High)
	}
	settle(waiting(w, synUnanswered), Unanswered, analyze.Network, High)
}

// processEnded finds the moments at which the server's process ended, and settles
// the connections that ended with it; ends are those that the server ended, in order of time.
func (s *Server) processEnded(ends []*Record) {
	life := s.life()
	idle := waiting(ends, serverEndedIdle)
	timer, alike := agree(Values(idle, (*Record).Measured))
	s.recycled(ends)
	for run := range bursts(waiting(ends, serverEndedBusy, serverEndedIdle, serverEndedQuiet)) {
		usedTogether := alike && len(run) < len(idle) && // and so they end together
			count(run, func(r *Record) bool { return timer.within(r.Measured()) })*2 > len(run)
		if c, sure := s.whyTogether(run, &life, usedTogether); c != Undecided {
			settle(run, c, analyze.Server, sure)
		}
	}
}

// whyTogether returns why the server closed the connections of a burst, Undecided
// if they had each a reason of its own.
func (s *Server) whyTogether(run []*Record, life *life, usedTogether bool) (Cause, Confidence) {
	gone, back := s.after(run[0].Ended)
	drained := life.drainedAt(run[0].Ended)
	busy := count(run, func(r *Record) bool { return r.class == serverEndedBusy })
	if gone {
		if c, sure, ok := s.whenGone(run, life, busy); ok {
			return c, sure
		}
	}
	switch {
	case len(run) >= ExitAtLeast && busy == 0 && !back && s.allEnd(run):
		return ServerExit, Medium
	case len(run) < ExitAtLeast || timed(run) || usedTogether:
	case busy > 0 && busy < len(run) && !back:
		return ServerExit, Medium
	case busy == 0 && drained:
		return ServerDrain, Low
	}
	return Undecided, Low
}

// whenGone is whyTogether for a burst after which the server refused connections, if that
// tells; busy of the burst had a request under way.
func (s *Server) whenGone(run []*Record, life *life, busy int) (c Cause, sure Confidence, ok bool) {
	at := run[0].Ended
	switch {
	case life.drainedAt(at) && busy == 0:
		return ServerDrain, Medium, true
	case life.lastSign > at+instant && s.hadOpen(at) > len(run): // else it was started again
		return Undecided, Low, true
	case busy > 0 || len(run) >= 2 && !timed(run):
		return ServerExit, High, true
	}
	return Undecided, Low, false
}

// allEnd reports whether a run is all that the server had open, ended within a
// few milliseconds and at no time that somebody set.
func (s *Server) allEnd(run []*Record) bool {
	at, ends := run[0].Ended, spread(run, whenEnded)
	d := Values(run, (*Record).Measured)
	age := Typical(Values(run, func(r *Record) int64 { return r.Ended - r.Start }))
	if ends > atExit || s.maySweep(run) || round(Typical(d)) || round(age) || slices.Min(d) < MinIdle {
		return false
	}
	if Spread(d) <= 2*ends && (Spread(d) > Jitter || !s.Software.Row().ExactIdle || slices.Min(d) < minRest) {
		return false // a timer of each may be that: only one that is exact is set to a round time
	}
	return s.hadOpen(at) == len(run)
}

// hadOpen returns how many connections of the group were open at t.
func (g *Group) hadOpen(t int64) (n int) {
	for _, r := range g.Records {
		if r.Start <= t && (r.has(isOpen) || r.Ended >= t) && r.Cause != Refused {
			n++
		}
	}
	return n
}

// after reports what became of the server after t: whether it refused
// connections soon, before it took any; and whether it took one at all.
func (s *Server) after(t int64) (gone, back bool) {
	first, _ := slices.BinarySearchFunc(s.Records, t+1, func(r *Record, t int64) int { return cmp.Compare(r.Start, t) })
	for _, r := range s.Records[first:] {
		switch {
		case r.Cause == Refused:
			return r.Start-t <= beforeRefusal, false
		case r.Cause == Unanswered && r.By == analyze.Network, r.untaken():
		default:
			return false, true
		}
	}
	return false, false
}

// life is when a server did something, as far as that tells how it ended.
type life struct {
	lastSign   int64 // it last completed a response, or closed a connection
	firstClose int64 // a response first said close
	lastKept   int64 // a response last kept its connection
	drains     bool  // it kept connections up to a moment, and said close from then on
}

// life looks for these moments.
func (s *Server) life() life {
	x := life{lastSign: math.MinInt64, firstClose: math.MaxInt64, lastKept: math.MinInt64}
	for _, r := range s.Records {
		if r.Done != analyze.Unknown {
			x.lastSign = max(x.lastSign, r.Done)
		}
		if r.By == analyze.Server && !r.Open() && r.Cause != Refused && !r.untaken() {
			x.lastSign = max(x.lastSign, r.Ended)
		}
		switch {
		case r.class == saidInResponse && saysClose(r):
			end := r.persistenceEnd()
			x.firstClose = min(x.firstClose, end.said)
			if end.previousDone != analyze.Unknown {
				x.lastKept = max(x.lastKept, end.previousDone)
			}
		case r.Done != analyze.Unknown && r.class != saidInResponse:
			x.lastKept = max(x.lastKept, r.Done)
		}
	}
	x.drains = x.firstClose != math.MaxInt64 && x.lastKept != math.MinInt64 && x.lastKept < x.firstClose
	return x
}

// drainedAt reports whether the server began to say close at about t, on every
// response from then on, having kept connections before.
func (x *life) drainedAt(t int64) bool {
	return x.drains && x.firstClose > t-beforeDrain && x.firstClose < t+afterDrain
}

// saidClose says why responses ended the persistence.
func (d *Decisions) saidClose(s *Server) {
	w, other := split(s.waiting(saidInResponse), saysClose)
	ten, delimited := split(other, func(r *Record) bool { return r.observation.kind == observedResponse10 })
	kept, ten := split(ten, func(r *Record) bool { return r.observation.number > 1 }) // by the responses before it
	settle(ten, HTTP10, analyze.Server, High)
	settle(delimited, CloseDelimited, analyze.Server, High)
	if x := s.life(); x.drains && len(w) > 0 {
		if gone, _ := s.after(x.firstClose); gone ||
			slices.ContainsFunc(s.Records, func(r *Record) bool { return r.Cause == ServerDrain }) {
			settle(w, ServerDrain, analyze.Server, High)
			settle(kept, HTTP10, analyze.Server, High)
			return
		}
	}
	s.saidWhileDraining(w)
	w = waiting(w, saidInResponse)
	w, ten = split(d.atRequestLimit(s, append(w, kept...)), saysClose)
	settle(ten, HTTP10, analyze.Server, High)
	w, errors := split(w, func(r *Record) bool { return r.observation.status < clientError })
	settle(errors, ResponseConnectionClose, analyze.Server, High)
	if age, ok := atAgeLimit(w, s.oldestKept()); ok {
		settle(w, ServerMaxAge, analyze.Server, age.sureAge())
		d.addPolicy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.Name, Value: age.Hi, Samples: int64(len(w)), Spread: age.spread()})
		return
	}
	settle(w, ResponseConnectionClose, analyze.Server, High)
}

// saysClose reports whether a response said "Connection: close", or the server GOAWAY.
func saysClose(r *Record) bool {
	return r.observation.kind == observedResponseClose || r.observation.kind == observedGoAway
}

// atRequestLimit settles the records of w that ended at a limit of requests, and returns the
// others. None carries more; where the server has told the limit, one is enough.
// Node tells it in each response, Apache how many may follow.
func (d *Decisions) atRequestLimit(s *Server, w []*Record) (rest []*Record) {
	most := uint32(0)
	for _, r := range s.Records {
		most = max(most, r.Requests)
	}
	in, rest := split(w, func(r *Record) bool {
		return most >= 2 && r.observation.number == most && r.Requests == most &&
			(r.observation.status < clientError || r.has(isKeptAfterError)) // the error before it did not end it: nor did this one
	})
	told := s.AdvertisedMax == int64(most) || s.AdvertisedMax == int64(most)-1
	if len(in) < MinSamples && !told {
		return w
	}
	settle(in, ServerMaxRequests, analyze.Server, High)
	if len(in) >= MinSamples {
		d.addPolicy(Policy{Kind: MaxRequests, By: analyze.Server, Subject: s.Name, Value: int64(most), Samples: int64(len(in))})
	}
	return rest
}

// oldestKept is the greatest age at which a response kept its connection, of those
// that no response ended.
func (s *Server) oldestKept() (age int64) {
	for _, r := range s.Records {
		if r.class != saidInResponse && r.Done != analyze.Unknown {
			age = max(age, r.Done-r.Start)
		}
	}
	return age
}

// atAgeLimit looks for an age at which connections end, however many requests they
// carried: older than every response that kept its connection, and not older
// than any that ended it.
func atAgeLimit(w []*Record, kept int64) (age Band, ok bool) {
	if len(w) < MinSamples || spread(w, func(r *Record) int64 { return int64(r.observation.number) }) == 0 || spread(w, whenOpened) <= instant {
		return Band{}, false // of one age at any moment
	}
	age = Band{Lo: kept, Hi: math.MaxInt64, N: len(w)}
	for _, r := range w {
		age.Hi = min(age.Hi, r.persistenceEnd().said-r.Start)
		if r.persistenceEnd().previousDone != analyze.Unknown {
			age.Lo = max(age.Lo, r.persistenceEnd().previousDone-r.Start)
		}
	}
	age.Middle = age.Hi
	return age, age.Lo < age.Hi && age.Lo > 0 && age.Hi >= MinAge
}

// busyEnds names the server's closes with a request under way.
func (s *Server) busyEnds() {
	one := make([]*Record, 1)
	for _, r := range s.waiting(serverEndedBusy) {
		one[0] = r
		switch {
		case r.has(isReset):
			settle(one, ServerReset, analyze.Server, High)
		case r.observation.kind == observedCutEnd:
			settle(one, ServerTimeoutCut, analyze.Server, High)
		default:
			settle(one, ServerTimeoutEmpty, analyze.Server, High)
		}
	}
}

// idleEnds names the server's closes of idle connections, which w is, in order of time.
func (d *Decisions) idleEnds(s *Server, w []*Record) {
	paused, prompt := split(w, (*Record).Paused)
	b, ok := agree(append(pauses(paused), s.usedOnceMore()...))
	in := where(paused, func(r *Record) bool { return b.within(r.Measured()) })
	if ok && !s.atOneMoment(in, b) {
		settle(in, ServerIdleTimeout, analyze.Server, b.sureTimeout())
		d.addPolicy(Policy{Kind: IdleTimeout, By: analyze.Server, Subject: s.Name, Value: b.Middle, Samples: int64(b.N), Spread: b.spread(),
			Matches: s.idleMatches(time.Duration(b.Middle))})
		s.metClose(b)
	}
	s.atAnnouncedTimeout(paused)
	s.unannouncedLimits(d, w, prompt)
	if n := moments(paused); len(paused) >= MinSamples && n > 1 && sweepable(paused) ||
		n > MinSamples && onceInTimeout(paused) { // as com.sun.net.httpserver, every 10 s for 30 s
		settle(waiting(paused, serverEndedIdle), ServerIdleTimeout, analyze.Server, Medium)
		least, greatest := span(paused, (*Record).Measured)
		s.metClose(Band{Lo: least, Middle: least, Hi: greatest, N: len(paused)})
	}
	one := make([]*Record, 1)
	for _, r := range waiting(w, serverEndedIdle, serverEndedQuiet) {
		one[0] = r
		switch {
		case r.class == serverEndedQuiet && !r.answeredLast():
			settle(one, Unknown, analyze.Server, Low)
		case r.has(isReset):
			settle(one, ServerReset, analyze.Server, Medium)
		case r.has(isHalf):
			settle(one, CloseWait, analyze.Client, Medium)
		default:
			settle(one, ServerClosedUnannounced, analyze.Server, Medium)
		}
	}
}

// usedOnceMore returns how long connections were idle when the server closed them,
// whose clients used them once more all the same.
func (s *Server) usedOnceMore() []int64 {
	used := where(s.Records, func(r *Record) bool {
		return (r.Cause == StaleRace || r.Cause == UsedAfterClose) && r.Done != analyze.Unknown && r.Ended-r.Done >= MinIdle
	})
	return Values(used, func(r *Record) int64 { return r.Ended - r.Done })
}

// atAnnouncedTimeout takes idle ends at the time that Keep-Alive announced, or up to a
// second later, as Node does.
func (s *Server) atAnnouncedTimeout(paused []*Record) {
	if s.AdvertisedTimeout == analyze.Unknown || s.AdvertisedTimeout == 0 {
		return
	}
	told := s.AdvertisedTimeout * 1e9
	in := where(waiting(paused, serverEndedIdle), func(r *Record) bool {
		return r.Measured() >= told-told/announcedNear && r.Measured() <= told+told/announcedNear+announcedLate
	})
	settle(in, ServerIdleTimeout, analyze.Server, Medium)
}

// unannouncedLimits finds limits that no header announced, for the idle connections of w,
// in order of time; prompt are those that ended without a pause.
func (s *Server) unannouncedLimits(d *Decisions, w, prompt []*Record) {
	most := uint32(0)
	for _, r := range s.Records {
		most = max(most, r.Requests)
	}
	prompt = waiting(prompt, serverEndedIdle)
	full := where(prompt, func(r *Record) bool { return r.Requests == most && most >= 1 })
	obeyed := s.obeyed(most)
	if len(obeyed) > (len(full)+len(where(obeyed, (*Record).bothEnded)))*obeyedMost {
		obeyed = nil
	}
	switch all := append(full, obeyed...); {
	case len(all) < MinSamples || s.afterErrors(all):
	case most >= 2:
		settle(all, ServerMaxRequests, analyze.Server, Medium)
		d.addPolicy(Policy{Kind: MaxRequests, By: analyze.Server, Subject: s.Name, Value: int64(most), Samples: int64(len(all))})
	case len(obeyed) > 0:
		settle(all, ServerClosedUnannounced, analyze.Server, Medium)
	}
	rest := waiting(w, serverEndedIdle)
	b, ok := agree(Ages(rest))
	if !ok || b.Lo < MinAge {
		return
	}
	if s.oldestKept() > b.Hi {
		return
	}
	in := where(rest, func(r *Record) bool { return b.within(r.age()) })
	if _, longest := span(in, (*Record).Measured); longest < MinIdle && spread(in, func(r *Record) int64 { return int64(r.Requests) }) == 0 {
		return // each ended after the same requests, which took the same time
	}
	settle(in, ServerMaxAge, analyze.Server, Medium)
	d.addPolicy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.Name, Value: b.Middle, Samples: int64(b.N), Spread: b.spread()})
}

// obeyed returns the connections over TLS that the client closed right after as many
// responses: where the last one says close, which is encrypted, both sides close at once,
// and either may be the first.
func (s *Server) obeyed(requests uint32) []*Record {
	return where(s.waiting(clientEndedIdle), func(r *Record) bool {
		return r.Estimated() && r.Requests == requests && r.Measured() < MinIdle
	})
}

// atOneMoment reports whether idle connections ended at the same moment, after less than
// programs take that look at them from time to time, and no time that somebody set: what they
// agree on says no more than one of them.
func (s *Server) atOneMoment(idle []*Record, b Band) bool {
	return b.Middle < minSwept && moments(idle) == 1 && len(idle) == b.N && !round(b.Middle) && len(s.idleMatches(time.Duration(b.Middle))) == 0
}
