package bothends

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// comparer makes a Comparison.
type comparer struct {
	here, there *Log
	result      *Comparison
	matcher     *matcher
	pairing     pairing
	clocks      *clocks

	votes    map[[16]byte]int        // clients, by their address here: above 0 where here is nearer to them
	ends     map[flows.Endpoint]bool // servers, by their endpoint at the client's point
	farEnds  map[flows.Endpoint]bool
	farVotes map[[16]byte]int

	soonest, latest [2]int64 // there - here less or more than which no packet took
	translated      map[translation]*Translation
	changed         map[Change]int
}

// translation is addresses at both points.
type translation struct {
	client, clientThere netip.Addr
	server, serverThere netip.AddrPort
}

// Compare compares two captures, here and there. The Logs must not be used any more.
func Compare(here, there *Log) *Comparison {
	c := &comparer{
		here: here, there: there, result: &Comparison{Full: here.full || there.full}, matcher: newMatcher(here, there),
		votes: map[[16]byte]int{}, ends: map[flows.Endpoint]bool{}, farVotes: map[[16]byte]int{}, farEnds: map[flows.Endpoint]bool{},
		translated: map[translation]*Translation{}, changed: map[Change]int{},
	}
	index := there.clients()
	m := c.matcher
	m.bySequences(index)
	c.orient(m.found)
	c.measure(m.found)
	sure := len(m.found)
	m.byClient(index, c.fits)
	m.byPackets()
	c.orient(m.found[sure:])
	c.measure(m.found)
	c.tell()
	return c.result
}

// closeBy is how far the times of two SYNs, or of the ways of two packets, are apart at
// most, beyond what is usual.
const closeBy = 1e9

// fits reports whether two connections can be one by when they began.
func (c *comparer) fits(x, y *connection) bool {
	if !c.result.Clock.Known {
		return true
	}
	d := c.there.time(c.there.at(y.first)) - c.here.time(c.here.at(x.first))
	return d >= c.soonest[back]-closeBy && d <= c.latest[out]+closeBy
}

// samplePairs is how many packets of a side tell which end is nearer.
const samplePairs = 32

// orient finds which of the captures is nearer to the client of each connection: packets
// seem to take longer to the other one by the clocks as they are, compared with those that
// come from there.
func (c *comparer) orient(list []match) {
	p := &c.pairing
	for i := range list {
		m := &list[i]
		p.load(c.here, c.there, m)
		p.pair()
		var sum [2]float64
		var n [2]float64
		for side := range sum {
			p.times(c.here, c.there, flows.Side(side), samplePairs, func(a, b int64) {
				sum[side] += float64(b - a)
				n[side]++
			})
		}
		if n[0] == 0 || n[1] == 0 {
			continue
		}
		client := c.here.conns[m.here].ends[flows.Initiator].IP
		switch d := sum[0]/n[0] - sum[1]/n[1]; {
		case d > 0:
			c.votes[client]++
		case d < 0:
			c.votes[client]--
		}
	}
	all := 0
	for _, n := range c.votes {
		all += n
	}
	for i := range list {
		m := &list[i]
		v := c.votes[c.here.conns[m.here].ends[flows.Initiator].IP]
		m.clientHere = v > 0 || v == 0 && all >= 0
		near, far := c.here.conns[m.here].ends, c.there.conns[m.there].ends
		if m.clientHere {
			c.ends[near[flows.Responder]] = true
		} else {
			c.farEnds[far[flows.Responder]] = true
			c.farVotes[far[flows.Initiator].IP]++
		}
	}
}

// measure gathers the times of all pairs, and tells the clocks.
func (c *comparer) measure(list []match) {
	c.clocks = newClocks(c.here)
	p := &c.pairing
	for i := range list {
		m := &list[i]
		p.load(c.here, c.there, m)
		p.pair()
		for side := range p.lists {
			way := out
			if (flows.Side(side) == flows.Initiator) != m.clientHere {
				way = back
			}
			p.times(c.here, c.there, flows.Side(side), -1, func(a, b int64) { c.clocks.add(way, a-c.here.first, b-a) })
		}
	}
	r := c.result
	r.Transit = c.clocks.transit
	o, b := &c.clocks.transit[out], &c.clocks.transit[back]
	c.soonest[out], c.latest[out] = o.Min, o.Min+c.clocks.usual(out)
	c.soonest[back], c.latest[back] = b.Max-c.clocks.usual(back), b.Max
	switch {
	case o.Pairs == 0 && b.Pairs > 0:
		c.soonest[out], c.latest[out] = b.Max, b.Max
	case b.Pairs == 0 && o.Pairs > 0:
		c.soonest[back], c.latest[back] = o.Min, o.Min
	}
	if o.Pairs+b.Pairs == 0 {
		r.From, r.To, r.Clock = 0, 0, Clock{}
		return
	}
	d := c.soonest[out]
	r.From, r.To = max(c.here.first, c.there.first-d), min(c.here.last, c.there.last-d)
	at := r.From + (r.To-r.From)/2
	r.Clock = c.clocks.solve(float64(at - c.here.first))
	r.Clock.At = at
	r.Same = o.Pairs > 0 && o.Min == o.Max && (b.Pairs == 0 || b.Min == b.Max && b.Min == o.Min)
}

