package analyze

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Where a capture has no end, or more addresses than there is memory for, not every
// client, server and host keeps a row of its own: those that were active last do. What
// another one had stays in the totals, and if it comes back it begins a new row.

// Limits bound how many rows are kept; 0 is no bound.
type Limits struct {
	Pairs, Servers, Hosts int
	Timed                 int // servers with [ServerTimes]; 1,000 if zero
}

// DefaultLimits are those of a capture without end.
var DefaultLimits = Limits{Pairs: 20_000, Servers: 10_000, Hosts: 20_000}

// spareRows is how many times as many rows as may be kept there may be until some are
// left out, all at once: each time all that refers to a row is looked at.
const spareRows = 3

// LeftOut are the rows that were left out, and what they had. A row that came back and
// was left out again counts twice.
type LeftOut struct {
	Count                 int64
	Connections, Requests int64
	TimeWait              int64 // closes that left an entry
}

// add counts a row, unless it is of a connection that is not counted yet.
func (l *LeftOut) add(connections, requests, timeWait int64) {
	if connections > 0 {
		l.Count++
	}
	l.Connections += connections
	l.Requests += requests
	l.TimeWait += timeWait
}

// active returns when something was last seen of the pair.
func (x *poolPair) active() int64 { return max(x.at, x.seen, x.idleAt) }

// full reports whether rows are to be left out.
func (p *pools) full() bool {
	l := &p.limits
	return l.Pairs > 0 && p.pairs.Len() > spareRows*l.Pairs || l.Servers > 0 && p.servers.Len() > spareRows*l.Servers
}

// numbers are the new numbers of rows by their old ones, 0 for those left out.
type numbers []uint32

// all are the numbers where none is left out.
var all numbers

// drops reports whether a row is left out.
func (n numbers) drops(i int) bool { return n != nil && n[i] == 0 }

// of returns the new number of a row.
func (n numbers) of(old uint32) uint32 {
	if int(old) >= len(n) {
		return 0
	}
	return n[old]
}

// latest returns the numbers of those rows, from 1 on, that were active last: limit of
// them at most.
func latest(active []int64, limit int) numbers {
	keep := make(numbers, len(active))
	for i := range keep {
		keep[i] = uint32(i)
	}
	if keep[0] = 0; limit <= 0 || len(active)-1 <= limit {
		return keep
	}
	order := slices.Sorted(slices.Values(active[1:]))
	least := order[len(order)-limit]
	above, _ := slices.BinarySearch(order, least+1)
	equal := limit - (len(order) - above) // how many of those that are as old as least
	next := uint32(1)
	for i := range active[1:] {
		switch at := active[i+1]; {
		case at < least, at == least && equal == 0:
			keep[i+1] = 0
			continue
		case at == least:
			equal--
		}
		keep[i+1] = next
		next++
	}
	return keep
}

// leaveOut keeps the pairs and servers that were active last, and returns their new
// numbers.
func (p *pools) leaveOut() (pairs, servers numbers) {
	p.addAnswers()
	pairs, servers = p.listed()
	p.byKey = compact.Index{}
	next := uint32(1)
	for i := range uint32(p.pairs.Len()) {
		switch x := p.pairs.At(i); {
		case i == 0:
			*x = poolPair{}
		case pairs[i] == 0:
			p.pairsLeft.add(x.connections, x.requests, x.timeWaits)
			p.needLeft += x.need()
			p.estimatedLeft += x.estimated.used
		default:
			x.server = servers[x.server]
			*p.pairs.At(next), pairs[i] = *x, next
			p.byKey.Add(x.key.hash(), next)
			next++
		}
	}
	p.pairs.Keep(int(next))
	next = 1
	for i := range uint32(p.servers.Len()) {
		switch x := p.servers.At(i); {
		case i == 0:
			*x = poolServer{byClass: x.byClass}
		case servers[i] == 0:
			delete(p.byAddr, x.addr)
			p.timings.forget(x.times)
			for class, n := range x.byClass {
				p.classesLeft[class] += n
			}
			p.serversLeft.add(x.connections, x.requests, x.twClient+x.twServer+x.twBoth)
		default:
			*p.servers.At(next) = *x
			p.byAddr[x.addr] = next
			next++
		}
	}
	p.servers.Keep(int(next))
	p.last, p.lastNum = pairKey{}, 0
	return pairs, servers
}

