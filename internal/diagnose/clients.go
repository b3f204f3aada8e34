package diagnose

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// decideHost gives a cause to the connections that wait for the other ones of
// their client.
func (d *Diagnosis) decideHost(h *host) {
	h.exited()
	for _, p := range h.pairs {
		d.gaveUp(p)
		d.afterResponse(p)
		p.leaked()
	}
	d.idleClient(h)
}

// exited finds the moment at which the client's process ended: all that it had
// open ends at once, and nothing follows. What ended before the newest
// connection was opened ended one by one.
func (h *host) exited() {
	newest, oldest := h.outlasting()
	ends := gather(h.pairs, func(p *pair) []*record {
		return where(waiting(p.records, clientEndedIdle, clientEndedBusy, clientEndedQuiet), func(r *record) bool { return r.ended >= newest })
	})
	for _, run := range bursts(ends) {
		busy, idle := split(run, func(r *record) bool { return r.class == clientEndedBusy })
		late := slices.ContainsFunc(idle, func(r *record) bool { return measured(r) >= minIdle })
		outlived := oldest < run[len(run)-1].ended
		if len(run) < exitAtLeast || timed(run) || outlived || !late && (len(busy) == 0 || len(idle) == 0) && !mixed(busy) {
			continue
		}
		for _, p := range h.pairs {
			own := where(idle, func(r *record) bool { return r.pair == p.Num && r.class == clientEndedIdle })
			p.forgot(own)
		}
		settle(waiting(run, clientEndedIdle, clientEndedBusy, clientEndedQuiet), ClientExit, analyze.Client, Medium)
	}
}

// mixed reports whether the requests that a burst cut short were of quite
// different age, as when a process ends in the middle of its work; or ended
// much closer together than they began, after no time that somebody set.
func mixed(busy []*record) bool {
	if len(busy) < exitAtLeast {
		return false
	}
	d := values(busy, measured)
	ends := spread(values(busy, func(r *record) int64 { return r.ended }))
	return slices.Max(d) > 2*slices.Min(d) || slices.Max(d) < minIdle && len(busy) > 2*exitAtLeast ||
		spread(d) > max(2*ends, jitter) && !round(slices.Max(d))
}

// outlasting returns when the client's newest connection began, and the oldest
// of those that stay open.
func (h *host) outlasting() (newest, oldest int64) {
	newest, oldest = math.MinInt64, math.MaxInt64
	for _, p := range h.pairs {
		for _, r := range p.records {
			newest = max(newest, r.start)
			if r.has(isOpen) {
				oldest = min(oldest, r.start)
			}
		}
	}
	return newest, oldest
}

// gaveUp names the client's closes with a request under way.
func (d *Diagnosis) gaveUp(p *pair) {
	w := waiting(p.records, clientEndedBusy)
	unread, w := split(w, func(r *record) bool { return r.begun() && r.ended-r.firstByte() < minIdle })
	if atTimeout(unread, w) {
		unread, w = nil, waiting(p.records, clientEndedBusy)
	}
	sure := Medium
	if len(unread) > 1 || p.agent == analyze.Go {
		sure = High
	}
	settle(unread, ClientUnreadBody, analyze.Client, sure)
	if b, ok := agree(values(w, measured)); ok && b.lo >= minIdle {
		in, rest := split(w, func(r *record) bool { return b.has(measured(r)) })
		sure := Medium
		if len(bursts(in)) >= minSamples { // else it may be one end of all
			sure = b.sureTimeout()
			d.policy(Policy{Kind: RequestTimeout, By: analyze.Client, Subject: p.title(), Value: b.middle, Samples: int64(b.n), Spread: b.spread()})
		}
		settle(in, ClientTimeout, analyze.Client, sure)
		w = rest
	}
	reset, fin := split(w, func(r *record) bool { return r.has(isReset) })
	settle(reset, ClientReset, analyze.Client, Medium)
	settle(fin, ClientTimeout, analyze.Client, Medium)
}

// begun reports whether the response that the end cut short had begun.
func (r *record) begun() bool { return r.fact.what == sawCutEnd && r.firstByte() != analyze.Unknown }

// atTimeout reports whether requests that ended just after the first byte of
// their response did so by a timeout, like others: what they have in common is
// the time since the request.
func atTimeout(unread, others []*record) bool {
	b, ok := agree(values(append(slices.Clone(unread), others...), measured))
	if !ok || b.lo < minIdle || len(unread) == 0 {
		return false
	}
	in := where(unread, func(r *record) bool { return b.has(measured(r)) })
	if len(in) < len(unread) {
		return false
	}
	return len(in) < b.n || b.hi-b.lo < spread(values(in, func(r *record) int64 { return r.ended - r.firstByte() }))
}