// tell says what became of each connection.
func (c *comparer) tell() {
	r := c.result
	r.Ambiguous = c.matcher.ambiguous
	for i := range c.matcher.found {
		m := &c.matcher.found[i]
		r.Matched++
		r.By[m.means]++
		c.translation(m)
		c.options(m)
		r.Pairs = append(r.Pairs, c.compare(m))
	}
	for i := range c.here.conns {
		if x := &c.here.conns[i]; x.count > 0 && !c.matcher.taken[i] {
			c.aloneHere(i, x)
		}
	}
	for j := range c.there.conns {
		if y := &c.there.conns[j]; y.count > 0 && !c.matcher.used[j] {
			c.aloneThere(j, y)
		}
	}
	r.sortRows()
	c.sortLists()
}

// compare reconciles a connection that both captures have.
func (c *comparer) compare(m *match) Pair {
	p := &c.pairing
	p.load(c.here, c.there, m)
	p.pair()
	p.pairRest()
	row := Pair{Here: uint64(m.here + 1), There: uint64(m.there + 1), Means: m.means, ClientHere: m.clientHere, Swapped: m.swapped}
	if c.result.Same {
		return row
	}
	for side := range flows.Responder + 1 {
		s := p.stream(c, m, side)
		if c.clocks.transit[s.way].Pairs > 0 { // else the other capture has nothing of that way
			c.reconcile(s, m, &row, side)
		}
	}
	c.opening(m)
	c.turns(m)
	return row
}

// opening notes how far the handshake came.
func (c *comparer) opening(m *match) {
	if !c.here.conns[m.here].hasISN(flows.Initiator) || c.clocks.transit[back].Pairs == 0 || c.clocks.transit[out].Pairs == 0 {
		return
	}
	s := c.pairing.stream(c, m, flows.Responder)
	answers := func(list []packet, places []int32) bool {
		return slices.ContainsFunc(places, func(i int32) bool { return list[i].flags()&flows.SYN != 0 })
	}
	switch near, far := answers(s.near, s.nearList), answers(s.far, s.farList); {
	case len(s.nearList) == 0:
		c.result.SYN.NotAnswered++
	case near && !far:
		c.result.SYN.AnswerLost++
	}
}

// turns measures where time went between a request and its answer: between the last
// packet with data of the client and the first one of the server after it.
func (c *comparer) turns(m *match) {
	p := &c.pairing
	list, other, mates, log, otherLog := p.here, p.there, p.hereMates, c.here, c.there
	if !m.clientHere {
		list, other, mates, log, otherLog = p.there, p.here, p.thereMates, c.there, c.here
	}
	asked, answered := none, none // last data of the client, of the server
	var waits bool
	for i := range list {
		x := &list[i]
		if x.len() == 0 || x.flags()&flows.SYN != 0 {
			continue
		}
		if x.side() == flows.Initiator {
			if answered != none && !waits {
				c.result.Client.add(log.time(x) - log.time(&list[answered]))
			}
			asked, waits = i, true
			continue
		}
		if waits && mates[asked] != none && mates[i] != none {
			whole := log.time(x) - log.time(&list[asked])
			server := otherLog.time(&other[mates[i]]) - otherLog.time(&other[mates[asked]])
			if server >= 0 {
				c.result.Server.add(server)
				c.result.Network.add(whole - server)
			}
		}
		waits, answered = false, i
	}
}

// translation notes what a NAT has changed.
func (c *comparer) translation(m *match) {
	x, y := &c.here.conns[m.here], &c.there.conns[m.there]
	a, b := x.ends, y.ends
	if m.swapped {
		b[0], b[1] = b[1], b[0]
	}
	kept := a[0].Port == b[0].Port
	c.result.Ports.Of++
	if kept {
		c.result.Ports.Kept++
	}
	if a == b {
		return
	}
	k := translation{a[0].AddrPort().Addr(), b[0].AddrPort().Addr(), a[1].AddrPort(), b[1].AddrPort()}
	t := c.translated[k]
	if t == nil {
		t = &Translation{Client: k.client, ClientThere: k.clientThere, Server: k.server, ServerThere: k.serverThere}
		c.translated[k] = t
	}
	t.Connections++
	if kept {
		t.PortsKept++
	}
}

