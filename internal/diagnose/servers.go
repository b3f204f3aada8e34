package diagnose

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// decideServer gives a cause to the connections that wait for their server.
func (d *Diagnosis) decideServer(s *server) {
	s.unanswered(d.starved)
	s.exited()
	d.saidClose(s)
	d.idleEnds(s)
	s.busyEnds()
}

// unanswered tells a full accept queue from a path that drops SYNs: others get
// through, and some of these are never answered either.
func (s *server) unanswered(starved map[uint32]int64) {
	opened := slices.ContainsFunc(s.records, func(r *record) bool { return r.connect > 0 })
	w := waiting(s.records, synUnanswered)
	if opened && starved[s.Num] > 0 {
		again := where(w, func(r *record) bool { return r.fact.n > 1 })
		settle(again, AcceptQueueFull, analyze.Server, High)
	}
	settle(waiting(w, synUnanswered), Unanswered, analyze.Network, High)
}

const (
	// beforeRefusal is how long before a refused SYN a server may have gone.
	beforeRefusal = 30e9
	// exitAtLeast is how many connections end at one moment when a process does,
	// if nothing else shows that it did.
	exitAtLeast = 3
)

// exited finds the moments at which the server's process ended, and settles the
// connections that ended with it.
func (s *server) exited() {
	ends := waiting(s.records, serverEndedBusy, serverEndedIdle, serverEndedQuiet)
	life := s.lastSigns()
	idle := waiting(ends, serverEndedIdle)
	_, alike := agree(values(idle, measured))
	for _, run := range bursts(ends) {
		at := run[0].ended
		gone, back := s.after(at)
		drained := life.drainedAt(at)
		busy := where(run, func(r *record) bool { return r.class == serverEndedBusy })
		switch {
		case gone && drained && len(busy) == 0:
			settle(run, ServerDrain, analyze.Server, Medium)
		case gone && life.last > at+instant:
		case gone && (len(busy) > 0 || len(run) >= 2 && !timed(run)):
			settle(run, ServerExit, analyze.Server, High)
		case len(run) >= exitAtLeast && len(busy) == 0 && !back && s.allEnd(run):
			settle(run, ServerExit, analyze.Server, Medium)
		case len(run) < exitAtLeast || timed(run) || alike && len(run) < len(idle): // those that were used together end together
		case len(busy) > 0 && len(busy) < len(run) && !back:
			settle(run, ServerExit, analyze.Server, Medium)
		case len(busy) == 0 && drained:
			settle(run, ServerDrain, analyze.Server, Low)
		}
	}
}

// allEnd reports whether a run is all that the server had open, ended within a
// few milliseconds and at no time that somebody set.
func (s *server) allEnd(run []*record) bool {
	at, ends := run[0].ended, spread(values(run, func(r *record) int64 { return r.ended }))
	d := values(run, measured)
	age := typical(values(run, func(r *record) int64 { return r.ended - r.start }))
	if ends > 5e6 || sweepable(run) || spread(d) <= 2*ends || round(typical(d)) || round(age) || slices.Min(d) < minIdle {
		return false
	}
	open := 0
	for _, r := range s.records {
		if r.start <= at && (r.has(isOpen) || r.ended >= at) && r.cause != Refused {
			open++
		}
	}
	return open == len(run)
}

// sweep is how far apart the pauses are, at most, after which a server closes
// connections that it looks at once a second, as lighttpd, Tomcat and gunicorn do.
const sweep = 1100e6

// sweepable reports whether such a server may have closed these for being idle.
func sweepable(records []*record) bool {
	d := values(records, measured)
	return slices.Min(d) >= 1e9 && spread(d) <= sweep
}

// after reports what became of the server after t: whether it refused
// connections soon, before it took any; and whether it took one at all.
func (s *server) after(t int64) (gone, back bool) {
	first, _ := slices.BinarySearchFunc(s.records, t+1, func(r *record, t int64) int { return cmp.Compare(r.start, t) })
	for _, r := range s.records[first:] {
		switch {
		case r.cause == Refused:
			return r.start-t <= beforeRefusal, false
		case r.cause == Unanswered && r.by == analyze.Network, r.untaken():
		default:
			return false, true
		}
	}
	return false, false
}

// untaken reports whether the server reset a connection without a byte of a
// response, as its kernel does with those that no process has taken yet when the
// listening socket is closed.
func (r *record) untaken() bool {
	return r.class == serverEndedBusy && r.has(isReset) && r.done == analyze.Unknown && r.fact.what == sawUnansweredEnd
}

