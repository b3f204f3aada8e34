package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// maxText bounds the strings of one exchange that are kept, in bytes each.
const maxText = 2048

// beginRecord begins the record of an exchange, and returns its number.
func (a *Analyzer) beginRecord(c *flows.Conn, t *httpState, h httpparse.Head, raw []byte, at int64, num uint64) int32 {
	connect, secured := int64(0), int64(0)
	if t.requests == 1 {
		connect, secured = connectTime(c), a.tlsTime(t)
	}
	a.exchanges = append(a.exchanges, Exchange{
		Connection: c.ID, N: t.requests, Method: h.Method(),
		MethodName: text(methodOf(raw)), Target: text(h.Target(raw)), Host: text(h.Host(raw)),
		RequestAt: at, RequestPacket: num, RequestDone: Unknown, FirstByteAt: Unknown, DoneAt: Unknown,
		ConnectTime: connect, TLSTime: secured,
	})
	return a.firstExchange + int32(len(a.exchanges))
}

// updateRecord notes what is known of an exchange, and when it was done.
func (a *Analyzer) updateRecord(x *exchange, done int64) {
	if x.record <= a.firstExchange {
		return // it was given up
	}
	e := &a.exchanges[x.record-1-a.firstExchange]
	e.RequestDone, e.FirstByteAt, e.DoneAt = x.requestDone, x.firstByteAt, done
	e.Status, e.ResponsePacket = x.status, x.responseNum
}

// updateRecords notes what is known of the exchanges that have no end. These stay
// outstanding, as the connection is still to be described.
func (a *Analyzer) updateRecords(t *httpState) {
	if t.outstanding == 0 {
		return
	}
	if x := a.states.h2Of(t); x != nil {
		for i := range x.streams {
			if s := &x.streams[i]; s.record != 0 {
				a.updateRecord(&s.exchange, Unknown)
			}
		}
		return
	}
	if t.current.record != 0 {
		a.updateRecord(&t.current, Unknown)
	}
	if t.queue == 0 {
		return
	}
	for _, x := range a.states.queues.At(t.queue).waiting() {
		if x.record != 0 {
			a.updateRecord(&x, Unknown)
		}
	}
}

// connectTime is what the first exchange of a connection waited for it.
func connectTime(c *flows.Conn) int64 {
	if ns, ok := c.ConnectTime(); ok {
		return ns
	}
	return Unknown
}

// text copies a part of a head, shortened if it is very long.
func text(b []byte) string {
	if len(b) > maxText {
		b = b[:maxText]
	}
	return string(b)
}

// methodOf returns the method as it was sent.
func methodOf(raw []byte) []byte {
	for i, b := range raw {
		if b == ' ' {
			return raw[:i]
		}
	}
	return nil
}
