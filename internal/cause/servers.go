package cause

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// decideServer gives a cause to the connections that wait for their server.
func (d *Decisions) decideServer(s *Server) {
	s.unanswered(d.starved)
	s.exited()
	d.saidClose(s)
	d.idleEnds(s)
	s.busyEnds()
}

// unanswered tells a full accept queue from a path that drops SYNs: others get
// through, and some of these are never answered either.
func (s *Server) unanswered(starved map[uint32]int64) {
	opened := slices.ContainsFunc(s.Records, func(r *Record) bool { return r.connect > 0 })
	w := waiting(s.Records, synUnanswered)
	if opened && starved[s.Num] > 0 {
		again := Where(w, func(r *Record) bool { return r.observation.number > 1 })
		settle(again, AcceptQueueFull, analyze.Server, High)
	}
	settle(waiting(w, synUnanswered), Unanswered, analyze.Network, High)
}

// exited finds the moments at which the server's process ended, and settles the
// connections that ended with it.
func (s *Server) exited() {
	ends := waiting(s.Records, serverEndedBusy, serverEndedIdle, serverEndedQuiet)
	life := s.lastSigns()
	idle := waiting(ends, serverEndedIdle)
	_, alike := Agree(Values(idle, Measured))
	for _, run := range bursts(ends) {
		at := run[0].Ended
		gone, back := s.after(at)
		drained := life.drainedAt(at)
		busy := Where(run, func(r *Record) bool { return r.class == serverEndedBusy })
		switch {
		case gone && drained && len(busy) == 0:
			settle(run, ServerDrain, analyze.Server, Medium)
		case gone && life.last > at+instant:
		case gone && (len(busy) > 0 || len(run) >= 2 && !timed(run)):
			settle(run, ServerExit, analyze.Server, High)
		case len(run) >= ExitAtLeast && len(busy) == 0 && !back && s.allEnd(run):
			settle(run, ServerExit, analyze.Server, Medium)
		case len(run) < ExitAtLeast || timed(run) || alike && len(run) < len(idle): // those that were used together end together
		case len(busy) > 0 && len(busy) < len(run) && !back:
			settle(run, ServerExit, analyze.Server, Medium)
		case len(busy) == 0 && drained:
			settle(run, ServerDrain, analyze.Server, Low)
		}
	}
}

// allEnd reports whether a run is all that the server had open, ended within a
// few milliseconds and at no time that somebody set.
func (s *Server) allEnd(run []*Record) bool {
	at, ends := run[0].Ended, Spread(Values(run, func(r *Record) int64 { return r.Ended }))
	d := Values(run, Measured)
	age := Typical(Values(run, func(r *Record) int64 { return r.Ended - r.Start }))
	if ends > 5e6 || sweepable(run) || Spread(d) <= 2*ends || round(Typical(d)) || round(age) || slices.Min(d) < MinIdle {
		return false
	}
	open := 0
	for _, r := range s.Records {
		if r.Start <= at && (r.has(isOpen) || r.Ended >= at) && r.Cause != Refused {
			open++
		}
	}
	return open == len(run)
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

// signs are when a server did something, as far as it tells how it ended.
type signs struct {
	last  int64 // it completed a response, or closed a connection
	from  int64 // it first said close
	kept  int64 // a response last kept its connection
	drain bool  // both of these are set
}

// lastSigns looks for them.
func (s *Server) lastSigns() signs {
	x := signs{last: math.MinInt64, from: math.MaxInt64, kept: math.MinInt64}
	for _, r := range s.Records {
		if r.Done != analyze.Unknown {
			x.last = max(x.last, r.Done)
		}
		if r.By == analyze.Server && !r.has(isOpen) && r.Cause != Refused && !r.untaken() {
			x.last = max(x.last, r.Ended)
		}
		switch {
		case r.class == saidInResponse && r.observation.kind == observedResponseClose:
			x.from = min(x.from, r.saidAt())
			if r.previousDone() != analyze.Unknown {
				x.kept = max(x.kept, r.previousDone())
			}
		case r.Done != analyze.Unknown && r.class != saidInResponse:
			x.kept = max(x.kept, r.Done)
		}
	}
	x.drain = x.from != math.MaxInt64 && x.kept != math.MinInt64 && x.kept < x.from
	return x
}

// drainedAt reports whether the server began to say close at about t, on every
// response from then on, having kept connections before.
func (x *signs) drainedAt(t int64) bool {
	return x.drain && x.from > t-2e9 && x.from < t+5e9
}

// saidClose says why responses ended the persistence.
func (d *Decisions) saidClose(s *Server) {
	w, other := split(waiting(s.Records, saidInResponse), saysClose)
	ten, delimited := split(other, func(r *Record) bool { return r.observation.kind == observedResponse10 })
	kept, ten := split(ten, func(r *Record) bool { return r.observation.number > 1 }) // by the responses before it
	settle(ten, HTTP10, analyze.Server, High)
	settle(delimited, CloseDelimited, analyze.Server, High)
	if x := s.lastSigns(); x.drain && len(w) > 0 {
		if gone, _ := s.after(x.from); gone || s.has(ServerDrain) {
			settle(w, ServerDrain, analyze.Server, High)
			settle(kept, HTTP10, analyze.Server, High)
			return
		}
	}
	w, ten = split(d.full(s, append(w, kept...)), saysClose)
	settle(ten, HTTP10, analyze.Server, High)
	w, errors := split(w, func(r *Record) bool { return r.observation.status < 400 })
	settle(errors, ResponseConnectionClose, analyze.Server, High)
	if age, ok := aged(w, s.keptAge()); ok {
		settle(w, ServerMaxAge, analyze.Server, age.sure())
		d.addPolicy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.Name, Value: age.Hi, Samples: int64(len(w)), Spread: age.spread()})
		return
	}
	settle(w, ResponseConnectionClose, analyze.Server, High)
}

