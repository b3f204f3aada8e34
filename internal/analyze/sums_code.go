package analyze

import (
	"unsafe"

	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// CodeSums writes sums to c or, where s is nil, returns those that it reads. What is read has
// only numbers of rows that there are, and times and counts that can be added up.
func CodeSums(c *fields.Coder, s *Sums) *Sums {
	if s == nil {
		s = newSums()
		s.totals.held, s.pools.pairs, s.pools.servers = nil, compact.List[poolPair]{}, compact.List[poolServer]{}
	}
	c.One(func() {
		c.Time(&s.First)
		c.Time(&s.Last)
		fields.Near(c, &s.counts.Duplicates, 0)
		c.Count(&s.counts.TimeBack)
		c.Count(&s.copiesMissed)
		c.Time(&s.copiesMissedSince)
		c.Bool(&s.keys.Given)
		for _, n := range s.keys.counters() {
			c.Count(n)
		}
	})
	fields.Slice(c, &s.gaveUp.list, func(g *GivenUp) {
		c.Text(&g.What)
		c.Count(&g.Count)
		c.Time(&g.Since)
	})
	fields.Slice(c, &s.repeats, func(r *Repeat) { r.code(c) })
	s.pools.code(c)
	s.totals.code(c)
	if c.Reading() && c.Err() == nil && !s.valid() {
		c.Wrong()
	}
	if c.Err() != nil {
		return nil
	}
	return s
}

func (r *Repeat) code(c *fields.Coder) {
	fields.Number(c, &r.Lost)
	fields.Near(c, &r.Connection, r.Lost)
	fields.Number(c, &r.LostPacket)
	fields.Near(c, &r.Packet, r.LostPacket)
	c.Time(&r.LostAt)
	c.Since(&r.At, r.LostAt)
	fields.Enum(c, &r.Method, httpparse.OtherMethod+1)
	fields.Near(c, &r.Status, 0)
	fields.Near(c, &r.More, 0)
}

// counters returns the counts of a key log's use.
func (u *KeyUse) counters() []*int64 {
	list := []*int64{
		&u.Log.Sessions, &u.Log.Others, &u.Log.Garbage, &u.Log.LeftOut,
		&u.Sessions, &u.Connections, &u.Decrypted, &u.Joined, &u.Stopped, &u.NoKey,
	}
	for i := range u.NotOpened {
		list = append(list, &u.NotOpened[i])
	}
	return list
}

// counters returns the counts of totals that are counted one by one: the others follow
// from them.
func (t *Totals) counters() []*int64 {
	list := []*int64{
		&t.Connections, &t.HandshakesComplete, &t.Refused, &t.Unanswered, &t.Midstream, &t.SYN, &t.SYNACK, &t.FIN, &t.RST,
		&t.Requests, &t.Responses, &t.Interim, &t.Unmatched, &t.SurplusBytes, &t.HTTPUnknown, &t.TLSLost,
		&t.ConnectionsWithRequests, &t.SingleRequestConnections, &t.ReusedRequests, &t.Probes, &t.ProbesAnswered,
		&t.ClientProbes.Sent, &t.ClientProbes.Answered, &t.ServerProbes.Sent, &t.ServerProbes.Answered,
		&t.Retransmissions, &t.MissingBytes, &t.Unfinished, &t.IgnoredRSTs,
		&t.TimeWait.Client, &t.TimeWait.Server, &t.TimeWait.Both, &t.TimeWait.None, &t.TimeWait.Pending, &t.TimeWait.Unknown,
	}
	list = append(list, t.Streams.counters()...)
	list = append(list, t.ClosedFirst.counters()...)
	for i := range t.CloseKinds {
		list = append(list, &t.CloseKinds[i])
	}
	return list
}

func (n *StreamCount) counters() []*int64 {
	return []*int64{&n.Connections, &n.Opened, &n.Refused, &n.GRPCCalls, &n.GRPCFailed, &n.OddFrames, &n.Odd, &n.Lost}
}

func (n *Closers) counters() []*int64 {
	return []*int64{&n.Client, &n.Server, &n.Both, &n.None, &n.Unknown}
}

func (e *estimated) counters() []*int64 { return []*int64{&e.connections, &e.requests, &e.used} }

// counters returns the counts that are beside the sum.
func (s *totals) counters() []*int64 {
	return []*int64{&s.baseRequests, &s.responsesUnknown, &s.fatesUnknown, &s.hostsLeft}
}

// counters returns the counts of a server, but for its responses by class.
func (x *poolServer) counters() []*int64 {
	list := []*int64{
		&x.clients, &x.connections, &x.requests, &x.withRequests, &x.first, &x.opaque,
		&x.twClient, &x.twServer, &x.twBoth, &x.twUnknown, &x.fatesUnknown,
	}
	list = append(list, x.estimated.counters()...)
	list = append(list, x.closed.counters()...)
	return append(list, x.streams.counters()...)
}

func codeCounts(c *fields.Coder, list []*int64) {
	for _, n := range list {
		c.Count(n)
	}
}

// codeList codes the rows of a list.
func codeList[T any](c *fields.Coder, l *compact.List[T], row func(*T)) {
	c.Rows(l.Len(), unsafe.Sizeof(*new(T)), func(i int) {
		if c.Reading() {
			l.Add(*new(T))
		}
		row(l.At(uint32(i)))
	})
}

// codeProgram codes a program.
func codeProgram(c *fields.Coder, id *products.ID) { fields.Near(c, id, 0) }

func (p *pools) code(c *fields.Coder) {
	codeList(c, &p.servers, func(x *poolServer) {
		c.Bytes(x.addr.IP[:])
		fields.Number(c, &x.addr.Port)
		codeCounts(c, x.counters())
		for i := range x.byClass {
			c.Count(&x.byClass[i])
		}
		c.Since(&x.advTimeout, 0)
		c.Since(&x.advMax, 0)
		c.Time(&x.advertisedAt)
		codeProgram(c, &x.software)
		c.Time(&x.softwareAt)
		c.Bool(&x.timesLost)
		fields.Near(c, &x.times, 0)
	})
	codeList(c, &p.pairs, func(x *poolPair) {
		c.Bytes(x.key.client[:])
		c.Bytes(x.key.server.IP[:])
		fields.Number(c, &x.key.server.Port)
		fields.Number(c, &x.server)
		fields.Near(c, &x.open, 0)
		fields.Near(c, &x.peak, 0)
		codeProgram(c, &x.agent)
		c.Bool(&x.proxied)
		c.Bool(&x.http10)
		c.Bool(&x.closeInHTTP10)
		codeCounts(c, []*int64{
			&x.reusedAfterBody, &x.reusedAfterNone, &x.connections, &x.requests, &x.withRequests, &x.first, &x.opaque,
			&x.streams.limit, &x.streams.used, &x.timeWaits,
		})
		codeCounts(c, x.estimated.counters())
		fields.Near(c, &x.streams.open, 0)
		fields.Near(c, &x.streams.peak, 0)
	})
	p.timings.code(c)
}

func (t *timings) code(c *fields.Coder) {
	if c.Reading() {
		t.slots = nil
	}
	fields.Slice(c, &t.slots, func(x *serverTimes) {
		c.Bool(&x.used)
		c.Count(&x.n)
		fields.Near(c, &x.max, 0)
		is := x.many != nil
		c.Bool(&is)
		if c.Reading() && x.used {
			t.used++
		}
		if is && c.Reading() && c.Take(TimesBytes) {
			x.many = &timeCounts{}
		}
	})
	for i := range t.slots {
		x := &t.slots[i]
		fields.Slice(c, &x.few, func(micros *uint32) { fields.Near(c, micros, 0) })
		if x.many != nil {
			x.many.code(c)
		}
	}
}

// code codes the counts that are not zero.
func (x *timeCounts) code(c *fields.Coder) {
	var at []uint32
	for i, n := range x {
		if n > 0 {
			at = append(at, uint32(i))
		}
	}
	c.Rows(len(at), 0, func(i int) {
		k := uint32(0)
		if !c.Reading() {
			k = at[i]
		}
		fields.Number(c, &k)
		if c.Reading() && int(k) >= len(x) {
			c.Wrong()
			return
		}
		fields.Near(c, &x[k], 0)
	})
}

func (s *totals) code(c *fields.Coder) {
	c.One(func() {
		codeCounts(c, s.sum.counters())
		codeCounts(c, s.counters())
		codeCounts(c, s.estimates.all.counters())
		c.Bool(&s.sum.BareACK)
		fields.Near(c, &s.example.id, 0)
		fields.Enum(c, &s.example.weight, 4)
		c.Text(&s.example.why)
		c.Count(&s.half.left)
	})
	s.codeRequests(c)
	for _, b := range []*bins{&s.connections, &s.requests, &s.reused} {
		b.code(c)
	}
	fields.Slice(c, &s.held, func(h *host) {
		c.Bytes(h.ip[:])
		c.Count(&h.closes)
		c.Time(&h.until)
	})
	s.codeSpans(c)
	fields.Slice(c, &s.half.ips, func(ip *[16]byte) { c.Bytes(ip[:]) })
	codeList(c, &s.half.spans, func(h *halfClosed) {
		c.Time(&h.from)
		c.Since(&h.to, h.from)
		fields.Near(c, &h.host, 0)
		fields.Enum(c, &h.state, halfStates)
	})
	codeList(c, &s.estimates.turns, func(u *portUse) { u.code(c); c.Bool(&u.begun) })
	codeList(c, &s.estimates.reusable, func(x *reusable) { x.code(c) })
	fields.Slice(c, &s.estimates.inFlight, func(v *level) {
		c.Count(&v.open)
		c.Count(&v.peak)
		c.Time(&v.peakAt)
		c.Count(&v.atEnd)
		c.Time(&v.begunAt)
	})
}

// codeSpans codes the lives of TIME_WAIT entries and the like.
func (s *totals) codeSpans(c *fields.Coder) {
	codeList(c, &s.timeWaits, func(e *timeWait) {
		c.Time(&e.from)
		c.Since(&e.to, e.from)
		fields.Number(c, &e.host)
		fields.Number(c, &e.server)
		fields.Number(c, &e.id)
		c.Bool(&e.byServer)
	})
	codeList(c, &s.portUses, func(u *portUse) { u.code(c) })
	codeList(c, &s.reusable, func(x *reusable) { x.code(c) })
}

func (u *portUse) code(c *fields.Coder) {
	c.Time(&u.from)
	c.Since(&u.to, u.from)
	fields.Number(c, &u.pair)
}

func (x *reusable) code(c *fields.Coder) {
	fields.Number(c, &x.id)
	fields.Number(c, &x.pair)
	c.Count(&x.handshake)
}

// mostRequests bounds the requests of a connection that a part tells of.
const mostRequests = 1 << 40

// codeRequests codes how many connections had how many requests.
func (s *totals) codeRequests(c *fields.Coder) {
	keys := s.sortedKeys()
	c.Rows(len(keys), 64, func(i int) {
		n, conns := int64(0), int64(0)
		if !c.Reading() {
			n, conns = keys[i], s.perConnection[keys[i]]
		}
		fields.Number(c, &n)
		c.Count(&conns)
		if c.Reading() && (n < 1 || n > mostRequests) {
			c.Wrong()
			return
		}
		s.perConnection[n] = conns
	})
}

func (b *bins) code(c *fields.Coder) {
	c.One(func() {
		c.Time(&b.start)
		c.Count(&b.width)
	})
	fields.Slice(c, &b.n, func(n *int64) { c.Count(n) })
}

// valid reports whether all numbers are those of rows that there are.
func (s *Sums) valid() bool {
	t, p := s.totals, s.pools
	pairs, servers, hosts := uint32(p.pairs.Len()), uint32(p.servers.Len()), uint32(len(t.held))
	if pairs == 0 || servers == 0 || hosts == 0 || len(p.timings.slots) == 0 || p.timings.slots[0].used || len(t.estimates.inFlight) > int(pairs) {
		return false
	}
	ok := s.First <= s.Last && p.valid() && t.half.valid()
	for i := range uint32(t.timeWaits.Len()) {
		e := t.timeWaits.At(i)
		ok = ok && e.host < hosts && e.server < servers
	}
	for _, l := range []*compact.List[portUse]{&t.portUses, &t.estimates.turns} {
		for i := range uint32(l.Len()) {
			ok = ok && l.At(i).pair < pairs
		}
	}
	for _, l := range []*compact.List[reusable]{&t.reusable, &t.estimates.reusable} {
		for i := range uint32(l.Len()) {
			ok = ok && l.At(i).pair < pairs
		}
	}
	for _, b := range []*bins{&t.connections, &t.requests, &t.reused} {
		ok = ok && b.valid()
	}
	return ok
}

// valid reports whether pairs have servers, and servers have times of their own.
func (p *pools) valid() bool {
	ok := true
	times := map[uint32]bool{0: true}
	for i := range uint32(p.servers.Len()) {
		x := p.servers.At(i)
		ok = ok && int(x.times) < len(p.timings.slots) && (x.times == 0 || !times[x.times] && p.timings.slots[x.times].used)
		times[x.times] = true
	}
	for i := range uint32(p.pairs.Len()) {
		ok = ok && int(p.pairs.At(i).server) < p.servers.Len()
	}
	return ok
}

// valid reports whether half-closed sockets have hosts.
func (x *halfClosing) valid() bool {
	ok := true
	for i := range uint32(x.spans.Len()) {
		ok = ok && int(x.spans.At(i).host) < len(x.ips)
	}
	return ok
}

// longestSeries bounds what all bins span, in seconds.
const longestSeries = 4.2e9

// valid reports whether there are as many bins as there may be, as wide as they may be.
func (b *bins) valid() bool {
	width := b.width
	for width > 1 && width%10 == 0 {
		width /= 10
	}
	return len(b.n) <= maxBins && (width == 1 && b.width <= 1e8 && int64(len(b.n))*b.width <= longestSeries || b.width == 0 && len(b.n) == 0)
}
