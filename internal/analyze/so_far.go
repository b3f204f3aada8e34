package analyze

import (
	"maps"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// SoFar is what was seen at a moment of an analysis that goes on. It shares nothing
// with the Analyzer that is still changed, so another goroutine may add it up.
type SoFar struct {
	analyzer *Analyzer
	sums     *totals
	settled  Totals
	closers  []Closers // of settled connections, by the number of their server
	counts   flows.Counts
	now      int64
	gaveUp   gaveUp
	repeats  []Repeat
	keys     KeyUse

	Untold int64 // connections that are kept, but were not told of
}

// Peek says how much of what is kept SoFar looks at: of all of it for the sums, and of
// no more than it says for the rest, so that its time is bounded.
type Peek struct {
	// Most is how many connections are told of at most, 0 for all that are kept.
	// Those that were never answered come last, the newest of them first.
	Most int
	// Briefly leaves out of the sums what the most time and memory is needed for:
	// connections that are kept, TIME_WAIT entries and ports since the last fold. With
	// Most, connections that have ended may not be told of.
	Briefly bool
}

// ResultSoFar adds up what was seen so far as Finish would, and lets the analysis go
// on. It calls each, if not nil, with the connections that are kept: those that
// have not ended, or are still in TIME_WAIT. The Result has no connections.
func (a *Analyzer) ResultSoFar(first, last int64, each func(*Connection)) *Result {
	return a.SoFar(Peek{}, each).Result(first, last)
}

// SoFar is the first half of ResultSoFar, which must not run beside Apply; the second
// one is [SoFar.Result].
func (a *Analyzer) SoFar(how Peek, each func(*Connection)) *SoFar {
	x := &SoFar{analyzer: a, sums: a.totals.clone(how.Briefly), settled: a.totals.sum, counts: a.engine.Counts(), now: a.engine.Now(), gaveUp: a.gaveUp, repeats: a.repeats.told(), keys: a.keyUse()}
	x.closers = x.sums.pools.closers()
	w := &walk{a: a, pools: x.sums.pools, most: how.Most, told: map[pairKey]uint32{}}
	if w.most == 0 || w.most >= a.engine.Kept() {
		w.most = a.engine.Kept()
	} else {
		w.newest = uint64(a.engine.Len() - w.most/newestShare)
	}
	var scratch httpState
	visit := func(c *flows.Conn) {
		if !a.wanted(c) {
			return
		}
		tell := w.tells(c)
		if !tell {
			x.Untold++
		}
		if how.Briefly && !tell {
			return
		}
		t := a.states.read(c, &scratch)
		pair := w.pairOf(c, t)
		scratch = *t
		scratch.pair = pair
		client := clientSide(c, &scratch)
		if !how.Briefly {
			a.addEstimated(x.sums, c, &scratch)
			a.addStreams(x.sums, &scratch)
			x.sums.add(c, &scratch, client, a.beganClose(c, &scratch, client), int64(a.opt.TimeWait), max(0, a.tlsTime(&scratch)))
		}
		if each != nil && tell {
			scratch.pair = 0 // it may be known to the copy alone
			a.describeAs(c, &scratch, &a.conn)
			a.conn.Evidence.Pair, a.conn.Evidence.Server = pair, w.pools.pairs.At(pair).server
			each(&a.conn)
		}
	}
	switch {
	case w.newest == 0:
		a.engine.Each(visit)
	case how.Briefly:
		a.engine.EachUnfinished(visit)
	default:
		a.engine.EachUnordered(visit) // to sort so many takes long
	}
	return x
}

// newestShare is the share of the connections told of that may be some that were never
// answered, if there are too many.
const newestShare = 4

// walk goes through the connections that are kept.
type walk struct {
	a      *Analyzer
	pools  *pools
	most   int
	newest uint64             // those with a higher ID are told of, whatever they are
	told   map[pairKey]uint32 // pairs that the copy alone has
}

// tells reports whether the connection is one of those told of.
func (w *walk) tells(c *flows.Conn) bool {
	if w.most <= 0 || w.newest > 0 && c.ID <= w.newest && c.Handshake() == flows.HandshakeUnanswered {
		return false
	}
	w.most--
	return true
}

// pairOf returns the number that the pair of a connection has in the copy, 0 if there
// is no room for it. A connection keeps none that is a guess: who is its client may
// still show.
func (w *walk) pairOf(c *flows.Conn, t *httpState) uint32 {
	if t.pair != 0 {
		return t.pair
	}
	client := clientSide(c, t)
	k := pairKey{c.Endpoint(client).IP, c.Endpoint(client.Peer())}
	p := w.pools
	if k == p.last && p.lastNum != 0 {
		return p.lastNum
	}
	n := w.a.pools.find(k.hash(), &k)
	if n == 0 {
		n = w.told[k]
	}
	if n == 0 {
		if p.full() {
			p.pairsLeft.Count++
			return 0
		}
		server, known := w.a.pools.byAddr[k.server]
		if !known {
			if server, known = p.byAddr[k.server]; !known {
				server = p.serverOf(k.server)
			}
		}
		n = uint32(p.pairs.Len())
		p.servers.At(server).clients++
		p.pairs.Add(poolPair{key: k, server: server})
		w.told[k] = n
	}
	p.last, p.lastNum = k, n
	return n
}

// Result adds up. It may be called once.
func (x *SoFar) Result(first, last int64) *Result {
	r := &Result{analyzer: x.analyzer, Settled: x.settled}
	x.sums.finish(r, &x.analyzer.opt, first, max(last, x.now), x.counts)
	for i := range r.Servers {
		s := &r.Servers[i]
		s.SettledClosers = Closers{}
		if int(s.Num) < len(x.closers) {
			s.SettledClosers = x.closers[s.Num]
		}
	}
	x.gaveUp.tell(r)
	r.Repeats, r.Keys = x.repeats, x.keys
	return r
}

// Kept returns how many connections ResultSoFar would tell of.
func (a *Analyzer) Kept() int { return a.engine.Kept() }

// clone returns totals of their own with the same entries, or without those of which
// there may be many. The copy knows the numbers of new servers alone.
func (s *totals) clone(briefly bool) *totals {
	s.pools.addAnswers()
	x := *s
	p := *s.pools
	p.byKey, p.byAddr = compact.Index{}, map[flows.Endpoint]uint32{}
	p.pairs, p.servers = p.pairs.Clone(), p.servers.Clone()
	p.told, p.timings = p.timings.told(p.mostTimed()), timings{}
	x.pools = &p
	x.perConnection = maps.Clone(s.perConnection)
	x.hosts, x.held = maps.Clone(s.hosts), slices.Clone(s.held)
	if briefly {
		x.timeWaits, x.portUses, x.reusable = compact.List[timeWait]{}, compact.List[portUse]{}, compact.List[reusable]{}
		x.estimates.turns, x.estimates.reusable = compact.List[portUse]{}, compact.List[reusable]{}
	} else {
		x.estimates.turns, x.estimates.reusable = s.estimates.turns.Clone(), s.estimates.reusable.Clone()
		x.timeWaits, x.portUses, x.reusable = s.timeWaits.Clone(), s.portUses.Clone(), s.reusable.Clone()
	}
	x.connections.n, x.requests.n, x.reused.n = slices.Clone(s.connections.n), slices.Clone(s.requests.n), slices.Clone(s.reused.n)
	x.half = s.half.clone(briefly)
	e := &x.estimates
	e.inFlight, e.made, e.spared = slices.Clone(e.inFlight), slices.Clone(e.made), slices.Clone(e.spared)
	t := &x.folded
	t.hosts, t.servers, t.ports = slices.Clone(t.hosts), slices.Clone(t.servers), slices.Clone(t.ports)
	t.made, t.sparedHandshakes, t.curve.n = slices.Clone(t.made), slices.Clone(t.sparedHandshakes), slices.Clone(t.curve.n)
	return &x
}
