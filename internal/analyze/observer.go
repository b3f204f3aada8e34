package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// An Observer is shown what some connections are made of, while they are analyzed.
// What it is handed is valid only during the call.
type Observer interface {
	// Wants reports whether it wants the connection with this ID.
	Wants(id uint64) bool

	// Packet is called for each packet but duplicates, in the order of capture, after
	// its payload has been shown as far as that is in sequence and did not have to wait.
	Packet(c *flows.Conn, from flows.Side, s *flows.Segment)

	// Payload shows bytes in sequence, the first of which has the sequence number
	// seq: what part they are, and what they led to. A head comes in one run or
	// more, the last one with HeadDone.
	Payload(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event)
}

// show shows bytes to the observer, if it wants this connection.
func (a *Analyzer) show(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event) {
	if a.watching {
		a.opt.Observer.Payload(c, from, seq, b, part, ev)
	}
}

// watch is Next, one part after the other, shown to the observer. b is the
// rest of the payload of d.
func (a *Analyzer) watch(c *flows.Conn, from flows.Side, p *httpparse.Parser, b []byte, d *flows.Data) (int, httpparse.Event) {
	part, run := p.Part()
	n, ev := p.Next(b[:min(int64(len(b)), run)], &a.bufs)
	if n > 0 {
		a.show(c, from, d.Seq+uint32(len(d.Payload)-len(b)), b[:n], part, ev)
	}
	return n, ev
}

// senderOf returns the side of c that sent s.
func senderOf(c *flows.Conn, s *flows.Segment) flows.Side {
	if c.Endpoint(flows.Responder) == s.Src() {
		return flows.Responder
	}
	return flows.Initiator
}