// afterResponse names the client's closes right after a response. Alone they
// look alike; the other connections tell which it was.
func (d *Diagnosis) afterResponse(p *pair) {
	prompt := where(waiting(p.records, clientEndedIdle), func(r *record) bool { return measured(r) < minIdle })
	prompt, reset := split(prompt, func(r *record) bool { return !r.has(isReset) })
	if k, in := p.overflow(prompt); k > 0 {
		sure := Medium
		if k == 2 && p.agent == analyze.Go {
			sure = High
		}
		settle(in, ClientPoolOverflow, analyze.Client, sure)
		d.policy(Policy{Kind: PoolSize, By: analyze.Client, Subject: p.title(), Value: k, Samples: int64(len(in))})
		prompt = where(prompt, func(r *record) bool { return r.cause == Undecided })
	}
	bodied := where(slices.Concat(prompt, reset), func(r *record) bool { return r.has(isBodied) })
	if p.unread(bodied) {
		settle(bodied, ClientUnreadBody, analyze.Client, Medium)
	}
	settle(waiting(prompt, clientEndedIdle), ClientClosedAfterResponse, analyze.Client, Medium)
	settle(waiting(reset, clientEndedIdle), ClientReset, analyze.Client, Medium)
}

// unread reports whether what the client closed right after a response with a
// body is seen to be for bodies that it leaves unread: it also resets in
// responses, or uses these connections again only after responses without a body.
func (p *pair) unread(bodied []*record) bool {
	if p.ReusedAfterBody == 0 && p.ReusedAfterNone >= minSamples {
		return slices.ContainsFunc(bodied, func(r *record) bool { return r.requests > 1 })
	}
	return len(having(p.records, []Cause{ClientUnreadBody}))*5 >= len(bodied)
}

// overflow looks for an idle pool that is full: when the client closes a
// connection, it has at least K others idle, and these it keeps. It returns K
// and the connections that it explains, or 0.
func (p *pair) overflow(prompt []*record) (k int64, in []*record) {
	if len(prompt) < minSamples {
		return 0, nil
	}
	others := slices.Sorted(slices.Values(values(prompt, func(r *record) int64 { return int64(r.idleOthers) })))
	k = others[len(others)/20]
	if k == 0 {
		return 0, nil
	}
	kept := int64(0)
	for _, r := range p.records {
		if r.requests > 1 || r.has(isOpen) {
			kept++
		}
	}
	if kept < k {
		return 0, nil
	}
	in = where(prompt, func(r *record) bool { return int64(r.idleOthers) >= k })
	forced := where(in, func(r *record) bool { return int64(r.idleBefore) < k })
	if len(forced)*2 < len(in) {
		return 0, nil // they were opened though others were free: by another pool
	}
	return k, in
}

// afterLeak is how long after a response, and a round trip, another connection
// must be opened to show that the client does not know this one to be free.
const afterLeak = 500e3

// surelyLost is how many connections a client opens while it has an idle one, if
// it does not know of that.
const surelyLost = 5

// leaked tells connections that the client forgot from those that wait in its
// pool.
func (p *pair) leaked() {
	w := waiting(p.records, openIdle)
	p.forgot(w)
	settle(waiting(w, openIdle), IdleAtEnd, analyze.Nobody, High)
}

// forgot names those of w, which were idle up to the end of the capture or of
// their client, that the client forgot: it opened others instead of using them.
func (p *pair) forgot(w []*record) {
	if len(w) == 0 {
		return
	}
	starts := slices.Sorted(slices.Values(values(p.records, func(r *record) int64 { return r.start })))
	later := func(r *record) int {
		i, _ := slices.BinarySearch(starts, r.done+afterLeak+r.connectTime())
		return len(starts) - i
	}
	once := where(w, func(r *record) bool { return r.requests == 1 && later(r) > 0 })
	all := len(once) >= 2 && (len(once)+1)*2 >= len(p.records)
	lost := where(w, func(r *record) bool {
		return later(r) >= surelyLost || all && r.requests == 1 && later(r) > 0
	})
	if inVain(lost, slices.Max(starts)) < minSamples {
		return
	}
	sure := Medium
	if len(lost) >= 2*minSamples {
		sure = High
	}
	settle(lost, Leaked, analyze.Client, sure)
}

// inVain returns how often, one after the other, a connection was opened though
// one of lost was free; the last one was opened at newest. Two pools of two
// programs on one host do that once.
func inVain(lost []*record, newest int64) (n int) {
	byDone := slices.Clone(lost)
	slices.SortStableFunc(byDone, func(x, y *record) int { return cmp.Compare(x.done, y.done) })
	free := int64(math.MinInt64)
	for _, r := range byDone {
		if n == 0 || r.start > free+afterLeak {
			n, free = n+1, r.done
		}
	}
	if n > 0 && newest <= free+afterLeak {
		n--
	}
	return n
}

