package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// Estimates are numbers that rest on the requests of connections of TLS, which its records
// tell. Requests are these alone; the others are of all connections, whose requests are
// counted or estimated. The zero Estimates are none.
type Estimates struct {
	Connections          int64 // whose requests are estimated
	Requests             int64
	ReuseRatio           float64 // NaN if nothing can be divided
	PoolNeed             int64
	AvoidableConnections int64
	AvoidableHandshake   int64 // ns; of these connections that of TLS, too
}

// Known reports whether there are any.
func (e *Estimates) Known() bool { return e.Connections > 0 }

// estimated adds up connections whose requests are estimated.
type estimated struct {
	connections, requests, used int64 // used: with a request
}

func (e *estimated) add(requests int64) {
	e.connections++
	e.requests += requests
	if requests > 0 {
		e.used++
	}
}

// estimating is what the totals keep of connections whose requests are estimated.
type estimating struct {
	all      estimated
	turns    compact.List[portUse] // the times of requests and their responses
	reusable compact.List[reusable]
	foldAt   int // how many turns there may be before they are folded

	inFlight []level // turns, by pair
	made     []int64 // connections with requests, by pair
	spared   []int64 // handshakes of those that a perfect pool would not have made, ns, by pair
}

// turnsAtOnce is how many turns are kept at least until they are folded.
const turnsAtOnce = 1 << 16

// turnNote is what is kept of a turn for its time to be counted once.
type turnNote struct {
	pair    uint32 // whose turns are counted, 0 for none
	counted int64  // until when the last turn is
}

// countTurn notes the time of a request and its response. Turns are folded when there are
// many: more than sessions, each of which is looked at then.
func (a *Analyzer) countTurn(x *turnNote, from, to int64) {
	a.totals.addTurn(x, from, to)
	e := &a.totals.estimates
	if e.turns.Len() >= max(turnsAtOnce, a.states.tls.sessions.Len()+a.states.cuts.states.Len(), e.foldAt) {
		a.foldTurns()
		e.foldAt = 2 * e.turns.Len()
	}
}

// addTurn notes the time of a turn, but for what was noted when turns were folded.
func (s *totals) addTurn(x *turnNote, from, to int64) {
	if from = max(from, x.counted); x.pair != 0 && from < to {
		s.estimates.turns.Add(portUse{from: from, to: to, pair: x.pair})
	}
}

// foldTurns counts the requests in flight, up to a moment ago: a response may go on after
// a pause. How long a turn lasts shows when the next one begins; of those that have begun,
// what has passed is counted.
func (a *Analyzer) foldTurns() {
	now := a.engine.Now()
	a.states.tls.sessions.All(func(x *tlsState) {
		if x.pair == 0 || x.reader == 0 {
			return
		}
		from, to := x.Span()
		if _, awaits := x.Begun(); awaits {
			to = now
		}
		a.totals.addTurn(&x.turnNote, from, to)
		x.counted = max(x.counted, to)
	})
	a.states.cuts.states.All(func(x *cutState) {
		if x.pair == 0 || x.n == 0 {
			return
		}
		to := x.lastDone
		if x.pending {
			to = now
		}
		a.totals.addTurn(&x.turnNote, x.requestAt, to)
		x.counted = max(x.counted, to)
	})
	a.totals.foldTurns(now - tlswire.Unasked)
}

// foldTurns counts the requests in flight until then.
func (s *totals) foldTurns(until int64) {
	e := &s.estimates
	e.inFlight = grown(e.inFlight, s.pools.pairs.Len())
	sweepUses(&e.turns, e.inFlight, math.MinInt64, until, s.folded.last)
}

// foldEstimates is fold for what is estimated.
func (s *totals) foldEstimates(until int64) {
	if s.estimates.all.connections == 0 && s.estimates.turns.Len() == 0 {
		return
	}
	s.foldTurns(until)
	e := &s.estimates
	e.made, e.spared = grown(e.made, s.pools.pairs.Len()), grown(e.spared, s.pools.pairs.Len())
	e.reusable.Sort(func(x, y *reusable) bool { return x.id < y.id })
	for i := range uint32(e.reusable.Len()) {
		c := e.reusable.At(i)
		if c.pair == 0 {
			continue
		}
		if e.made[c.pair]++; e.made[c.pair] > s.estimatedNeed(c.pair) {
			e.spared[c.pair] += c.handshake
		}
	}
	e.reusable.Cut(0)
}

// estimatedNeed returns how many connections a perfect pool would have opened for the
// requests of a pair that are estimated.
func (s *totals) estimatedNeed(pair uint32) int64 {
	e, used := &s.estimates, s.pools.pairs.At(pair).estimated.used
	if used == 0 {
		return 0
	}
	peak := int64(0)
	if int(pair) < len(e.inFlight) {
		peak = e.inFlight[pair].peak
	}
	return min(max(1, peak), used)
}

