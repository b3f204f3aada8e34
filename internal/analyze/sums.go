package analyze

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Sums are what an analysis adds up, before it is added up: counts, and the spans of time
// of TIME_WAIT entries, ports, half-closed sockets and requests under way. Those of several
// analyses make one, see [JoinSums], as exact as if one had seen all of it.
type Sums struct {
	First, Last int64 // of the packets, ns since the epoch

	totals  *totals
	pools   *pools
	counts  flows.Counts
	gaveUp  gaveUp
	repeats []Repeat
	keys    KeyUse

	copiesMissed, copiesMissedSince int64
}

// sums returns them as they stand when all connections are settled.
func (a *Analyzer) sums(first, last int64) *Sums {
	a.pools.addAnswers()
	a.unpackTotals()
	s := &Sums{First: first, Last: last, totals: &a.totals, pools: &a.pools, counts: a.engine.Counts(), gaveUp: a.gaveUp, repeats: a.repeats.told(), keys: a.keyUse()}
	forgotten, since := a.engine.Forgotten()
	s.copiesMissed, s.copiesMissedSince = int64(forgotten), since
	return s
}

// newSums returns Sums of nothing.
func newSums() *Sums {
	s := &Sums{totals: &totals{}, pools: &pools{}}
	s.pools.init()
	s.totals.init(s.pools, false)
	return s
}

// Result adds up. It may be called once.
func (s *Sums) Result(opt *Options) *Result {
	r := &Result{analyzer: &Analyzer{opt: Options{OnConnection: func(*Connection) {}}}} // which has no connections
	s.totals.finish(r, opt, s.First, s.Last, s.counts)
	r.CopiesMissed, r.CopiesMissedSince = s.copiesMissed, s.copiesMissedSince
	r.Settled = r.Totals
	s.gaveUp.tell(r)
	r.Repeats, r.Keys = s.repeats, s.keys
	return r
}

// Pairs returns the client and the server of each pair, by its number.
func (s *Sums) Pairs() iter.Seq2[uint32, Ends] {
	return func(yield func(uint32, Ends) bool) {
		for i := range uint32(s.pools.pairs.Len()) {
			if k := &s.pools.pairs.At(i).key; i > 0 && !yield(i, Ends{k.clientAddr(), k.server.AddrPort()}) {
				return
			}
		}
	}
}

// Ends are a client and a server.
type Ends struct {
	Client netip.Addr
	Server netip.AddrPort
}

// Renumbered has the new numbers of what was joined, by the old ones.
type Renumbered struct {
	ID      func(old uint32) uint32 // of connections, 0 for one that is not there
	Packets uint64                  // how much higher those of packets are
	pairs   []uint32
	servers []uint32
}

// Pair returns the new number of a pair, Server that of a server.
func (n *Renumbered) Pair(old uint32) uint32   { return numbers(n.pairs).of(old) }
func (n *Renumbered) Server(old uint32) uint32 { return numbers(n.servers).of(old) }

// JoinSums joins sums, whose connections have the new IDs that their renumbering says; it
// completes these. What is joined must not be used any more.
func JoinSums(list []*Sums, to []Renumbered) *Sums {
	x := newSums()
	for i, s := range list {
		if i == 0 {
			x.First, x.Last = s.First, s.Last
		}
		x.First, x.Last = min(x.First, s.First), max(x.Last, s.Last)
		x.joinCounts(s)
		x.pools.join(s.pools, &to[i])
		x.totals.join(s.totals, &to[i])
		x.joinRepeats(s.repeats, &to[i])
	}
	return x
}

// joinCounts joins what has no number.
func (s *Sums) joinCounts(y *Sums) {
	s.counts.Duplicates += y.counts.Duplicates
	s.counts.TimeBack = max(s.counts.TimeBack, y.counts.TimeBack)
	if y.copiesMissed > 0 && (s.copiesMissed == 0 || y.copiesMissedSince < s.copiesMissedSince) {
		s.copiesMissedSince = y.copiesMissedSince
	}
	s.copiesMissed += y.copiesMissed
	for _, g := range y.gaveUp.list {
		s.gaveUp.note(g.What, g.Count, g.Since)
		for i := range s.gaveUp.list {
			if k := &s.gaveUp.list[i]; k.What == g.What {
				k.Since = min(k.Since, g.Since)
			}
		}
	}
	given := s.keys.Given || y.keys.Given
	into, from := s.keys.counters(), y.keys.counters()
	for i := range into {
		*into[i] += *from[i]
	}
	s.keys.Given = given
}

