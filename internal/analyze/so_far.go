package analyze

import (
	"maps"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// ResultSoFar adds up what was seen so far as Finish would, and lets the analysis go
// on. It calls each, if not nil, with the connections that are kept: those that
// have not ended, or are still in TIME_WAIT. The Result has no connections.
func (a *Analyzer) ResultSoFar(first, last int64, each func(*Connection)) *Result {
	last = max(last, a.engine.Now())
	// Pairs are made before they are copied. A connection keeps none that is a
	// guess: who is its client may still show.
	var scratch httpState
	a.engine.Each(func(c *flows.Conn) {
		if a.wanted(c) {
			a.pairOf(c, a.states.read(c, &scratch))
		}
	})
	sums := a.totals.clone()
	a.engine.Each(func(c *flows.Conn) {
		if !a.wanted(c) {
			return
		}
		t := a.states.read(c, &scratch)
		pair := a.pairOf(c, t)
		scratch = *t
		scratch.pair = pair
		sums.add(c, &scratch, clientSide(c, &scratch), int64(a.opt.TimeWait))
		if each != nil {
			a.describeAs(c, &scratch, &a.conn)
			each(&a.conn)
		}
	})
	r := &Result{analyzer: a, Settled: a.totals.sum}
	sums.finish(r, &a.opt, first, last, a.engine.Counts())
	return r
}

// Kept returns how many connections ResultSoFar would tell of.
func (a *Analyzer) Kept() int { return a.engine.Kept() }

// clone returns totals of their own with the same entries.
func (s *totals) clone() *totals {
	x := *s
	p := *s.pools
	p.byKey, p.byAddr = maps.Clone(p.byKey), maps.Clone(p.byAddr)
	p.pairs, p.servers = slices.Clone(p.pairs), slices.Clone(p.servers)
	x.pools = &p
	x.hosts, x.perConnection, x.hostCloses = maps.Clone(s.hosts), maps.Clone(s.perConnection), maps.Clone(s.hostCloses)
	x.addrs = slices.Clone(s.addrs)
	x.timeWaits, x.portUses, x.reusable = s.timeWaits.Clone(), s.portUses.Clone(), s.reusable.Clone()
	x.connections.n, x.requests.n, x.reused.n = slices.Clone(s.connections.n), slices.Clone(s.requests.n), slices.Clone(s.reused.n)
	t := &x.folded
	t.hosts, t.servers, t.ports = slices.Clone(t.hosts), slices.Clone(t.servers), slices.Clone(t.ports)
	t.made, t.sparedHandshakes, t.curve.n = slices.Clone(t.made), slices.Clone(t.sparedHandshakes), slices.Clone(t.curve.n)
	return &x
}
