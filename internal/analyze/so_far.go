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
			a.pairOf(c, a.states.peek(c, &scratch))
		}
	})
	b := a.books.clone()
	a.engine.Each(func(c *flows.Conn) {
		if !a.wanted(c) {
			return
		}
		t := a.states.peek(c, &scratch)
		pair := a.pairOf(c, t)
		scratch = *t
		scratch.pair = pair
		b.enter(c, &scratch, clientSide(c, &scratch), int64(a.opt.TimeWait))
		if each != nil {
			a.describeAs(c, &scratch, &a.conn)
			each(&a.conn)
		}
	})
	r := &Result{analyzer: a, Settled: a.books.totals}
	b.close(r, a, first, last, a.engine.Counts())
	return r
}

// Kept returns how many connections ResultSoFar would tell of.
func (a *Analyzer) Kept() int { return a.engine.Kept() }

// pairOf returns the pair of a connection, as far as it shows.
func (a *Analyzer) pairOf(c *flows.Conn, t *httpState) uint32 {
	if t.pair != 0 {
		return t.pair
	}
	return a.pools.pair(c, clientSide(c, t))
}

// clone returns books of their own with the same entries.
func (b *books) clone() *books {
	x := *b
	p := *b.pools
	p.byKey, p.byAddr = maps.Clone(p.byKey), maps.Clone(p.byAddr)
	p.pairs, p.servers = slices.Clone(p.pairs), slices.Clone(p.servers)
	x.pools = &p
	x.hosts, x.perConn, x.hostCloses = maps.Clone(b.hosts), maps.Clone(b.perConn), maps.Clone(b.hostCloses)
	x.addrs = slices.Clone(b.addrs)
	x.spans, x.uses, x.reusable = b.spans.Clone(), b.uses.Clone(), b.reusable.Clone()
	x.opened.n, x.asked.n, x.again.n = slices.Clone(b.opened.n), slices.Clone(b.asked.n), slices.Clone(b.again.n)
	t := &x.sums
	t.hosts, t.own, t.ports = slices.Clone(t.hosts), slices.Clone(t.own), slices.Clone(t.ports)
	t.made, t.handshakes, t.shape.n = slices.Clone(t.made), slices.Clone(t.handshakes), slices.Clone(t.shape.n)
	return &x
}
