package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// bdpPing reports whether a PING is known as one that measures the bandwidth-delay product,
// by what it holds: grpc-go and grpc-java send the same each time.
func bdpPing(opaque uint64) bool { return opaque == 0x02041010090e0707 || opaque == 1234 }

// roundTrip returns the round trip time of a connection in ns, 0 if it is not known.
func roundTrip(c *flows.Conn) int64 {
	ns, _ := c.RTT()
	return ns
}

// h2Ping takes a PING. One that comes after silence is to keep the connection alive;
// others follow the reset of a stream, as Go's client has them, or DATA of the other side,
// to measure how much that may send (gRPC).
func (a *Analyzer) h2Ping(c *flows.Conn, x *h2State, from flows.Side, f *http2.Frame) {
	if f.Has(http2.Ack) {
		return
	}
	p := &x.pings[from]
	since := f.At - x.lastAt
	switch {
	case x.lastAt == 0 || since < minQuiet:
		p.other++
		switch {
		case bdpPing(f.Opaque):
			p.bdp++
		case x.resetAt[from] != 0 && f.At-x.resetAt[from] <= sameWrite:
			p.cancel++
		case x.dataAt[from.Peer()] != 0 && f.At-x.dataAt[from.Peer()] <= sameWrite+roundTrip(c):
			p.bdp++
		}
		return
	case p.last != 0:
		p.interval = f.At - p.last
	case p.idle == 0:
		p.idle = since
	}
	p.keepAlive++
	p.last = f.At
}
