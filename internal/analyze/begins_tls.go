package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// A first segment may hold less than the header of a record. What its bytes may begin is
// taken for TLS, without sawData, until the header is whole.

// mayBeTLS reports whether a segment of which httpparse.Detect needs more may begin a record.
func mayBeTLS(d *flows.Data) bool {
	return d.Cut == 0 && len(d.Payload) > 0 && d.Payload[0] >= 20 && d.Payload[0] <= 24
}

// settleTLS looks whether the first record of a connection has begun by now, and reports
// whether none can.
func (a *Analyzer) settleTLS(t *httpState, from flows.Side) (isNot bool) {
	x := a.states.tls.sessions.At(t.tls)
	if x.reader == 0 {
		return false
	}
	switch a.states.tls.readers.At(x.reader).Begins(tlswire.Side(from)) {
	case tlswire.Yes:
		t.facts |= sawData
	case tlswire.No:
		return true
	}
	return false
}

// notTLS takes a connection for one that speaks something else, with the segment that shows
// it.
func (a consumer) notTLS(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	began := from
	if x := a.states.tls.sessions.At(t.tls); a.states.tls.readers.At(x.reader).UnderWay(tlswire.Side(from.Peer())) {
		began = from.Peer()
	}
	a.takeBackTLS(c, t, began, d)
	if began != from {
		a.parse(c, t, from, d.Payload, d)
		return
	}
	a.show(c, from, d.Seq, d.Payload, httpparse.OtherPart, httpparse.None)
}

// takeBackTLS forgets that a connection may speak TLS, of which a side sent the beginning of a
// header.
func (a consumer) takeBackTLS(c *flows.Conn, t *httpState, began flows.Side, d *flows.Data) {
	if k := a.keyedOf(t); k != nil {
		a.endKeys(k)
		a.states.keys.found.Give(a.states.tls.sessions.At(t.tls).keyed)
	}
	a.states.tls.forget(t.tls)
	t.tls, t.proto = 0, NoProtocol
	t.facts = t.facts&^opaque | sawData
	a.reader = a.states.reader(t)
	a.parse(c, t, began, noMessage, d)
}

// noMessage begins no message of HTTP.
var noMessage = []byte{20}
