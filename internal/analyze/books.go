package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// books sum up what connections tell, one by one as they become final.
type books struct {
	pools  *pools
	totals Totals
	hosts  map[[16]byte]uint32
	addrs  [][16]byte

	perConn  map[int64]int64     // connections by number of requests
	spans    compact.List[entry] // TIME_WAIT entries
	uses     compact.List[use]   // ports
	reusable compact.List[saved]
	opened   bins // new connections
	asked    bins // requests
	again    bins // those on a connection that had carried one before

	example      example
	baseRequests int64 // requests that the ratio is over
	deaf         int64 // connections whose responses cannot be counted
	hostCloses   map[uint32]int64

	sums tally
}

// entry is the life of one TIME_WAIT entry: half-open, ns since the epoch.
type entry struct {
	from, to int64
	host     uint32
	pair, id uint32 // of the connection
	own      bool   // the server holds it
	spared   bool   // a perfect pool would not have made its connection
	begun    bool   // counted in the tally already
}

// use is the time that a client port was taken: half-open.
type use struct {
	from, to int64
	pair     uint32
	begun    bool // counted in the tally already
}

// saved is a connection with requests, which a perfect pool might have spared.
type saved struct {
	id, pair  uint32
	handshake int64
}

// init makes the books empty. They are kept in less room if many connections
// come before the sums are.
func (b *books) init(p *pools, many bool) {
	if many {
		b.spans.Pack()
		b.uses.Pack()
		b.reusable.Pack()
	}
	b.pools = p
	b.hosts = map[[16]byte]uint32{}
	b.perConn = map[int64]int64{}
	b.hostCloses = map[uint32]int64{}
	b.sums.last = math.MaxInt64
}

// flags counts the flags of a packet.
func (b *books) flags(f flows.Flags) {
	if f&flows.SYN != 0 {
		if f&flows.ACK != 0 {
			b.totals.SYNACK++
		} else {
			b.totals.SYN++
		}
	}
	if f&flows.FIN != 0 {
		b.totals.FIN++
	}
	if f&flows.RST != 0 {
		b.totals.RST++
	}
}

// request counts a request in time.
func (b *books) request(c *flows.Conn, a *Analyzer, at int64, again bool) {
	if a.wanted(c) {
		b.asked.add(at)
		if again {
			b.again.add(at)
		}
	}
}

// enter adds a connection that is final.
func (b *books) enter(c *flows.Conn, t *httpState, client flows.Side, timeWait int64) {
	x := &b.totals
	p := &b.pools.pairs[t.pair]
	s := &b.pools.servers[p.server]
	x.Connections++
	p.connections++
	s.connections++
	b.opened.add(c.Start)
	b.handshake(c)
	b.messages(c, t, client, p, s)
	b.wire(c, client)
	b.closing(c, t, client, s)
	b.entries(c, t, client, timeWait)
	b.consider(c, t)
}

// handshake counts how the connection was opened.
func (b *books) handshake(c *flows.Conn) {
	x := &b.totals
	switch c.Handshake() {
	case flows.HandshakeComplete, flows.HandshakeSimultaneous, flows.HandshakeSplit:
		x.HandshakesComplete++
	case flows.HandshakeRefused:
		x.Refused++
	case flows.HandshakeUnanswered:
		x.Unanswered++
	case flows.HandshakeMidstream:
		x.Midstream++
	}
}

// messages counts requests and responses.
func (b *books) messages(c *flows.Conn, t *httpState, client flows.Side, p *poolPair, s *poolServer) {
	x := &b.totals
	if t.unread(c, client.Peer()) {
		b.deaf++
	} else {
		x.Responses += int64(t.responses)
		x.Interim += int64(t.interim)
	}
	if t.has(opaque) || t.unread(c, client) {
		x.HTTPUnknown++
		p.opaque++
		s.opaque++
		return
	}
	n := int64(t.requests)
	if n == 0 {
		return
	}
	x.Requests += n
	p.requests += n
	s.requests += n
	x.ConnectionsWithRequests++
	p.withRequests++
	s.withRequests++
	if n == 1 {
		x.SingleRequestConnections++
	}
	x.ReusedRequests += n - 1
	b.baseRequests += n
	if c.Midstream() {
		b.baseRequests--
		p.first++
		s.first++
	}
	b.perConn[n]++
	handshake, ok := c.ConnectTime()
	if !ok {
		handshake = 0
	}
	b.reusable.Add(saved{uint32(c.ID), t.pair, handshake})
}

// wire counts what TCP tells.
func (b *books) wire(c *flows.Conn, client flows.Side) {
	x := &b.totals
	for side := range flows.Side(2) {
		p := c.Probes(side)
		by := &x.ServerProbes
		if side == client {
			by = &x.ClientProbes
		}
		by.Sent += int64(p.Sent)
		by.Answered += int64(p.Answered)
		x.Probes += int64(p.Sent)
		x.ProbesAnswered += int64(p.Answered)
		x.Retransmissions += int64(c.Retransmissions(side))
		x.MissingBytes += int64(c.Missing(side))
	}
}

// closing counts who closed, and how.
func (b *books) closing(c *flows.Conn, t *httpState, client flows.Side, s *poolServer) {
	x := &b.totals
	kind := c.CloseKind()
	x.CloseKinds[kind]++
	if kind == flows.CloseOpen || kind == flows.CloseHalf {
		x.Unfinished++
	}
	by := beganClose(c, client)
	x.ClosedFirst.add(by)
	s.closed.add(by)
	tw := &x.TimeWait
	switch timeWaitOf(c, client) {
	case TimeWaitClient:
		tw.Client++
		s.twClient++
	case TimeWaitServer:
		tw.Server++
		s.twServer++
	case TimeWaitBoth:
		tw.Both++
		s.twBoth++
	case TimeWaitNone:
		tw.None++
	case TimeWaitPending:
		tw.Pending++
	case TimeWaitUnknown:
		tw.Unknown++
	}
}

func (n *Closers) add(by Party) {
	switch by {
	case Client:
		n.Client++
	case Server:
		n.Server++
	case Both:
		n.Both++
	default:
		n.None++
	}
}

// entries notes the TIME_WAIT entries and the use of the client's port.
func (b *books) entries(c *flows.Conn, t *httpState, client flows.Side, timeWait int64) {
	port := use{from: c.Start, to: c.End, pair: t.pair}
	if c.CloseKind() == flows.CloseOpen || c.CloseKind() == flows.CloseHalf {
		port.to = math.MaxInt64
	}
	for side := range flows.Side(2) {
		from, restarted, ended, ok := c.TimeWaitSpan(side)
		if !ok {
			continue
		}
		to := restarted + timeWait
		if ended != 0 {
			to = min(to, ended)
		}
		host := b.host(c.Endpoint(side).IP)
		b.spans.Add(entry{from: from, to: to, host: host, pair: t.pair, id: uint32(c.ID), own: side != client})
		if ended == 0 {
			b.hostCloses[host]++
		}
		if side == client {
			port.to = max(port.to, to)
		}
	}
	if c.Opened() {
		b.uses.Add(port)
	}
}

// host returns the number of an address.
func (b *books) host(ip [16]byte) uint32 {
	n, ok := b.hosts[ip]
	if !ok {
		n = uint32(len(b.addrs))
		b.hosts[ip] = n
		b.addrs = append(b.addrs, ip)
	}
	return n
}
