package analyze

import (
	"bytes"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// Where packets are cut within heads, as with a capture of 96 bytes a packet, the
// beginning of each segment is still there. A turn that the beginning of a request opens
// and that of a response answers is taken for these two. It is an estimate: what follows
// in the same segment does not show.

// cutStates hold what the beginnings of segments show of connections whose requests are
// cut, by ID.
type cutStates struct {
	states compact.Slab[cutState]
	by     map[uint64]uint32
}

// cutState is what they show of one connection. Times are ns since the epoch.
type cutState struct {
	turnNote    // of the last turn
	n, answered uint32
	pending     bool // the request of a turn has come, the response has not
	odd         bool // not a request and its response, one after the other
	requestNum  uint64
	requestAt   int64 // first byte of the last request
	requestDone int64
	firstByteAt int64 // of its response; 0 until then
	lastDone    int64 // last byte of the server
}

// begin begins the state of a connection, the first request of which is cut.
func (s *cutStates) begin(c *flows.Conn) {
	if s.by == nil {
		s.by = map[uint64]uint32{}
	}
	n, _ := s.states.Take()
	s.by[c.ID] = n
}

// forget takes a state back.
func (s *cutStates) forget(c *flows.Conn) {
	if n, ok := s.by[c.ID]; ok {
		*s.states.At(n) = cutState{}
		s.states.Give(n)
		delete(s.by, c.ID)
	}
}

// cutOf returns the state of a connection, nil if it has none.
func (a *Analyzer) cutOf(c *flows.Conn, t *httpState) *cutState {
	if t.facts&(cutInitiator|cutResponder) == 0 {
		return nil
	}
	n, ok := a.states.cuts.by[c.ID]
	if !ok {
		return nil
	}
	return a.states.cuts.states.At(n)
}

// cutData takes a segment of a connection with heads that are cut.
func (a *Analyzer) cutData(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	client := clientSide(c, t)
	x := a.cutOf(c, t)
	is := httpparse.Detect(d.Payload)
	if x == nil {
		if from != client || c.Midstream() || t.requests+t.responses > 0 || is != httpparse.HTTP1Request {
			return
		}
		a.states.cuts.begin(c)
		x = a.cutOf(c, t)
	}
	x.odd = x.odd || from == client && bytes.HasPrefix(d.Payload, []byte("CONNECT ")) // a tunnel follows
	if from == client {
		a.cutRequest(c, t, x, is == httpparse.HTTP1Request, d)
		return
	}
	switch {
	case !x.pending: // more of the response, or another one
		x.odd = x.odd || is == httpparse.HTTP1Response
	case is != httpparse.HTTP1Response:
		x.odd = true
	case interim(d.Payload):
		return
	default:
		x.pending = false
		x.answered++
		x.firstByteAt = d.Time
		a.pools.becomeIdle(t, d.Now)
	}
	x.lastDone = d.Now
}

// cutRequest takes a segment of the client.
func (a *Analyzer) cutRequest(c *flows.Conn, t *httpState, x *cutState, begins bool, d *flows.Data) {
	x.odd = x.odd || x.pending == begins // a request behind another, or more of one that is answered
	if begins && !x.pending {
		if t.pair == 0 {
			a.takePair(c, t, clientSide(c, t))
		}
		if x.n > 0 {
			a.states.addGap(c.ID, t, max(0, d.Time-x.lastDone))
			a.countTurn(&x.turnNote, x.requestAt, max(x.lastDone, x.requestAt+1))
		}
		if a.wanted(c) {
			x.pair = t.pair
		}
		x.n++
		x.pending = true
		x.requestAt, x.requestNum, x.firstByteAt = d.Time, d.Num, 0
		a.pools.becomeBusy(t)
	}
	x.requestDone = d.Now
}

// interim reports whether a response is none of the final ones.
func interim(head []byte) bool {
	const before = len("HTTP/1.1 ")
	return len(head) > before && head[before] == '1' && !bytes.HasPrefix(head[before:], []byte("101"))
}

// cutGap notes that bytes of such a connection are missing altogether.
func (a *Analyzer) cutGap(c *flows.Conn, t *httpState) {
	if x := a.cutOf(c, t); x != nil {
		x.odd = true
	}
}

// activity returns what the segments tell, as that of TLS has it.
func (x *cutState) activity(t *httpState) tlswire.Activity {
	act := tlswire.Activity{
		Requests: int64(x.n), Responses: int64(x.answered), RequestAt: x.requestAt, RequestDone: x.requestDone,
		FirstByteAt: x.firstByteAt, Estimated: !x.odd && t.requests == 0 && !t.has(tunnelled),
	}
	if x.answered > 0 {
		act.LastDone = x.lastDone
	}
	return act
}

// mayHaveTurns reports whether turnsOf may tell anything: of most connections in clear text
// it does not.
func (t *httpState) mayHaveTurns() bool {
	return t.tls != 0 || t.facts&(cutInitiator|cutResponder) != 0
}

// turnsOf returns what is estimated of the requests of a connection, and the packet of the
// last one; ok is false if nothing tells.
func (a *Analyzer) turnsOf(c *flows.Conn, t *httpState) (act tlswire.Activity, num uint64, ok bool) {
	switch {
	case t.has(decrypted):
	case t.tls != 0:
		x := a.states.tls.sessions.At(t.tls)
		act, num = x.Activity(&a.states.tls.table), x.requestNum
	default:
		if x := a.cutOf(c, t); x != nil && t.uncountable(c, clientSide(c, t)) {
			act, num = x.activity(t), x.requestNum
		}
	}
	return act, num, act.Estimated
}
