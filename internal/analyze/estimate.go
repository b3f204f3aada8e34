package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// tlsData takes payload of a connection that speaks TLS. A turn of its records is taken
// for a request and its response where it tells how idle connections were.
func (a *Analyzer) tlsData(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	s := &a.states.tls
	begins := t.tls == 0 && !c.Midstream()
	if t.tls == 0 {
		t.tls = s.begin(c, clientSide(c, t))
	}
	x := s.sessions.At(t.tls)
	before, awaited := x.Begun()
	begun, done := x.Span()
	ready := x.Ready()
	s.table.Watch(a.watching, a.opt.WholeHandshakes)
	s.data(t.tls, from, d)
	if a.hasKeys {
		if a.decrypt(c, t, from, d, begins); t.has(decrypted) {
			a.noteRecord(c, t)
			return // its messages tell more than its turns
		}
	}
	if side := tlswire.Side(from); side != x.Client() && x.CloseNotify(side) != 0 && x.CloseNotify(1-side) != 0 {
		x.crossed = x.crossed || c.UnacknowledgedData(from.Peer())
	}
	n, awaits := x.Begun()
	switch {
	case n != before:
		if t.pair == 0 {
			a.takePair(c, t, clientSide(c, t))
		}
		if gap := x.Pause(); gap >= 0 {
			a.states.addGap(c.ID, t, gap)
			a.countTurn(&x.turnNote, begun, max(done, begun+1))
		}
		if a.wanted(c) {
			x.pair = t.pair
		}
		x.requestNum = d.Num
		a.pools.becomeBusy(t)
	case awaited && !awaits, !ready && x.Ready():
		if t.pair == 0 {
			a.takePair(c, t, clientSide(c, t))
		}
		a.pools.becomeIdle(t, d.Now) // one that was opened ahead, too
	}
}

// tlsEnd takes the end of what a side of such a connection sends.
func (a *Analyzer) tlsEnd(c *flows.Conn, t *httpState, from flows.Side) {
	if x := a.states.tls.sessions.At(t.tls); x.ended == flows.NoSide {
		a.pools.becomeBusy(t)
		t.idleOthers = uint16(min(a.pools.pairs.At(t.pair).idle, math.MaxUint16))
	}
	a.keysEnd(c, t, from)
}

// announced returns when a side announced the end of its TLS, ns since the epoch; 0 if it
// did not, or if what looks like that is none: it comes right before the close. A side that
// has announced it sends FIN or RST, unless the other one resets the connection first.
func (a *Analyzer) announced(c *flows.Conn, t *httpState, side flows.Side) int64 {
	if t.tls == 0 {
		return 0
	}
	at := int64(0)
	if s := a.openedOf(t); s != nil {
		at = s.notified[side]
	} else {
		at = a.states.tls.sessions.At(t.tls).CloseNotify(tlswire.Side(side))
	}
	closed := closedAt(c)
	if at == 0 || closed == Unknown {
		return 0
	}
	if _, _, ok := c.FINAt(side); ok || closed-at <= lateClose {
		return at
	}
	if _, _, ok := c.RSTAt(side); ok {
		return at
	}
	return 0
}

// lateClose is how long after a close_notify the connection may close, ns, where its sender
// sent neither FIN nor RST: the sender is about to close, and the peer, told, comes first. Go's
// server sends GOAWAY and close_notify at an idle timeout and closes a second later; half a
// second is left for delays. What looks like close_notify earlier is something else, such as
// an empty ping of WebSocket.
const lateClose = 1500e6

// beganClose returns who began to close: the first that sent a close_notify or a FIN or,
// without both, an RST.
func (a *Analyzer) beganClose(c *flows.Conn, t *httpState, client flows.Side) Party {
	by := party(c.Began(), client)
	if t.tls == 0 || c.CloseKind() == flows.CloseUnknown {
		return by
	}
	first := int64(math.MaxInt64)
	if at := closedAt(c); at != Unknown {
		first = at
	}
	for side := range flows.Side(2) {
		// At the same instant the order of packets, which tells who sent FIN first, counts.
		if at := a.announced(c, t, side); at != 0 && (at < first || at == first && by != Client && by != Server) {
			first, by = at, party(side.Set(), client)
		}
	}
	return by
}

