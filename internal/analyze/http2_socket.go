package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// WebSockets in streams of HTTP/2 (RFC 8441). Of a connection the first is read.

// h2BeginSocket takes the response to the CONNECT that asks for a WebSocket.
func (a *Analyzer) h2BeginSocket(t *httpState, x *h2State, f *http2.Frame, fields *http2.Fields) {
	if fields.Status/100 != 2 || f.Has(http2.EndStream) {
		x.socket = 0 // another one may be
		return
	}
	a.beginSocket(t, f.At)
}

// h2SocketData gives what lies at the beginning of b to the WebSocket if it is DATA of its
// stream.
func (a *Analyzer) h2SocketData(c *flows.Conn, t *httpState, x *h2State, from flows.Side, b []byte, p piece) {
	y := a.states.socketOf(t)
	stream, n := x.readers[from].Data()
	if y == nil || stream != x.socket {
		return
	}
	r := &y.readers[from]
	for b = b[:min(uint64(len(b)), uint64(n))]; len(b) > 0; {
		n, whole := r.Next(b)
		b = b[n:]
		if whole {
			a.socketFrame(c, y, from, p.at, p.num)
		}
	}
}

// h2SocketGap takes n bytes of a side that were not captured: those of other streams' DATA
// do not matter.
func (a *Analyzer) h2SocketGap(c *flows.Conn, t *httpState, x *h2State, from flows.Side, n uint64, now int64) {
	y := a.states.socketOf(t)
	if y == nil {
		return
	}
	stream, left := x.readers[from].Data()
	within := n <= uint64(left)
	switch {
	case within && stream == x.socket:
		if y.readers[from].Gap(n) {
			a.socketFrame(c, y, from, now, 0)
		}
	case !within:
		y.readers[from].Gap(math.MaxUint64)
	}
}
