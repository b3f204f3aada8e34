package analyze

import (
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// pools count the exchanges in flight of each client address and server.
type pools struct {
	byKey   compact.Index
	byAddr  map[flows.Endpoint]uint32
	pairs   compact.List[poolPair]   // the first is unused
	servers compact.List[poolServer] // so is this one
	last    pairKey
	lastNum uint32
	answers answers
	timings timings
	told    map[uint32]ServerTimes // of a copy, in place of timings

	limits                 Limits
	pairsLeft, serversLeft LeftOut
	classesLeft            [StatusClasses]int64 // responses of the servers that were left out
	needLeft               int64                // pool need of the pairs that were left out
	estimatedLeft          int64                // their connections whose requests are estimated: each is taken to be needed
}

// pairKey is a client address and a server.
type pairKey struct {
	client [16]byte
	server flows.Endpoint
}

func (k *pairKey) hash() uint32 {
	return flows.HashTuple(flows.HashEndpoint(&k.client, 0), flows.HashEndpoint(&k.server.IP, k.server.Port))
}

func (k *pairKey) clientAddr() netip.Addr { return netip.AddrFrom16(k.client).Unmap() }

// poolPair is a client address and a server. The intervals of exchanges are
// half-open, so what changes at one instant counts when the next begins.
type poolPair struct {
	key        pairKey
	server     uint32
	open, peak int32 // exchanges in flight: now, and the most that lasted
	at         int64 // when open last changed, ns since the epoch
	idle       int32 // open connections on which all is answered
	idleAt     int64 // when the last of them became so
	rtt        int64 // of the last connection

	agent                            products.ID // of the client, by its first requests
	proxied                          bool        // these requests were forwarded
	http10                           bool        // they are HTTP/1.0
	closeInHTTP10                    bool        // they are HTTP/1.0 and say close
	looks                            uint8       // how many were looked at
	reusedAfterBody, reusedAfterNone int64       // requests that followed a response with a body, or without

	connections, requests, withRequests int64
	first                               int64 // requests of midstream connections that are left out of the ratio
	opaque                              int64 // connections whose requests cannot be counted
	estimated                           estimated
	streams                             poolStreams
	timeWaits                           int64 // closes that left a TIME_WAIT
	seen                                int64 // when a connection of it was last added, ns since the epoch
}

// poolServer is what is summed up for one server.
type poolServer struct {
	addr                   flows.Endpoint
	clients                int64
	connections            int64
	requests, withRequests int64
	first, opaque          int64 // as in poolPair
	estimated              estimated
	closed                 Closers
	twClient, twServer     int64
	twBoth, twUnknown      int64
	streams                StreamCount
	fatesUnknown           int64 // connections whose requests are counted and whose responses cannot be
	advTimeout, advMax     int64
	advertisedAt           int64       // when it was last told, ns since the epoch
	software               products.ID // by its first responses
	looks                  uint8
	softwareAt             int64  // when that showed
	timesLost              bool   // those of servers with more responses were kept instead
	times                  uint32 // number of its times, 0 for none
	byClass                [StatusClasses]int64
}

// init makes the pools empty.
func (p *pools) init() {
	p.byAddr = map[flows.Endpoint]uint32{}
	p.pairs.Add(poolPair{})
	p.servers.Add(poolServer{})
	p.timings.slots = make([]serverTimes, 1)
}

// pair returns the number of the pair of c, whose client is that side.
func (p *pools) pair(c *flows.Conn, client flows.Side) uint32 {
	k := pairKey{c.Endpoint(client).IP, c.Endpoint(client.Peer())}
	if k == p.last && p.lastNum != 0 {
		return p.lastNum
	}
	hash := k.hash()
	n := p.find(hash, &k)
	if n == 0 {
		n = uint32(p.pairs.Len())
		p.byKey.Add(hash, n)
		s := p.serverOf(k.server)
		p.servers.At(s).clients++
		p.pairs.Add(poolPair{key: k, server: s})
	}
	p.last, p.lastNum = k, n
	return n
}

// find returns the number of the pair with that key, 0 if there is none.
func (p *pools) find(hash uint32, k *pairKey) uint32 {
	return p.byKey.Find(hash, func(n uint32) bool { return p.pairs.At(n).key == *k })
}

func (p *pools) serverOf(addr flows.Endpoint) uint32 {
	n, ok := p.byAddr[addr]
	if !ok {
		n = uint32(p.servers.Len())
		p.byAddr[addr] = n
		p.servers.Add(poolServer{addr: addr, advTimeout: Unknown, advMax: Unknown})
	}
	return n
}

// change adds exchanges that begin at t, or takes away those that end.
func (p *pools) change(pair uint32, t int64, by int32) {
	x := p.pairs.At(pair)
	if t > x.at {
		x.peak = max(x.peak, x.open)
		x.at = t
	}
	x.open = max(0, x.open+by) // what began before the pair was left out is not counted
}

// need returns how many connections a perfect pool would have opened.
func (x *poolPair) need() int64 {
	n := x.streams.need()
	if single := x.withRequests - x.streams.used; single > 0 {
		n += min(max(1, int64(max(x.peak, x.open))), single)
	}
	return n
}

// noteAdvertised notes what a response says in Keep-Alive.
func (p *pools) noteAdvertised(pair uint32, h httpparse.Head, at int64) {
	s := p.servers.At(p.pairs.At(pair).server)
	s.advertisedAt = at
	if n := h.KeepAliveTimeout(); n >= 0 {
		s.advTimeout = int64(n)
	}
	if n := h.KeepAliveMax(); n >= 0 {
		s.advMax = max(s.advMax, int64(n))
	}
}

// idle returns how many connections are idle to the server of c, of its client,
// when c is opened. What became idle within a round trip does not count: where
// the capture was made at the server, the client may not have known yet.
func (p *pools) idle(c *flows.Conn) uint16 {
	k := pairKey{c.Endpoint(flows.Initiator).IP, c.Endpoint(flows.Responder)}
	n := p.lastNum
	if k != p.last {
		n = p.find(k.hash(), &k)
	}
	x := p.pairs.At(n)
	if n == 0 || c.Start-x.idleAt < x.rtt {
		return 0
	}
	return uint16(min(x.idle, math.MaxUint16))
}

// becomeIdle counts a connection as idle from then on.
func (p *pools) becomeIdle(t *httpState, at int64) {
	if !t.has(idle) && t.pair != 0 {
		t.facts |= idle
		x := p.pairs.At(t.pair)
		x.idle++
		x.idleAt = max(x.idleAt, at)
	}
}

// becomeBusy counts a connection as idle no more.
func (p *pools) becomeBusy(t *httpState) {
	if t.has(idle) {
		t.facts &^= idle
		if t.pair != 0 { // it was left out
			p.pairs.At(t.pair).idle--
		}
	}
}

// noteRequest notes a request on a connection, which is idle no more.
func (p *pools) noteRequest(t *httpState) {
	p.becomeBusy(t)
	if t.responses == 0 || t.outstanding > 0 {
		return
	}
	if t.has(lastHadBody) {
		p.pairs.At(t.pair).reusedAfterBody++
	} else {
		p.pairs.At(t.pair).reusedAfterNone++
	}
}

// closers returns who closed first at each server, by its number.
func (p *pools) closers() []Closers {
	all := make([]Closers, p.servers.Len())
	for i := range all {
		all[i] = p.servers.At(uint32(i)).closed
	}
	return all
}
