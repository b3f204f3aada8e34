package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// tlsStates hold what TLS shows of the connections that speak it, by number.
type tlsStates struct {
	sessions compact.Slab[tlsState]
	readers  compact.Slab[tlswire.Reader]
	table    tlswire.Table
	underWay recordsUnderWay
}

// tlsState is what TLS shows of one connection.
type tlsState struct {
	tlswire.Session
	requestNum uint64      // first packet of the last turn
	reader     uint32      // number of its reader, 0 when both sides have ended
	ended      flows.Sides // which
	crossed    bool        // the server announced its end before it had the announcement of the client
	keyed      uint32      // number of what keys tell, 0 without
	turnNote               // of the last turn
}

// begin returns the number of a new state.
func (s *tlsStates) begin(c *flows.Conn, client flows.Side) uint32 {
	n, x := s.sessions.Take()
	x.Begin(tlswire.Side(client), !c.Midstream())
	x.reader, _ = s.readers.Take()
	return n
}

// data takes payload of one side, with its bytes that were cut off.
func (s *tlsStates) data(n uint32, from flows.Side, d *flows.Data) {
	x := s.sessions.At(n)
	if x.reader == 0 {
		s.table.Skip()
		return
	}
	rd := s.readers.At(x.reader)
	x.Data(rd, tlswire.Side(from), d.Payload, d.Time, &s.table)
	if d.Cut > 0 {
		x.Gap(rd, tlswire.Side(from), uint64(d.Cut), d.Time, &s.table)
	}
}

// gap takes bytes of one side that were not captured.
func (s *tlsStates) gap(n uint32, from flows.Side, bytes uint64, at int64) {
	if x := s.sessions.At(n); x.reader != 0 {
		x.Gap(s.readers.At(x.reader), tlswire.Side(from), bytes, at, &s.table)
	}
}

// end takes the end of what a side sends.
func (s *tlsStates) end(n uint32, from flows.Side) {
	x := s.sessions.At(n)
	if x.ended |= from.Set(); x.ended == flows.BothSides {
		s.close(x)
	}
}

// close gives back what it takes to read on.
func (s *tlsStates) close(x *tlsState) {
	if x.reader != 0 {
		s.readers.At(x.reader).Close(&s.table)
		if x.keyed != 0 {
			s.underWay = recordsUnderWay{}
		}
		s.readers.Give(x.reader)
		x.reader = 0
	}
}

// forget takes a state back.
func (s *tlsStates) forget(n uint32) {
	x := s.sessions.At(n)
	s.close(x)
	x.pair = 0
	s.sessions.Give(n)
}

// TLSInfo is what TLS shows of a connection, with keys or without.
type TLSInfo struct {
	tlswire.Info
	// Handshake is from the ClientHello to the last Finished or, where that did not
	// come, to the first alert or the close; Unknown where one of them was not seen.
	Handshake int64
}

// How far a handshake came.
const (
	HelloSent      = tlswire.HelloSent
	ServerAnswered = tlswire.ServerAnswered
	BothFinished   = tlswire.BothFinished
)

// AlertName returns the name that an alert has by its number.
func AlertName(code uint8) string { return tlswire.AlertName(code) }

// tlsOf returns what TLS shows of c, nil if it does not speak it.
func (a *Analyzer) tlsOf(c *flows.Conn, t *httpState) *TLSInfo {
	if t.tls == 0 {
		return nil
	}
	s := &a.states.tls
	x := &TLSInfo{Info: s.sessions.At(t.tls).Info(&s.table), Handshake: Unknown}
	a.tellKeyed(t, x)
	if a.opt.RewriteTLS != nil {
		a.opt.RewriteTLS(x)
	}
	done := x.Done
	switch {
	case x.Begun == 0:
		return x
	case done == 0 && x.AlertAt != 0:
		done = x.AlertAt
	case done == 0 && closedAt(c) != Unknown:
		done = closedAt(c)
	}
	if done != 0 {
		x.Handshake = max(0, done-x.Begun)
	}
	return x
}
