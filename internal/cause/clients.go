package cause

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// decideHost gives a cause to the connections that wait for the other ones of
// their client.
func (d *Decisions) decideHost(h *Host) {
	h.processEnded()
	h.runEnded()
	for _, p := range h.Pairs {
		p.gaveUpOpening()
		d.gaveUp(p)
		d.afterResponse(p)
		p.leaked()
		p.spareDials()
	}
	d.idleClient(h)
}

// processEnded finds the moment at which the client's process ended: all that it had
// open ends at once, and nothing follows. What ended before the newest
// connection was opened ended one by one.
func (h *Host) processEnded() {
	newest, oldest := h.outlasting()
	ends := Gather(h.Pairs, func(p *Pair) []*Record {
		return where(p.waiting(clientEndedIdle, clientEndedBusy, clientEndedQuiet),
			func(r *Record) bool { return r.Ended >= newest })
	})
	for run := range bursts(ends) {
		busy, idle := split(run, func(r *Record) bool { return r.class == clientEndedBusy })
		late := slices.ContainsFunc(idle, func(r *Record) bool { return r.Measured() >= MinIdle })
		outlived := oldest < run[len(run)-1].Ended
		if len(run) < ExitAtLeast || timed(run) || outlived || !late && (len(busy) == 0 || len(idle) == 0) && !mixed(busy) {
			continue
		}
		for _, p := range h.Pairs {
			own := where(idle, func(r *Record) bool { return r.Pair == p.Num && r.class == clientEndedIdle })
			p.settleForgotten(own)
		}
		settle(waiting(run, clientEndedIdle, clientEndedBusy, clientEndedQuiet), ClientExit, analyze.Client, Medium)
	}
}

// mixed reports whether the requests that a burst cut short were of quite
// different age, as when a process ends in the middle of its work; or ended
// much closer together than they began, after no time that somebody set.
func mixed(busy []*Record) bool {
	if len(busy) < ExitAtLeast {
		return false
	}
	least, greatest := span(busy, (*Record).Measured)
	return greatest > 2*least || greatest < MinIdle && len(busy) > 2*ExitAtLeast ||
		greatest-least > max(2*spread(busy, whenEnded), Jitter) && !round(greatest)
}

// outlasting returns when the client's newest connection began, and the oldest
// of those that stay open.
func (h *Host) outlasting() (newest, oldest int64) {
	newest, oldest = math.MinInt64, math.MaxInt64
	for _, p := range h.Pairs {
		for _, r := range p.Records {
			newest = max(newest, r.Start)
			if r.has(isOpen) {
				oldest = min(oldest, r.Start)
			}
		}
	}
	return newest, oldest
}

// gaveUp names the client's closes with a request under way.
func (d *Decisions) gaveUp(p *Pair) {
	settle(p.drainedInVain(), ClientUnreadBody, analyze.Client, Medium)
	w := p.waiting(clientEndedBusy)
	unread, w := split(w, func(r *Record) bool { return r.CutResponse() && r.Ended-r.FirstByte() < MinIdle })
	if atTimeout(unread, w) {
		unread, w = nil, p.waiting(clientEndedBusy)
	}
	sure := Medium
	if len(unread) > 1 || p.Program == products.Go {
		sure = High
	}
	settle(unread, ClientUnreadBody, analyze.Client, sure)
	if b, ok := agree(Values(w, (*Record).Measured)); ok && b.Lo >= MinIdle {
		in, rest := split(w, func(r *Record) bool { return b.within(r.Measured()) })
		sure := Medium
		if moments(in) >= MinSamples { // else it may be one end of all
			sure = b.sureTimeout()
			d.addPolicy(Policy{Kind: RequestTimeout, By: analyze.Client, Subject: p.Title(), Value: b.Middle, Samples: int64(b.N),
				Spread: b.spread()})
		}
		settle(in, ClientTimeout, analyze.Client, sure)
		w = rest
	}
	reset, fin := split(w, func(r *Record) bool { return r.has(isReset) })
	settle(reset, ClientReset, analyze.Client, Medium)
	settle(fin, ClientTimeout, analyze.Client, Medium)
}