// addEstimated adds a connection whose requests are estimated.
func (a *Analyzer) addEstimated(s *totals, c *flows.Conn, t *httpState) {
	if t.tls != 0 && !c.Midstream() && !t.has(decrypted) && !a.states.tls.sessions.At(t.tls).Followed() {
		s.sum.TLSLost++
	}
	if !t.mayHaveTurns() {
		return
	}
	act, _, ok := a.turnsOf(c, t)
	if !ok {
		return
	}
	pair := s.pools.pairs.At(t.pair)
	s.estimates.all.add(act.Requests)
	pair.estimated.add(act.Requests)
	s.pools.servers.At(pair.server).estimated.add(act.Requests)
	if act.Requests == 0 {
		return
	}
	to, ended, turn, handshake := act.LastDone, t.has(bothEnded), (*turnNote)(nil), max(0, connectTime(c))
	if x := a.cutOf(c, t); t.tls == 0 {
		turn = &x.turnNote
	} else {
		x := a.states.tls.sessions.At(t.tls)
		ended, turn = x.reader == 0, &x.turnNote
		if info := x.Info(&a.states.tls.table); info.Begun != 0 && info.Done > info.Begun {
			handshake += info.Done - info.Begun
		}
	}
	switch {
	case act.Requests > act.Responses && ended:
		to = c.End
	case act.Requests > act.Responses:
		to = a.engine.Now() // it still waits
	}
	s.addTurn(turn, act.RequestAt, max(to, act.RequestAt+1))
	s.estimates.reusable.Add(reusable{uint32(c.ID), t.pair, handshake})
}

// estimatesOf tells of a pair. The need of both kinds of connections adds up.
func (s *totals) estimatesOf(pair uint32) Estimates {
	p := s.pools.pairs.At(pair)
	if p.estimated.connections == 0 {
		return Estimates{}
	}
	x := p.estimated.of(p.requests, p.withRequests, p.first)
	x.PoolNeed = p.need() + s.estimatedNeed(pair)
	x.AvoidableConnections = p.withRequests + p.estimated.used - x.PoolNeed
	x.AvoidableHandshake = s.folded.sparedHandshakes[pair]
	if int(pair) < len(s.estimates.spared) {
		x.AvoidableHandshake += s.estimates.spared[pair]
	}
	return x
}

// of tells of requests beside those that were counted, on how many connections, and how
// many of them the ratio leaves out.
func (e *estimated) of(requests, used, first int64) Estimates {
	if e.connections == 0 {
		return Estimates{}
	}
	return Estimates{
		Connections: e.connections, Requests: e.requests,
		ReuseRatio: ratio(requests-used+e.requests-e.used, requests-first+e.requests),
	}
}

// allEstimates tells of all connections; exact are the sums of what was counted.
func (s *totals) allEstimates(exact *Totals) Estimates {
	e := &s.estimates
	x := e.all.of(exact.Requests, exact.ConnectionsWithRequests, exact.Requests-s.baseRequests)
	if e.all.connections == 0 {
		return x
	}
	x.PoolNeed = exact.PoolNeed + s.pools.estimatedLeft
	x.AvoidableHandshake = exact.AvoidableHandshake
	for pair := range uint32(s.pools.pairs.Len()) {
		if pair != 0 {
			x.PoolNeed += s.estimatedNeed(pair)
		}
	}
	for _, ns := range e.spared {
		x.AvoidableHandshake += ns
	}
	x.AvoidableConnections = exact.ConnectionsWithRequests + e.all.used - x.PoolNeed
	return x
}

// renumber takes the new numbers of pairs.
func (e *estimating) renumber(pairs numbers) {
	left := int64(0)
	for i, ns := range e.spared {
		if pairs.of(uint32(i)) == 0 {
			left += ns
		}
	}
	e.inFlight, e.made, e.spared = renumbered(e.inFlight, pairs), renumbered(e.made, pairs), renumbered(e.spared, pairs)
	if left != 0 {
		e.spared[0] = left
	}
	for i := range uint32(e.reusable.Len()) {
		x := e.reusable.At(i)
		x.pair = pairs.of(x.pair)
	}
	e.turns.Remove(func(u *portUse) bool {
		u.pair = pairs.of(u.pair)
		return u.pair == 0
	})
}

// Need returns the pool need, estimated where it rests on estimates.
func (p *Pair) Need() int64 {
	if p.Estimated.Known() {
		return p.Estimated.PoolNeed
	}
	return p.PoolNeed
}

// Avoidable is Need for the avoidable connections.
func (p *Pair) Avoidable() int64 {
	if p.Estimated.Known() {
		return p.Estimated.AvoidableConnections
	}
	return p.AvoidableConnections
}