// tlsEnded returns when a connection that speaks TLS began to close: the first close_notify,
// FIN or RST, or Unknown.
func (a *Analyzer) tlsEnded(c *flows.Conn, t *httpState) int64 {
	end := closedAt(c)
	for side := range flows.Side(2) {
		if at := a.announced(c, t, side); at != 0 {
			end = min(end, at)
		}
	}
	return end
}

// turnNumbers fills what turns tell of the number of requests, and of pauses.
func (a *Analyzer) turnNumbers(c *flows.Conn, t *httpState, x *Connection) {
	if !t.mayHaveTurns() {
		return
	}
	act, _, ok := a.turnsOf(c, t)
	if !ok {
		return
	}
	x.RequestsEstimated = act.Requests
	if act.Requests == 0 {
		return
	}
	if end := a.tlsEnded(c, t); end != Unknown && act.LastDone != 0 && act.Requests == act.Responses {
		x.IdleLast = max(0, end-act.LastDone)
	}
	a.measureGaps(t, x)
}

// tlsEvidence fills what the records tell of why the connection ended.
func (a *Analyzer) tlsEvidence(c *flows.Conn, t *httpState, client flows.Side, x *Connection) {
	s := a.states.tls.sessions.At(t.tls)
	act := s.Activity(&a.states.tls.table)
	e := &x.Evidence
	e.ClientNotify, e.ServerNotify = a.announced(c, t, client), a.announced(c, t, client.Peer())
	if end := a.tlsEnded(c, t); end != Unknown && act.LastAt != 0 {
		e.Quiet = max(0, end-act.LastAt)
	}
	if act.FarewellAt != 0 && !act.Estimated && !t.has(decrypted) && x.Close.Began == Server {
		e.FarewellAt, e.Quiet = act.FarewellAt, act.FarewellAt-act.RestFrom
	}
	e.NotifiesCrossed = s.crossed && e.ClientNotify != 0 && e.ServerNotify != 0
	e.Data, e.Used, e.ServerLast = act.Data, act.Used, act.ServerLast
	if s := a.openedOf(t); s != nil {
		e.Data, e.Used = s.texts != flows.NoSide, s.texts&client.Set() != 0
	}
}

// turnEvidence fills what turns tell of why the connection ended.
func (a *Analyzer) turnEvidence(c *flows.Conn, t *httpState, x *Connection) {
	if !t.mayHaveTurns() {
		return
	}
	act, num, ok := a.turnsOf(c, t)
	if !ok || act.Requests == 0 {
		return
	}
	e := &x.Evidence
	e.ResponsesEstimated = act.Responses
	e.Request = Mark{act.RequestAt, num}
	e.RequestDone, e.ResponseBegun = act.RequestDone, act.FirstByteAt != 0
	e.FirstByteAt = Unknown
	if e.ResponseBegun {
		e.FirstByteAt = act.FirstByteAt
	}
	e.LastDone, e.Outstanding = Unknown, 0
	if act.LastDone != 0 {
		e.LastDone = act.LastDone // before the request under way, too
	}
	switch {
	case act.Requests > act.Responses:
		e.Outstanding = act.Requests - act.Responses
	case e.leftUnread(&x.Close):
		e.Outstanding, e.LastDone = 1, Unknown
	}
	if x.IdleLast != Unknown {
		e.SurvivedSameIdle = t.gaps.n > 0 && t.gaps.max >= x.IdleLast-idleTolerance
	}
}

// leftUnread reports whether the client announced its end in the middle of a response: data
// that it had received and not read made its kernel abort the connection (RFC 2525, 2.17).
// The server's own announcement, unread, would do the same.
func (e *Evidence) leftUnread(x *Close) bool {
	return e.ClientNotify != 0 && e.ClientRST.OK() && !e.ClientFIN.OK() && x.ResetShape == flows.ResetAbort &&
		e.ServerNotify == 0 && !e.ServerFIN.OK()
}