// atTimeout reports whether requests that ended just after the first byte of
// their response did so by a timeout, like others: what they have in common is
// the time since the request.
func atTimeout(unread, others []*Record) bool {
	b, ok := Agree(Values(append(slices.Clone(unread), others...), (*Record).Measured))
	if !ok || b.Lo < MinIdle || len(unread) == 0 {
		return false
	}
	in := where(unread, func(r *Record) bool { return b.within(r.Measured()) })
	if len(in) < len(unread) {
		return false
	}
	return len(in) < b.N || b.Hi-b.Lo < Spread(Values(in, func(r *Record) int64 { return r.Ended - r.FirstByte() }))
}

// afterResponse names the client's closes right after a response. Alone they
// look alike; the other connections tell which it was.
func (d *Decisions) afterResponse(p *Pair) {
	prompt := where(p.waiting(clientEndedIdle), func(r *Record) bool { return !r.Paused() })
	prompt, reset := split(prompt, func(r *Record) bool { return !r.has(isReset) })
	prompt = p.announcedTooShort(prompt)
	if k, in := p.overflow(prompt); k > 0 {
		sure := Medium
		if k == p.Program.Row().Pool {
			sure = High
		}
		settle(in, ClientPoolOverflow, analyze.Client, sure)
		d.addPolicy(Policy{Kind: PoolSize, By: analyze.Client, Subject: p.Title(), Value: k, Samples: int64(len(in))})
		prompt = where(prompt, func(r *Record) bool { return r.Cause == Undecided })
	}
	bodied := where(slices.Concat(prompt, reset), func(r *Record) bool { return r.has(isBodied) })
	if p.unread(bodied) || p.resetUnread(bodied) {
		settle(bodied, ClientUnreadBody, analyze.Client, Medium)
	}
	settle(waiting(prompt, clientEndedIdle), ClientClosedAfterResponse, analyze.Client, Medium)
	settle(waiting(reset, clientEndedIdle), ClientReset, analyze.Client, Medium)
}

// unread reports whether what the client closed right after a response with a
// body is seen to be for bodies that it leaves unread: it also resets in
// responses, or uses these connections again only after responses without a body.
func (p *Pair) unread(bodied []*Record) bool {
	if p.ReusedAfterBody == 0 && p.ReusedAfterNone >= MinSamples {
		return slices.ContainsFunc(bodied, func(r *Record) bool { return r.Requests > 1 })
	}
	return len(Having(p.Records, []Cause{ClientUnreadBody}))*unreadShare >= len(bodied)
}

// afterUnknownEnd returns why a client may have closed after a response of unknown length.
func (p *Pair) afterUnknownEnd(r *Record) Cause {
	switch {
	case !r.has(isReset):
		return ClientClosedAfterResponse
	case len(Having(p.Records, []Cause{ClientUnreadBody})) > 0:
		return ClientUnreadBody
	}
	return ClientReset
}

// resetUnread reports whether what the client closed right after a response with a body
// held that body unread: it resets where the body is in its socket still, as a kernel
// does that has to drop data (RFC 2525, 2.17), and sends FIN where its library had it.
// Who resets without unread data (SO_LINGER) always does so. No connection is used
// again after a body.
func (p *Pair) resetUnread(bodied []*Record) bool {
	reset := where(bodied, func(r *Record) bool { return r.has(isReset) })
	return len(bodied) >= MinSamples && p.ReusedAfterBody == 0 && len(reset) > 0 && (len(reset) < len(bodied) || p.Program == products.Node)
}