// listed returns which pairs and servers have rows in a report.
func (p *pools) listed() (pairs, servers numbers) {
	if p.limits == (Limits{}) {
		return all, all
	}
	active := make([]int64, p.pairs.Len())
	byServer := make([]int64, p.servers.Len())
	for i := range uint32(p.pairs.Len()) {
		x := p.pairs.At(i)
		byServer[x.server] = max(byServer[x.server], x.active())
	}
	servers = latest(byServer, p.limits.Servers)
	for i := range uint32(p.pairs.Len()) {
		if x := p.pairs.At(i); servers[x.server] != 0 {
			active[i] = x.active()
		}
	}
	pairs = latest(active, p.limits.Pairs)
	for i := range uint32(p.pairs.Len()) {
		if servers[p.pairs.At(i).server] == 0 {
			pairs[i] = 0
		}
	}
	return pairs, servers
}

// hostsFull reports whether hosts are to be left out.
func (s *totals) hostsFull() bool {
	limit := s.pools.limits.Hosts
	return limit > 0 && len(s.held) > spareRows*limit
}

// listedHosts returns which hosts have rows in a report: those whose TIME_WAIT entries
// end last.
func (s *totals) listedHosts() numbers {
	if s.pools.limits.Hosts == 0 {
		return all
	}
	ends := make([]int64, len(s.held))
	for i := range s.held {
		ends[i] = s.held[i].until
	}
	return latest(ends, s.pools.limits.Hosts)
}

// leaveOutHosts keeps the hosts whose TIME_WAIT entries end last.
func (s *totals) leaveOutHosts() {
	hosts := s.listedHosts()
	s.folded.hosts = renumbered(grown(s.folded.hosts, len(s.held)), hosts)
	for i := range s.held[1:] {
		x := s.held[i+1]
		if n := hosts[i+1]; n != 0 {
			s.held[n], s.hosts[x.ip] = x, n
			continue
		}
		delete(s.hosts, x.ip)
		s.held[0].closes += x.closes
		s.hostsLeft++
	}
	kept := uint32(0)
	for _, n := range hosts {
		kept = max(kept, n)
	}
	s.held = s.held[:kept+1]
	for i := range uint32(s.timeWaits.Len()) {
		e := s.timeWaits.At(i)
		e.host = hosts.of(e.host)
	}
}

// renumber takes the new numbers of pairs and servers.
func (s *totals) renumber(pairs, servers numbers) {
	t := &s.folded
	spared := int64(0)
	for i, ns := range t.sparedHandshakes {
		if pairs.of(uint32(i)) == 0 {
			spared += ns
		}
	}
	s.estimates.renumber(pairs)
	t.ports, t.made = renumbered(t.ports, pairs), renumbered(t.made, pairs)
	t.servers = renumbered(t.servers, servers)
	t.sparedHandshakes = renumbered(t.sparedHandshakes, pairs)
	if spared != 0 {
		t.sparedHandshakes[0] = spared
	}
	for i := range uint32(s.timeWaits.Len()) {
		e := s.timeWaits.At(i)
		e.server = servers.of(e.server)
	}
	for i := range uint32(s.reusable.Len()) {
		e := s.reusable.At(i)
		e.pair = pairs.of(e.pair)
	}
	s.portUses.Remove(func(u *portUse) bool {
		u.pair = pairs.of(u.pair)
		return u.pair == 0
	})
}

// renumbered returns the values by their new numbers; the one of those left out is
// zero.
func renumbered[T any](x []T, to numbers) []T {
	n := 0
	for i := range x {
		if k := int(to.of(uint32(i))); k != 0 {
			x[k] = x[i]
			n = max(n, k)
		}
	}
	if len(x) == 0 {
		return x
	}
	clear(x[n+1:])
	x[0] = *new(T)
	return x[:n+1]
}

// keepLimits leaves out rows where there are too many.
func (a *Analyzer) keepLimits() {
	if a.totals.hostsFull() {
		a.unpackTotals()
		a.totals.leaveOutHosts()
	}
	if !a.pools.full() {
		return
	}
	a.unpackTotals()
	pairs, servers := a.pools.leaveOut()
	a.totals.renumber(pairs, servers)
	a.states.All(func(t *httpState) { t.pair = pairs.of(t.pair) })
	a.states.tls.sessions.All(func(x *tlsState) { x.pair = pairs.of(x.pair) })
	a.states.cuts.states.All(func(x *cutState) { x.pair = pairs.of(x.pair) })
	if a.opt.OnRenumber != nil {
		a.opt.OnRenumber(pairs.of, servers.of)
	}
}

// unpackTotals makes what is kept for the totals changeable.
func (a *Analyzer) unpackTotals() {
	for _, l := range []interface{ Unpack() }{&a.totals.timeWaits, &a.totals.portUses, &a.totals.reusable, &a.totals.half.spans} {
		l.Unpack()
	}
}