// options compares those of the SYNs.
func (c *comparer) options(m *match) {
	if c.result.Same {
		return
	}
	for side := range flows.Responder + 1 {
		a, b := &c.here.conns[m.here].options[side], c.optionsThere(m, side)
		if !a.seen || !b.seen || a.cut || b.cut {
			continue
		}
		if (side == flows.Initiator) != m.clientHere { // sent there
			a, b = b, a
		}
		note := func(option string, sent, got int) {
			if sent != got {
				c.changed[Change{Option: option, Side: side, Sent: sent, Got: got}]++
			}
		}
		note("MSS", valueOr(int(a.mss), a.mss != 0), valueOr(int(b.mss), b.mss != 0))
		note("window scale", valueOr(int(a.scale), a.scale != flows.NoScale), valueOr(int(b.scale), b.scale != flows.NoScale))
		note("timestamps", valueOr(1, a.stamps), valueOr(1, b.stamps))
		note("SACK", valueOr(1, a.sack), valueOr(1, b.sack))
	}
}

// valueOr returns n, or -1 for an option that is not there.
func valueOr(n int, there bool) int {
	if !there {
		return -1
	}
	return n
}

// spans reports whether a connection lies in the time that both captures have, the one of
// here moved by so much.
func within(l *Log, x *connection, from, to int64) bool {
	return l.time(l.at(x.first)) <= to && l.time(l.at(x.last)) >= from
}

// aloneHere counts a connection that only this capture has. Of a client and a server that
// both captures know, its packets did not arrive.
func (c *comparer) aloneHere(i int, x *connection) {
	r := c.result
	if r.From >= r.To || !within(c.here, x, r.From, r.To) {
		r.OutsideHere++
		return
	}
	r.AloneHere++
	if c.ends[x.ends[flows.Responder]] && c.votes[x.ends[flows.Initiator].IP] > 0 {
		c.neverArrived(&match{here: i, there: -1, clientHere: true}, x)
	}
}

// aloneThere is aloneHere for the other capture.
func (c *comparer) aloneThere(j int, y *connection) {
	r := c.result
	d := c.soonest[out]
	if r.From >= r.To || !within(c.there, y, r.From+d, r.To+d) {
		r.OutsideThere++
		return
	}
	r.AloneThere++
	if c.farEnds[y.ends[flows.Responder]] && c.farVotes[y.ends[flows.Initiator].IP] > 0 {
		c.neverArrived(&match{here: -1, there: j}, y)
	}
}

// neverArrived takes a connection whose SYN did not arrive.
func (c *comparer) neverArrived(m *match, x *connection) {
	if !x.hasISN(flows.Initiator) || x.hasISN(flows.Responder) || c.result.Same || c.clocks.transit[out].Pairs == 0 {
		return
	}
	p := &c.pairing
	p.load(c.here, c.there, m)
	row := Pair{Here: uint64(m.here + 1), There: uint64(m.there + 1), ClientHere: m.clientHere}
	before := c.result.Lost[flows.Initiator].SYN
	for side := range flows.Responder + 1 {
		c.reconcile(p.stream(c, m, side), m, &row, side)
	}
	if c.result.Lost[flows.Initiator].SYN > before {
		c.result.SYN.NeverArrived++
		if ids := &c.result.SYN.IDs; row.Here > 0 && len(*ids) < MaxRows {
			*ids = append(*ids, row.Here)
		}
	}
	if row.Forged != [2]uint32{} || row.Lost != [2]uint32{} {
		c.result.Pairs = append(c.result.Pairs, row)
	}
}

// sortLists puts the lists in the order in which they are told.
func (c *comparer) sortLists() {
	r := c.result
	for _, t := range c.translated {
		r.Translated = append(r.Translated, *t)
	}
	slices.SortFunc(r.Translated, func(a, b Translation) int {
		return cmp.Or(cmp.Compare(b.Connections, a.Connections), a.Client.Compare(b.Client), a.Server.Compare(b.Server),
			a.ClientThere.Compare(b.ClientThere), a.ServerThere.Compare(b.ServerThere))
	})
	r.Translated = r.Translated[:min(len(r.Translated), MaxRows)]
	for k, n := range c.changed {
		k.Connections = n
		r.Changed = append(r.Changed, k)
	}
	slices.SortFunc(r.Changed, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Connections, a.Connections), cmp.Compare(a.Option, b.Option), cmp.Compare(a.Side, b.Side),
			cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.Got, b.Got))
	})
	r.Changed = r.Changed[:min(len(r.Changed), MaxRows)]
	for _, list := range [...][]Packet{r.LostPackets, r.Forged} {
		slices.SortStableFunc(list, func(a, b Packet) int { return cmp.Or(cmp.Compare(a.Here, b.Here), cmp.Compare(a.Time, b.Time)) })
	}
	for _, s := range [...]*Spans{&r.Network, &r.Server, &r.Client} {
		s.finish()
	}
}