// saysClose reports whether a response said "Connection: close".
func saysClose(r *Record) bool { return r.observation.kind == observedResponseClose }

// full names those of w that ended at a limit of requests, and returns the
// others. None carries more; where the server has told the limit, one is enough.
// Node tells it in each response, Apache how many may follow.
func (d *Decisions) full(s *Server, w []*Record) (rest []*Record) {
	most := uint32(0)
	for _, r := range s.Records {
		most = max(most, r.Requests)
	}
	in, rest := split(w, func(r *Record) bool {
		return most >= 2 && r.observation.number == most && r.Requests == most && r.observation.status < 400
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

func (s *Server) has(c Cause) bool {
	return slices.ContainsFunc(s.Records, func(r *Record) bool { return r.Cause == c })
}

// keptAge is the greatest age at which a response kept its connection, of those
// that no response ended.
func (s *Server) keptAge() (age int64) {
	for _, r := range s.Records {
		if r.class != saidInResponse && r.Done != analyze.Unknown {
			age = max(age, r.Done-r.Start)
		}
	}
	return age
}

// aged looks for an age at which connections end, however many requests they
// carried: older than every response that kept its connection, and not older
// than any that ended it.
func aged(w []*Record, kept int64) (age Band, ok bool) {
	if len(w) < MinSamples || Spread(Values(w, func(r *Record) int64 { return int64(r.observation.number) })) == 0 ||
		Spread(Values(w, func(r *Record) int64 { return r.Start })) <= instant {
		return Band{}, false // of one age at any moment
	}
	age = Band{Lo: kept, Hi: math.MaxInt64, N: len(w)}
	for _, r := range w {
		age.Hi = min(age.Hi, r.saidAt()-r.Start)
		if r.previousDone() != analyze.Unknown {
			age.Lo = max(age.Lo, r.previousDone()-r.Start)
		}
	}
	age.Middle = age.Hi
	return age, age.Lo < age.Hi && age.Lo > 0 && age.Hi >= MinAge
}

// busyEnds names the server's closes with a request under way.
func (s *Server) busyEnds() {
	for _, r := range waiting(s.Records, serverEndedBusy) {
		one := []*Record{r}
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

// idleEnds names the server's closes of idle connections.
func (d *Decisions) idleEnds(s *Server) {
	w := waiting(s.Records, serverEndedIdle, serverEndedQuiet)
	paused, prompt := split(w, func(r *Record) bool { return Measured(r) >= MinIdle })
	if b, ok := Agree(append(pauses(paused), s.missed()...)); ok {
		in := Where(paused, func(r *Record) bool { return b.within(Measured(r)) })
		settle(in, ServerIdleTimeout, analyze.Server, b.sureTimeout())
		d.addPolicy(Policy{Kind: IdleTimeout, By: analyze.Server, Subject: s.Name, Value: b.Middle, Samples: int64(b.N), Spread: b.spread(),
			Matches: products.MatchServer(time.Duration(b.Middle), s.Software)})
		s.metClose(b)
	}
	s.announced(paused)
	s.unsaidLimits(d, prompt, paused)
	if n := len(bursts(paused)); len(paused) >= MinSamples && n > 1 && sweepable(paused) ||
		n > MinSamples && onceInTimeout(paused) { // as com.sun.net.httpserver, every 10 s for 30 s
		settle(waiting(paused, serverEndedIdle), ServerIdleTimeout, analyze.Server, Medium)
	}
	for _, r := range waiting(w, serverEndedIdle, serverEndedQuiet) {
		one := []*Record{r}
		switch {
		case r.class == serverEndedQuiet:
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

// missed returns how long connections were idle when the server closed them,
// whose clients used them once more all the same.
func (s *Server) missed() []int64 {
	used := Where(s.Records, func(r *Record) bool {
		return (r.Cause == StaleRace || r.Cause == UsedAfterClose) && r.Done != analyze.Unknown && r.Ended-r.Done >= MinIdle
	})
	return Values(used, func(r *Record) int64 { return r.Ended - r.Done })
}

// metClose takes requests that came just as the server closed their connection
// for having been idle. What it has not read makes that an RST (RFC 2525, 2.17);
// if it has read the request, but no longer serves it, it is a FIN.
func (s *Server) metClose(timeout Band) {
	near := timeout.Middle * Agreement / 100
	met := Where(waiting(s.Records, serverEndedBusy), func(r *Record) bool {
		idle := r.Ended - r.Done
		return r.observation.kind == observedUnansweredEnd && r.Done != analyze.Unknown && Measured(r) <= minRace &&
			idle >= timeout.Lo-near && idle <= timeout.Hi+near
	})
	for _, r := range met {
		r.observation.kind = observedMetClose
	}
	settle(met, StaleRace, analyze.Both, High)
}

// announced takes idle ends at the time that Keep-Alive announced, or up to a
// second later, as Node does.
func (s *Server) announced(paused []*Record) {
	if s.AdvertisedTimeout == analyze.Unknown || s.AdvertisedTimeout == 0 {
		return
	}
	told := s.AdvertisedTimeout * 1e9
	in := Where(waiting(paused, serverEndedIdle), func(r *Record) bool {
		return Measured(r) >= told-told/50 && Measured(r) <= told+told/50+1.1e9
	})
	settle(in, ServerIdleTimeout, analyze.Server, Medium)
}

// unsaidLimits finds limits that no header announced.
func (s *Server) unsaidLimits(d *Decisions, prompt, paused []*Record) {
	most := uint32(0)
	for _, r := range s.Records {
		most = max(most, r.Requests)
	}
	prompt = waiting(prompt, serverEndedIdle)
	if full := Where(prompt, func(r *Record) bool { return r.Requests == most && most >= 2 }); len(full) >= MinSamples {
		settle(full, ServerMaxRequests, analyze.Server, Medium)
		d.addPolicy(Policy{Kind: MaxRequests, By: analyze.Server, Subject: s.Name, Value: int64(most), Samples: int64(len(full))})
	}
	rest := waiting(append(slices.Clone(prompt), paused...), serverEndedIdle)
	b, ok := Agree(Ages(rest))
	if !ok || b.Lo < MinAge {
		return
	}
	if s.keptAge() > b.Hi {
		return
	}
	in := Where(rest, func(r *Record) bool { return b.within(r.age()) })
	if Spread(Values(in, func(r *Record) int64 { return int64(r.Requests) })) == 0 && slices.Max(Values(in, Measured)) < MinIdle {
		return // each ended after as many requests, which took as long
	}
	settle(in, ServerMaxAge, analyze.Server, Medium)
	d.addPolicy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.Name, Value: b.Middle, Samples: int64(b.N), Spread: b.spread()})
}