// overflow looks for an idle pool that is full: when the client closes a
// connection, it has at least K others idle, and these it keeps. It returns K
// and the connections that it explains, or 0.
func (p *Pair) overflow(prompt []*Record) (k int64, in []*Record) {
	if len(prompt) < MinSamples {
		return 0, nil
	}
	others := SortedValues(prompt, func(r *Record) int64 { return int64(r.idleOthers) })
	k = others[len(others)/outliers]
	if k == 0 {
		return 0, nil
	}
	kept := int64(0)
	for _, r := range p.Records {
		if r.Requests > 1 || r.has(isOpen) {
			kept++
		}
	}
	if kept < k {
		return 0, nil
	}
	in = where(prompt, func(r *Record) bool { return int64(r.idleOthers) >= k })
	if everyOneKept(in) {
		return 0, nil
	}
	forced := where(in, func(r *Record) bool { return int64(r.idleBefore) < k })
	if len(forced)*2 < len(in) {
		return 0, nil // they were opened though others were free: by another pool
	}
	return k, in
}

// everyOneKept reports whether each of the connections that the client closed had been
// kept after its first response, though others were idle then, too: no pool was full,
// but the program closes each after some requests.
func everyOneKept(in []*Record) bool {
	if slices.ContainsFunc(in, func(r *Record) bool { return r.Requests == 1 }) {
		return false
	}
	return len(in) >= 2*MinSamples || Spread(Values(in, func(r *Record) int64 { return int64(r.Requests) })) == 0
}

// leaked tells connections that the client forgot from those that wait in its
// pool.
func (p *Pair) leaked() {
	w := p.waiting(openIdle)
	p.settleForgotten(w)
	settle(waiting(w, openIdle), IdleAtEnd, analyze.Nobody, High)
}

// settleForgotten settles the records of w, which were idle up to the end of the
// capture or of their client, that the client forgot: it opened others instead of
// using them.
func (p *Pair) settleForgotten(w []*Record) {
	if len(w) == 0 {
		return
	}
	starts := SortedValues(p.Records, func(r *Record) int64 { return r.Start })
	later := func(r *Record) int {
		i, _ := slices.BinarySearch(starts, r.Done+afterLeak+r.ConnectTime())
		return len(starts) - i
	}
	once := where(w, func(r *Record) bool { return r.Requests == 1 && later(r) > 0 })
	all := len(once) >= leakedOnce && (len(once)+1)*2 >= len(p.Records)
	lost := where(w, func(r *Record) bool {
		return later(r) >= surelyLost || all && r.Requests == 1 && later(r) > 0
	})
	if openedInVain(lost, slices.Max(starts)) < MinSamples || p.poolsApart(len(lost)) {
		return
	}
	sure := Medium
	if len(lost) >= 2*MinSamples {
		sure = High
	}
	settle(lost, Leaked, analyze.Client, sure)
}

// openedInVain returns how often, one after the other, a connection was opened
// though one of lost was free; the newest of all was opened at newest. Two pools of
// two programs on one host do that once.
func openedInVain(lost []*Record, newest int64) (n int) {
	byDone := slices.Clone(lost)
	slices.SortStableFunc(byDone, func(x, y *Record) int { return cmp.Compare(x.Done, y.Done) })
	free := int64(math.MinInt64)
	for _, r := range byDone {
		if n == 0 || r.Start > free+afterLeak {
			n, free = n+1, r.Done
		}
	}
	if n > 0 && newest <= free+afterLeak {
		n--
	}
	return n
}

// idleClient names the client's closes of idle connections.
func (d *Decisions) idleClient(h *Host) {
	w := Gather(h.Pairs, func(p *Pair) []*Record { return p.waiting(clientEndedIdle, clientEndedQuiet) })
	paused := where(w, func(r *Record) bool { return r.Paused() && !r.has(isOutlived) && !r.maybeBusy() })
	if in := d.Replaced(paused); len(in) >= MinSamples && len(in)*2 >= len(paused) {
		settle(in, ClientIdleTimeout, analyze.Client, Medium)
		paused = waiting(paused, clientEndedIdle, clientEndedQuiet)
	}
	swept := d.swept(where(paused, func(r *Record) bool { return r.class == clientEndedIdle }))
	if b, ok := agree(pauses(paused)); ok {
		in := where(paused, func(r *Record) bool { return b.within(r.Measured()) })
		settle(in, ClientIdleTimeout, analyze.Client, b.sureTimeout())
		p := d.groups.pair(in[0].Pair)
		d.addPolicy(Policy{Kind: IdleTimeout, By: analyze.Client, Subject: h.Addr.String(), Value: b.Middle, Samples: int64(b.N),
			Spread:  b.spread(),
			Matches: p.idleMatches(time.Duration(b.Middle))})
	}
	settle(waiting(swept, clientEndedIdle), ClientIdleTimeout, analyze.Client, Medium)
	one := make([]*Record, 1)
	for _, r := range waiting(w, clientEndedIdle, clientEndedQuiet) {
		one[0] = r
		switch {
		case r.class == clientEndedQuiet && r.Requests > 0 && r.FirstByte() != analyze.Unknown: // a response came, of unknown length
			settle(one, d.groups.pair(r.Pair).afterUnknownEnd(r), analyze.Client, Low)
		case r.class == clientEndedQuiet && !r.answeredLast():
			settle(one, Unknown, analyze.Client, Low)
		case r.has(isReset):
			settle(one, ClientReset, analyze.Client, Medium)
		default:
			settle(one, ClientClosedAfterResponse, analyze.Client, Low)
		}
	}
}