// signs are when a server did something, as far as it tells how it ended.
type signs struct {
	last  int64 // it completed a response, or closed a connection
	from  int64 // it first said close
	kept  int64 // a response last kept its connection
	drain bool  // both of these are set
}

// lastSigns looks for them.
func (s *server) lastSigns() signs {
	x := signs{last: math.MinInt64, from: math.MaxInt64, kept: math.MinInt64}
	for _, r := range s.records {
		if r.done != analyze.Unknown {
			x.last = max(x.last, r.done)
		}
		if r.by == analyze.Server && !r.has(isOpen) && r.cause != Refused && !r.untaken() {
			x.last = max(x.last, r.ended)
		}
		switch {
		case r.class == saidInResponse && r.fact.what == sawResponseClose:
			x.from = min(x.from, r.saidAt())
			if r.usedAt() != analyze.Unknown {
				x.kept = max(x.kept, r.usedAt())
			}
		case r.done != analyze.Unknown && r.class != saidInResponse:
			x.kept = max(x.kept, r.done)
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
func (d *Diagnosis) saidClose(s *server) {
	w, other := split(waiting(s.records, saidInResponse), saysClose)
	ten, delimited := split(other, func(r *record) bool { return r.fact.what == sawResponse10 })
	kept, ten := split(ten, func(r *record) bool { return r.fact.n > 1 }) // by the responses before it
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
	w, errors := split(w, func(r *record) bool { return r.fact.code < 400 })
	settle(errors, ResponseConnectionClose, analyze.Server, High)
	if age, ok := aged(w, s.keptAge()); ok {
		settle(w, ServerMaxAge, analyze.Server, age.sure())
		d.policy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.name, Value: age.hi, Samples: int64(len(w)), Spread: age.spread()})
		return
	}
	settle(w, ResponseConnectionClose, analyze.Server, High)
}

// saysClose reports whether a response said "Connection: close".
func saysClose(r *record) bool { return r.fact.what == sawResponseClose }

// full names those of w that ended at a limit of requests, and returns the
// others. None carries more; where the server has told the limit, one is enough.
// Node tells it in each response, Apache how many may follow.
func (d *Diagnosis) full(s *server, w []*record) (rest []*record) {
	most := uint32(0)
	for _, r := range s.records {
		most = max(most, r.requests)
	}
	in, rest := split(w, func(r *record) bool {
		return most >= 2 && r.fact.n == most && r.requests == most && r.fact.code < 400
	})
	told := s.AdvertisedMax == int64(most) || s.AdvertisedMax == int64(most)-1
	if len(in) < minSamples && !told {
		return w
	}
	settle(in, ServerMaxRequests, analyze.Server, High)
	if len(in) >= minSamples {
		d.policy(Policy{Kind: MaxRequests, By: analyze.Server, Subject: s.name, Value: int64(most), Samples: int64(len(in))})
	}
	return rest
}

func (s *server) has(c Cause) bool {
	return slices.ContainsFunc(s.records, func(r *record) bool { return r.cause == c })
}

// minAge is the shortest age of a connection that somebody would set as a limit.
const minAge = 400e6

// keptAge is the greatest age at which a response kept its connection, of those
// that no response ended.
func (s *server) keptAge() (age int64) {
	for _, r := range s.records {
		if r.class != saidInResponse && r.done != analyze.Unknown {
			age = max(age, r.done-r.start)
		}
	}
	return age
}

// aged looks for an age at which connections end, however many requests they
// carried: older than every response that kept its connection, and not older
// than any that ended it.
func aged(w []*record, kept int64) (age band, ok bool) {
	if len(w) < minSamples || spread(values(w, func(r *record) int64 { return int64(r.fact.n) })) == 0 ||
		spread(values(w, func(r *record) int64 { return r.start })) <= instant {
		return band{}, false // of one age at any moment
	}
	age = band{lo: kept, hi: math.MaxInt64, n: len(w)}
	for _, r := range w {
		age.hi = min(age.hi, r.saidAt()-r.start)
		if r.usedAt() != analyze.Unknown {
			age.lo = max(age.lo, r.usedAt()-r.start)
		}
	}
	age.middle = age.hi
	return age, age.lo < age.hi && age.lo > 0 && age.hi >= minAge
}

// sure is how sure an age is: the nearer its bounds are, the more.
func (b band) sure() Confidence {
	if b.spread() <= 0.2 {
		return High
	}
	return Medium
}

// busyEnds names the server's closes with a request under way.
func (s *server) busyEnds() {
	for _, r := range waiting(s.records, serverEndedBusy) {
		one := []*record{r}
		switch {
		case r.has(isReset):
			settle(one, ServerReset, analyze.Server, High)
		case r.fact.what == sawCutEnd:
			settle(one, ServerTimeoutCut, analyze.Server, High)
		default:
			settle(one, ServerTimeoutEmpty, analyze.Server, High)
		}
	}
}

// idleEnds names the server's closes of idle connections.
func (d *Diagnosis) idleEnds(s *server) {
	w := waiting(s.records, serverEndedIdle, serverEndedQuiet)
	paused, prompt := split(w, func(r *record) bool { return measured(r) >= minIdle })
	if b, ok := agree(append(pauses(paused), s.missed()...)); ok {
		in := where(paused, func(r *record) bool { return b.has(measured(r)) })
		settle(in, ServerIdleTimeout, analyze.Server, b.sureTimeout())
		d.policy(Policy{Kind: IdleTimeout, By: analyze.Server, Subject: s.name, Value: b.middle, Samples: int64(b.n), Spread: b.spread(),
			Matches: matching(analyze.Server, b.middle, s.Software)})
		s.metClose(b)
	}
	s.announced(paused)
	s.unsaidLimits(d, prompt, paused)
	if n := len(bursts(paused)); len(paused) >= minSamples && n > 1 && sweepable(paused) ||
		n > minSamples && onceInTimeout(paused) { // as com.sun.net.httpserver, every 10 s for 30 s
		settle(waiting(paused, serverEndedIdle), ServerIdleTimeout, analyze.Server, Medium)
	}
	for _, r := range waiting(w, serverEndedIdle, serverEndedQuiet) {
		one := []*record{r}
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
func (s *server) missed() []int64 {
	used := where(s.records, func(r *record) bool {
		return (r.cause == StaleRace || r.cause == UsedAfterClose) && r.done != analyze.Unknown && r.ended-r.done >= minIdle
	})
	return values(used, func(r *record) int64 { return r.ended - r.done })
}

// metClose takes requests that came just as the server closed their connection
// for having been idle. What it has not read makes that an RST (RFC 2525, 2.17);
// if it has read the request, but no longer serves it, it is a FIN.
func (s *server) metClose(timeout band) {
	near := timeout.middle * agreement / 100
	met := where(waiting(s.records, serverEndedBusy), func(r *record) bool {
		idle := r.ended - r.done
		return r.fact.what == sawUnansweredEnd && r.done != analyze.Unknown && measured(r) <= minRace &&
			idle >= timeout.lo-near && idle <= timeout.hi+near
	})
	for _, r := range met {
		r.fact.what = sawMetClose
	}
	settle(met, StaleRace, analyze.Both, High)
}

// sureTimeout is how sure a timeout is: the more samples agree the better, the
// more.
func (b band) sureTimeout() Confidence {
	if b.spread() <= 0.02 {
		return High
	}
	return Medium
}

// announced takes idle ends at the time that Keep-Alive announced, or up to a
// second later, as Node does.
func (s *server) announced(paused []*record) {
	if s.AdvertisedTimeout == analyze.Unknown || s.AdvertisedTimeout == 0 {
		return
	}
	told := s.AdvertisedTimeout * 1e9
	in := where(waiting(paused, serverEndedIdle), func(r *record) bool {
		return measured(r) >= told-told/50 && measured(r) <= told+told/50+1.1e9
	})
	settle(in, ServerIdleTimeout, analyze.Server, Medium)
}

// unsaidLimits finds limits that no header announced.
func (s *server) unsaidLimits(d *Diagnosis, prompt, paused []*record) {
	most := uint32(0)
	for _, r := range s.records {
		most = max(most, r.requests)
	}
	prompt = waiting(prompt, serverEndedIdle)
	if full := where(prompt, func(r *record) bool { return r.requests == most && most >= 2 }); len(full) >= minSamples {
		settle(full, ServerMaxRequests, analyze.Server, Medium)
		d.policy(Policy{Kind: MaxRequests, By: analyze.Server, Subject: s.name, Value: int64(most), Samples: int64(len(full))})
	}
	rest := waiting(append(slices.Clone(prompt), paused...), serverEndedIdle)
	b, ok := agree(ages(rest))
	if !ok || b.lo < minAge {
		return
	}
	if s.keptAge() > b.hi {
		return
	}
	in := where(rest, func(r *record) bool { return b.has(r.age()) })
	if spread(values(in, func(r *record) int64 { return int64(r.requests) })) == 0 && slices.Max(values(in, measured)) < minIdle {
		return // each ended after as many requests, which took as long
	}
	settle(in, ServerMaxAge, analyze.Server, Medium)
	d.policy(Policy{Kind: MaxAge, By: analyze.Server, Subject: s.name, Value: b.middle, Samples: int64(b.n), Spread: b.spread()})
}