// joinRepeats joins repeats, by time.
func (s *Sums) joinRepeats(list []Repeat, to *Renumbered) {
	before := len(s.repeats)
	for _, r := range list {
		r.Lost, r.Connection = uint64(to.ID(uint32(r.Lost))), uint64(to.ID(uint32(r.Connection)))
		r.LostPacket += to.Packets
		r.Packet += to.Packets
		s.repeats = append(s.repeats, r)
	}
	if before > 0 {
		slices.SortStableFunc(s.repeats, func(x, y Repeat) int { return cmp.Compare(x.At, y.At) })
	}
	s.repeats = s.repeats[max(0, len(s.repeats)-repeatsKept):]
}

// join adds the pairs and servers of others, and notes their new numbers.
func (p *pools) join(y *pools, to *Renumbered) {
	to.pairs, to.servers = make([]uint32, y.pairs.Len()), make([]uint32, y.servers.Len())
	for i := range uint32(y.servers.Len()) {
		from, n := y.servers.At(i), uint32(0)
		if i > 0 {
			n = p.serverOf(from.addr)
		}
		to.servers[i] = n
		p.servers.At(n).join(from)
		if from.times != 0 {
			p.joinTimes(n, &y.timings.slots[from.times])
		}
	}
	for i := range uint32(y.pairs.Len()) {
		if i == 0 {
			continue
		}
		pair := *y.pairs.At(i)
		pair.server = to.servers[pair.server]
		to.pairs[i] = uint32(p.pairs.Len())
		p.byKey.Add(pair.key.hash(), to.pairs[i])
		p.pairs.Add(pair)
	}
	p.last, p.lastNum = pairKey{}, 0
}

// join adds what others saw of the server.
func (x *poolServer) join(y *poolServer) {
	into, from := x.counters(), y.counters()
	for i := range into {
		*into[i] += *from[i]
	}
	for class, n := range y.byClass {
		x.byClass[class] += n
	}
	if y.advertisedAt != 0 && y.advertisedAt >= x.advertisedAt {
		x.advertisedAt = y.advertisedAt
		if y.advTimeout != Unknown {
			x.advTimeout = y.advTimeout
		}
	}
	x.advMax = max(x.advMax, y.advMax)
	if y.software != 0 && (x.software == 0 || y.softwareAt < x.softwareAt) {
		x.software, x.softwareAt = y.software, y.softwareAt
	}
	x.timesLost = x.timesLost || y.timesLost
}

// joinTimes adds how long the server took to answer.
func (p *pools) joinTimes(server uint32, y *serverTimes) {
	s := p.servers.At(server)
	if s.times == 0 {
		if s.timesLost {
			return
		}
		if p.timings.used >= p.mostTimed()*5/4 {
			p.leaveOutTimes()
		}
		s.times = p.timings.begin()
	}
	x := &p.timings.slots[s.times]
	x.n += y.n
	x.max = max(x.max, y.max)
	if x.many == nil && y.many == nil && len(x.few)+len(y.few) <= timesAtOnce {
		x.few = append(x.few, y.few...)
		return
	}
	if x.many == nil {
		x.many = &timeCounts{}
		for _, micros := range x.few {
			x.many.add(micros)
		}
		x.few = nil
	}
	for _, micros := range y.few {
		x.many.add(micros)
	}
	if y.many != nil {
		for i, n := range y.many {
			x.many[i] += n
		}
	}
}