// idleClient names the client's closes of idle connections.
func (d *Diagnosis) idleClient(h *host) {
	w := gather(h.pairs, func(p *pair) []*record { return waiting(p.records, clientEndedIdle, clientEndedQuiet) })
	paused := where(w, func(r *record) bool { return measured(r) >= minIdle && !r.has(isOutlived) })
	if in := d.replaced(paused); len(in) >= minSamples && len(in)*2 >= len(paused) {
		settle(in, ClientIdleTimeout, analyze.Client, Medium)
		paused = waiting(paused, clientEndedIdle, clientEndedQuiet)
	}
	swept := d.swept(where(paused, func(r *record) bool { return r.class == clientEndedIdle }))
	if b, ok := agree(pauses(paused)); ok {
		in := where(paused, func(r *record) bool { return b.has(measured(r)) })
		settle(in, ClientIdleTimeout, analyze.Client, b.sureTimeout())
		p := d.groups.byPair[in[0].pair]
		d.policy(Policy{Kind: IdleTimeout, By: analyze.Client, Subject: h.addr.String(), Value: b.middle, Samples: int64(b.n), Spread: b.spread(),
			Matches: matching(analyze.Client, b.middle, p.agent)})
	}
	settle(waiting(swept, clientEndedIdle), ClientIdleTimeout, analyze.Client, Medium)
	for _, r := range waiting(w, clientEndedIdle, clientEndedQuiet) {
		one := []*record{r}
		switch {
		case r.class == clientEndedQuiet:
			settle(one, Unknown, analyze.Client, Low)
		case r.has(isReset):
			settle(one, ClientReset, analyze.Client, Medium)
		default:
			settle(one, ClientClosedAfterResponse, analyze.Client, Low)
		}
	}
}

// replaced returns those of idle connections in whose place the client opened
// another at once: it looks at their age only when it needs one, so their idle
// time is that of its pauses, and its timeout is shorter. Where it opens so many
// that some are by chance, none is returned.
func (d *Diagnosis) replaced(idle []*record) []*record {
	starts := d.starts()
	return where(idle, func(r *record) bool {
		s := starts(r)
		if int64(len(s))*atOnce*10 > s[len(s)-1]-s[0] {
			return false
		}
		i, _ := slices.BinarySearch(s, r.ended)
		return r.class == clientEndedIdle && i < len(s) && s[i]-r.ended <= atOnce
	})
}

// swept returns idle connections if the client closed them for being idle, though
// after pauses that differ: it looks at them from time to time, at least once in
// its timeout, so that none is idle for more than twice as long as another.
// HttpURLConnection looks every 5 s, evictIdleConnections of Apache HttpClient
// once in its timeout. Where most were passed over while they were idle for less,
// they were not of one pool, and none is returned.
func (d *Diagnosis) swept(idle []*record) []*record {
	if len(idle) <= minSamples || !onceInTimeout(idle) {
		return nil
	}
	least := slices.Min(values(idle, measured))
	starts := d.starts()
	next := func(r *record) int64 { // when the first was opened that could have been spared
		s := starts(r)
		if i, _ := slices.BinarySearch(s, r.done+afterLeak+r.connectTime()); i < len(s) {
			return s[i]
		}
		return math.MaxInt64
	}
	passed := where(idle, func(r *record) bool { return next(r) < r.done+least })
	missed := where(idle, func(r *record) bool { return next(r) < math.MaxInt64 })
	if len(passed)*2 >= len(idle) || len(missed) < minSamples {
		return nil
	}
	return idle
}

// onceInTimeout reports whether one that looks at these at least once in its
// timeout, of a second or more, may have closed them for being idle.
func onceInTimeout(records []*record) bool {
	d := values(records, measured)
	least := slices.Min(d)
	return least >= 1e9 && spread(d) <= least+least*agreement/100
}

// starts returns what tells when the connections of a record's pair were opened,
// in order.
func (d *Diagnosis) starts() func(r *record) []int64 {
	known := map[uint32][]int64{}
	return func(r *record) []int64 {
		if _, ok := known[r.pair]; !ok {
			known[r.pair] = slices.Sorted(slices.Values(values(d.groups.byPair[r.pair].records, func(r *record) int64 { return r.start })))
		}
		return known[r.pair]
	}
}

// atOnce is within what time of a close another connection is opened in its place.
const atOnce = 2e6
