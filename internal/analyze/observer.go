package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
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
	// more, the last one with HeadDone; so does a hello of TLS, of whose bytes those that
	// are encrypted are not shown. With [Options.WholeHandshakes] all that is of a
	// handshake of TLS is framing.
	Payload(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event)
}

// show shows bytes to the observer, if it wants this connection.
func (a *Analyzer) show(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event) {
	if a.watching {
		a.opt.Observer.Payload(c, from, seq, b, part, ev)
	}
}

// showTLS shows the observer what can be read of TLS without keys. The headers of its
// messages are framing; a hello comes without its header, as HelloPart.
func (a *Analyzer) showTLS(c *flows.Conn, from flows.Side, d *flows.Data) {
	for _, p := range a.states.tls.table.Pieces() {
		part, ev := httpparse.FramingPart, httpparse.None
		switch p.Kind {
		case tlswire.ClientHello:
			part = httpparse.ClientHelloPart
		case tlswire.ServerHello:
			part = httpparse.ServerHelloPart
		case tlswire.Other:
			part = httpparse.OtherPart
		}
		if p.Done {
			ev = httpparse.HeadDone
		}
		a.show(c, from, d.Seq+uint32(p.From), d.Payload[p.From:p.To], part, ev)
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

// onPacket returns what takes each packet, nil if nobody wants them.
func (a *Analyzer) onPacket() func(c *flows.Conn, s *flows.Segment) {
	w, packets := a.opt.Observer, a.opt.Packets
	if w == nil {
		return packets
	}
	return func(c *flows.Conn, s *flows.Segment) {
		if w.Wants(c.ID) {
			w.Packet(c, senderOf(c, s), s)
		}
		if packets != nil {
			packets(c, s)
		}
	}
}

// senderOf returns the side of c that sent s.
func senderOf(c *flows.Conn, s *flows.Segment) flows.Side {
	if c.Endpoint(flows.Responder) == s.Src() {
		return flows.Responder
	}
	return flows.Initiator
}