// join adds what others add up. The pools have been joined.
func (s *totals) join(y *totals, to *Renumbered) {
	into, from := s.sum.counters(), y.sum.counters()
	for i := range into {
		*into[i] += *from[i]
	}
	s.sum.BareACK = s.sum.BareACK || y.sum.BareACK
	into, from = s.counters(), y.counters()
	for i := range into {
		*into[i] += *from[i]
	}
	for n, k := range y.perConnection {
		s.perConnection[n] += k
	}
	s.connections.join(&y.connections)
	s.requests.join(&y.requests)
	s.reused.join(&y.reused)
	s.joinSpans(y, to)
	s.half.join(&y.half)
	s.estimates.join(&y.estimates, to)
	if e := y.example; e.id != 0 {
		e.id = uint64(to.ID(uint32(e.id)))
		if e.weight > s.example.weight || e.weight == s.example.weight && e.id < s.example.id {
			s.example = e
		}
	}
}

// joinSpans adds the lives of TIME_WAIT entries, of ports, and of connections that a
// perfect pool might have spared.
func (s *totals) joinSpans(y *totals, to *Renumbered) {
	hosts := make([]uint32, len(y.held))
	for i, h := range y.held {
		if i > 0 {
			hosts[i] = s.hostNumber(h.ip)
		}
		x := &s.held[hosts[i]]
		x.closes += h.closes
		x.until = max(x.until, h.until)
	}
	for i := range uint32(y.timeWaits.Len()) {
		e := *y.timeWaits.At(i)
		e.host, e.server, e.id = hosts[e.host], to.servers[e.server], to.ID(e.id)
		s.timeWaits.Add(e)
	}
	for i := range uint32(y.portUses.Len()) {
		u := *y.portUses.At(i)
		u.pair = to.pairs[u.pair]
		s.portUses.Add(u)
	}
	for i := range uint32(y.reusable.Len()) {
		s.reusable.Add(y.reusable.At(i).renumbered(to))
	}
}

// renumbered returns it with new numbers.
func (x reusable) renumbered(to *Renumbered) reusable {
	x.id, x.pair = to.ID(x.id), to.pairs[x.pair]
	return x
}

// join adds half-closed sockets.
func (x *halfClosing) join(y *halfClosing) {
	hosts := make([]uint32, len(y.ips))
	for i, ip := range y.ips {
		if i > 0 {
			hosts[i] = x.number(ip, 0)
		}
	}
	x.left += y.left
	for i := range uint32(y.spans.Len()) {
		h := *y.spans.At(i)
		h.host = hosts[h.host]
		x.note(h)
	}
}

// join adds what is estimated.
func (e *estimating) join(y *estimating, to *Renumbered) {
	e.all.connections += y.all.connections
	e.all.requests += y.all.requests
	e.all.used += y.all.used
	for i := range uint32(y.turns.Len()) {
		u := *y.turns.At(i)
		u.pair = to.pairs[u.pair]
		e.turns.Add(u)
	}
	for i := range uint32(y.reusable.Len()) {
		e.reusable.Add(y.reusable.At(i).renumbered(to))
	}
	for i, v := range y.inFlight {
		if n := to.pairs[i]; n != 0 {
			e.inFlight = grown(e.inFlight, int(n)+1)
			e.inFlight[n] = v
		}
	}
}

// join adds the events of others where they were in time.
func (b *bins) join(y *bins) {
	if y.width == 0 {
		return
	}
	if b.width == 0 {
		*b = bins{start: y.start, width: y.width, n: slices.Clone(y.n)}
		return
	}
	end := max(b.end(), y.end())
	sum := bins{start: min(b.start, y.start), width: max(b.width, y.width)}
	for (end-sum.start)/1e9 > sum.width*maxBins {
		sum.width *= 10
	}
	for _, from := range []*bins{b, y} {
		for i, n := range from.n {
			at := ((from.start-sum.start)/1e9 + int64(i)*from.width) / sum.width
			for int64(len(sum.n)) <= at {
				sum.n = append(sum.n, 0)
			}
			sum.n[at] += n
		}
	}
	*b = sum
}

// end returns when the last bin ends.
func (b *bins) end() int64 { return b.start + int64(len(b.n))*b.width*1e9 }

// sortedKeys returns the numbers of requests that connections had.
func (s *totals) sortedKeys() []int64 { return slices.Sorted(maps.Keys(s.perConnection)) }