// ClosedAfterTLS reports whether the client closed it right after the TLS handshake, unused.
func (r *Record) ClosedAfterTLS() bool {
	return r.dialedInVain() && r.observation.kind == observedTLSUnused && r.Measured() < MinIdle+r.roundTrip()
}

// answeredLast reports whether what is known of its end is that the server sent the last
// data: all was answered, as far as TLS shows.
func (r *Record) answeredLast() bool {
	return r.observation.kind == observedRecordsEnd || r.observation.kind == observedFarewellEnd
}

// maybeBusy reports whether a response may have been under way when the client closed,
// though it was silent for some time: packets were cut or lost, so that its end is
// not known.
func (r *Record) maybeBusy() bool {
	return r.class == clientEndedQuiet && r.Requests > 0 && r.Measured() < minSwept
}

// Replaced returns the idle connections in whose place the client opened
// another at once: it looks at their age only when it needs one, so their idle
// time is that of its pauses, and its timeout is shorter. Where it opens so many
// that some are by chance, none is returned.
func (d *Decisions) Replaced(idle []*Record) []*Record {
	starts := d.starts()
	return where(idle, func(r *Record) bool {
		s := starts(r)
		if int64(len(s))*atOnce*crowded > s[len(s)-1]-s[0] {
			return false
		}
		i, _ := slices.BinarySearch(s, r.Ended)
		return r.class == clientEndedIdle && i < len(s) && s[i]-r.Ended <= atOnce
	})
}

// swept returns idle connections if the client closed them for being idle, though
// after pauses that differ: it looks at them from time to time, at least once in
// its timeout, so that no pause is more than twice another.
// HttpURLConnection looks every 5 s, evictIdleConnections of Apache HttpClient
// once in its timeout. Where most were passed over while they were idle for less,
// they were not of one pool, and none is returned.
func (d *Decisions) swept(idle []*Record) []*Record {
	if len(idle) <= MinSamples || !onceInTimeout(idle) {
		return nil
	}
	least := slices.Min(Values(idle, (*Record).Measured))
	starts := d.starts()
	next := func(r *Record) int64 { // when the first was opened that could have been spared
		s := starts(r)
		if i, _ := slices.BinarySearch(s, r.Done+afterLeak+r.ConnectTime()); i < len(s) {
			return s[i]
		}
		return math.MaxInt64
	}
	passed := where(idle, func(r *Record) bool { return next(r) < r.Done+least })
	missed := where(idle, func(r *Record) bool { return next(r) < math.MaxInt64 })
	if len(passed)*2 >= len(idle) || len(missed) < MinSamples {
		return nil
	}
	return idle
}

// starts returns what tells when the connections of a record's pair were opened,
// in order.
func (d *Decisions) starts() func(r *Record) []int64 {
	known := map[uint32][]int64{}
	return func(r *Record) []int64 {
		if _, ok := known[r.Pair]; !ok {
			known[r.Pair] = SortedValues(d.groups.pair(r.Pair).Records, func(r *Record) int64 { return r.Start })
		}
		return known[r.Pair]
	}
}
