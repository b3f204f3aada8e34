package analyze

import (
	"fmt"
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// totals sum up what connections tell, one by one as they become final.
type totals struct {
	pools *pools
	sum   Totals
	hosts map[[16]byte]uint32 // numbers of addresses
	held  []host              // by number; [0] stands for those that were left out

	perConnection map[int64]int64 // connections by number of requests
	timeWaits     compact.List[timeWait]
	portUses      compact.List[portUse]
	reusable      compact.List[reusable]
	connections   bins // new ones
	requests      bins
	reused        bins // of the requests those on a connection that had carried one before

	example          example
	baseRequests     int64 // requests that the ratio is over
	responsesUnknown int64 // connections whose responses cannot be counted
	fatesUnknown     int64 // those of them whose requests can be
	hostsLeft        int64 // hosts that were left out

	folded    foldedTotals
	half      halfClosing
	estimates estimating
}

// host is an address that holds TIME_WAIT entries.
type host struct {
	ip     [16]byte
	closes int64 // entries that no later connection ended
	until  int64 // when the last entry ends, ns since the epoch
}

// timeWait is the life of one TIME_WAIT entry: half-open, ns since the epoch.
type timeWait struct {
	from, to int64
	host     uint32
	server   uint32 // of the connection
	id       uint32 // of the connection
	byServer bool   // the server holds it
	spared   bool   // a perfect pool would not have made its connection
	begun    bool   // its beginning is folded
}

// portUse is the time that a client port was taken: half-open, ns since the epoch.
type portUse struct {
	from, to int64
	pair     uint32
	begun    bool // its beginning is folded
}

// reusable is a connection with requests, which a perfect pool might have spared.
type reusable struct {
	id, pair  uint32
	handshake int64 // ns that it took
}

// init makes the totals empty. Lists are packed if many connections come before
// they are folded.
func (s *totals) init(p *pools, many bool) {
	if many {
		s.timeWaits.Pack()
		s.portUses.Pack()
		s.reusable.Pack()
		s.half.spans.Pack()
	}
	s.pools = p
	s.hosts = map[[16]byte]uint32{}
	s.perConnection = map[int64]int64{}
	s.held = make([]host, 1)
	s.folded.last = math.MaxInt64
}

// countFlags counts the flags of a packet.
func (s *totals) countFlags(f flows.Flags) {
	if f&flows.SYN != 0 {
		if f&flows.ACK != 0 {
			s.sum.SYNACK++
		} else {
			s.sum.SYN++
		}
	}
	if f&flows.FIN != 0 {
		s.sum.FIN++
	}
	if f&flows.RST != 0 {
		s.sum.RST++
	}
}

// countRequest counts a request in time.
func (s *totals) countRequest(at int64, reused bool) {
	s.requests.add(at)
	if reused {
		s.reused.addBeside(&s.requests)
	}
}

// takeBack takes a request back that was counted.
func (s *totals) takeBack(at int64, reused bool) {
	s.requests.remove(at)
	if reused {
		s.reused.remove(at)
	}
}

// add adds a connection that is final; began is who began to close it.
func (s *totals) add(c *flows.Conn, t *httpState, client flows.Side, began Party, timeWait, handshake int64) {
	pair := s.pools.pairs.At(t.pair)
	server := s.pools.servers.At(pair.server)
	s.sum.Connections++
	pair.connections++
	pair.seen = max(pair.seen, c.End)
	server.connections++
	s.connections.add(c.Start)
	s.addHandshake(c)
	s.addMessages(c, t, client, pair, server, handshake)
	s.addTransport(c, client)
	s.addClose(c, client, began, pair, server)
	s.addTimeWaits(c, t, client, timeWait)
	s.half.add(c, s.pools.limits.Hosts)
	s.weighExample(c, t)
}

// addHandshake counts how the connection was opened.
func (s *totals) addHandshake(c *flows.Conn) {
	switch c.Handshake() {
	case flows.HandshakeComplete, flows.HandshakeSimultaneous, flows.HandshakeSplit:
		s.sum.HandshakesComplete++
	case flows.HandshakeRefused:
		s.sum.Refused++
	case flows.HandshakeUnanswered:
		s.sum.Unanswered++
	case flows.HandshakeMidstream:
		s.sum.Midstream++
	}
}

// addMessages counts requests and responses.
func (s *totals) addMessages(c *flows.Conn, t *httpState, client flows.Side, pair *poolPair, server *poolServer, handshake int64) {
	x := &s.sum
	if t.uncountable(c, client.Peer()) {
		s.responsesUnknown++
		if t.requests > 0 {
			s.fatesUnknown++
			server.fatesUnknown++
		}
	} else {
		x.Responses += int64(t.responses)
		x.Interim += int64(t.interim)
		if !t.has(multiplexed) {
			x.Unmatched += t.unmatched()
		}
	}
	x.SurplusBytes += int64(t.surplus)
	if t.has(opaque) || t.uncountable(c, client) {
		x.HTTPUnknown++
		pair.opaque++
		server.opaque++
		return
	}
	n := int64(t.requests)
	if n == 0 {
		return
	}
	x.Requests += n
	pair.requests += n
	server.requests += n
	x.ConnectionsWithRequests++
	pair.withRequests++
	if t.has(multiplexed) {
		pair.streams.used++
	}
	server.withRequests++
	if n == 1 {
		x.SingleRequestConnections++
	}
	x.ReusedRequests += n - 1
	s.baseRequests += n
	if c.Midstream() {
		s.baseRequests--
		pair.first++
		server.first++
	}
	s.perConnection[n]++
	if ns, ok := c.ConnectTime(); ok {
		handshake += ns
	}
	s.reusable.Add(reusable{uint32(c.ID), t.pair, handshake})
}

// addTransport counts what TCP tells: probes, retransmissions, missing bytes.
func (s *totals) addTransport(c *flows.Conn, client flows.Side) {
	x := &s.sum
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

// addClose counts who closed, and how.
func (s *totals) addClose(c *flows.Conn, client flows.Side, by Party, pair *poolPair, server *poolServer) {
	x := &s.sum
	kind := c.CloseKind()
	x.CloseKinds[kind]++
	if kind == flows.CloseOpen || kind == flows.CloseHalf {
		x.Unfinished++
	}
	if kind == flows.CloseUnknown {
		x.ClosedFirst.Unknown++
		server.closed.Unknown++
	} else {
		x.ClosedFirst.add(by)
		server.closed.add(by)
	}
	tw := &x.TimeWait
	held := timeWaitOf(c, client)
	if held == TimeWaitClient || held == TimeWaitServer || held == TimeWaitBoth {
		pair.timeWaits++
	}
	switch held {
	case TimeWaitClient:
		tw.Client++
		server.twClient++
	case TimeWaitServer:
		tw.Server++
		server.twServer++
	case TimeWaitBoth:
		tw.Both++
		server.twBoth++
	case TimeWaitNone:
		tw.None++
	case TimeWaitPending:
		tw.Pending++
	case TimeWaitUnknown:
		tw.Unknown++
		server.twUnknown++
	}
}

// add counts a connection that was closed first by a party.
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

// addTimeWaits notes the TIME_WAIT entries and the use of the client's port.
func (s *totals) addTimeWaits(c *flows.Conn, t *httpState, client flows.Side, length int64) {
	port := portUse{from: c.Start, to: c.End, pair: t.pair}
	if c.CloseKind() == flows.CloseOpen || c.CloseKind() == flows.CloseHalf {
		port.to = math.MaxInt64
	}
	for side := range flows.Side(2) {
		from, restarted, ended, ok := c.TimeWaitSpan(side)
		if !ok {
			continue
		}
		to := restarted + length
		if ended != 0 {
			to = min(to, ended)
		}
		host := s.hostNumber(c.Endpoint(side).IP)
		s.timeWaits.Add(timeWait{from: from, to: to, host: host, server: s.pools.pairs.At(t.pair).server, id: uint32(c.ID), byServer: side != client})
		if ended == 0 {
			s.held[host].closes++
		}
		s.held[host].until = max(s.held[host].until, to)
		if side == client {
			port.to = max(port.to, to)
		}
	}
	if c.Opened() {
		s.portUses.Add(port)
	}
}

// hostNumber returns the number of an address.
func (s *totals) hostNumber(ip [16]byte) uint32 {
	n, ok := s.hosts[ip]
	if !ok {
		n = uint32(len(s.held))
		s.hosts[ip] = n
		s.held = append(s.held, host{ip: ip})
	}
	return n
}

// example is a connection worth a look.
type example struct {
	id     uint64
	weight int
	why    string
}

// weighExample weighs a connection as the example: one that shows best what costs
// most. The first of equals stays.
func (s *totals) weighExample(c *flows.Conn, t *httpState) {
	weight := 0
	switch {
	case t.requests == 0:
	case t.requests == 1 && c.FINs() != flows.NoSide:
		weight = 3
	case t.requests == 1:
		weight = 2
	default:
		weight = 1
	}
	if weight <= s.example.weight {
		return
	}
	s.example = example{id: c.ID, weight: weight}
	switch weight {
	case 3:
		s.example.why = "the first connection that was closed after a single request"
	case 2:
		s.example.why = "the first connection that carried a single request"
	case 1:
		s.example.why = fmt.Sprintf("the first connection that was reused: %d requests", t.requests)
	}
}
