package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/httpparse/websocket"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Connections that became a WebSocket by a 101, or whose first extended CONNECT of HTTP/2
// made a stream one. What is kept of one hangs off its reader.

// socketStates hold what is kept of WebSockets, by number.
type socketStates struct{ compact.Slab[socketState] }

// socketState is what is kept of a WebSocket. Times are ns since the epoch.
type socketState struct {
	readers  [2]websocket.Reader // by flows.Side, as all that follows
	messages [2]uint32
	pings    [2]socketPings
	opened   int64 // when the 101 came, or the response to the CONNECT
	ended    int64 // of a stream; Unknown while it is open
	lastAt   int64 // when a frame was last whole
	closing  SocketClose
	closer   flows.Side
}

// socketPings are the Pings of a side.
type socketPings struct {
	n           uint32
	first, last int64
}

// SocketInfo is what the frames of a WebSocket show (RFC 6455). Times are ns since the epoch,
// durations ns.
type SocketInfo struct {
	Stream                         int64 // of HTTP/2, 0 if it is the whole connection
	Opened                         int64 // when the 101 came, or the response to the CONNECT
	Ended                          int64 // of a stream; Unknown while it is open
	LastAt                         int64 // when a frame last came, the 101 if none did
	ClientMessages, ServerMessages int64 // that were whole
	ClientPings, ServerPings       SocketPings
	Close                          SocketClose // the first one
	Lost                           bool        // bytes are missing, and the frames after them were not found: there may have been more
}

// SocketPings are the Pings of one side.
type SocketPings struct {
	Sent     int64
	Interval int64 // from one to the next, the mean; Unknown with fewer than two
}

// SocketClose is a Close. By is Nobody without one.
type SocketClose struct {
	By   Party
	Code uint16 // websocket.NoCode without
	Mark Mark
}

// isSocket reports whether a connection became a WebSocket by a 101 that was seen.
func (t *httpState) isSocket() bool { return t.has(tunnelled) && t.proto == WebSocket }

// beginSocket makes a connection a WebSocket from here on.
func (a *Analyzer) beginSocket(t *httpState, at int64) {
	r := a.states.reader(t)
	if r.socket != 0 {
		return
	}
	n, x := a.states.sockets.Take()
	x.opened, x.ended, x.lastAt = at, Unknown, at
	r.socket = n
}

// socketOf returns what is kept of a WebSocket, nil if a connection is none.
func (s *httpStates) socketOf(t *httpState) *socketState {
	if !t.isSocket() && !t.has(multiplexed) || t.reader == 0 || s.readers.At(t.reader).socket == 0 {
		return nil
	}
	return s.sockets.At(s.readers.At(t.reader).socket)
}

// socketData takes payload of a WebSocket, whose first byte has the sequence number seq.
func (a *Analyzer) socketData(c *flows.Conn, t *httpState, from flows.Side, b []byte, seq uint32, at int64, num uint64) {
	x := a.states.socketOf(t)
	if x == nil {
		a.show(c, from, seq, b, httpparse.OtherPart, httpparse.None)
		return
	}
	r := &x.readers[from]
	r.SegmentStart(b)
	for len(b) > 0 {
		framing, most := r.Framing()
		n, whole := r.Next(b[:min(len(b), most)])
		part := httpparse.OtherPart
		if framing {
			part = httpparse.FramingPart
		}
		a.show(c, from, seq, b[:n], part, httpparse.None)
		b = b[n:]
		seq += uint32(n)
		if whole {
			a.socketFrame(c, x, from, at, num)
		}
	}
}

// socketGap takes bytes of a WebSocket that were not captured.
func (a *Analyzer) socketGap(c *flows.Conn, t *httpState, from flows.Side, n uint64, at int64, num uint64) {
	if x := a.states.socketOf(t); n > 0 && x != nil && x.readers[from].Gap(n) {
		a.socketFrame(c, x, from, at, num)
	}
}

// socketFrame takes a frame that is whole.
func (a *Analyzer) socketFrame(c *flows.Conn, x *socketState, from flows.Side, at int64, num uint64) {
	f := x.readers[from].Frame()
	x.lastAt = max(x.lastAt, at)
	switch f.Op {
	case websocket.Ping:
		p := &x.pings[from]
		if p.n == 0 {
			p.first = at
		}
		p.n++
		p.last = at
	case websocket.Close:
		if x.closing.Code == 0 {
			x.closing, x.closer = SocketClose{Code: f.Code, Mark: Mark{at, num}}, from
		}
	case websocket.Pong:
	default:
		if f.Last {
			x.messages[from]++
		}
	}
	if a.story.of(c) {
		a.story.tellSocket(f)
	}
}

// tellSocket tells a frame in the story.
func (y *story) tellSocket(f *websocket.Frame) {
	switch n := len(y.frames); {
	case n > maxTold:
	case n == maxTold:
		y.frames = append(y.frames, "and more frames")
	case f.Op == websocket.Close && f.Code != websocket.NoCode:
		y.frames = append(y.frames, "WebSocket "+f.String()+" "+SocketCode(f.Code))
	default:
		y.frames = append(y.frames, "WebSocket "+f.String())
	}
}

// socketInfo returns what the frames of c show, nil if it is no WebSocket.
func (a *Analyzer) socketInfo(t *httpState, client flows.Side) *SocketInfo {
	x := a.states.socketOf(t)
	if x == nil {
		return nil
	}
	info := &SocketInfo{
		Opened: x.opened, Ended: x.ended, LastAt: x.lastAt,
		ClientMessages: int64(x.messages[client]), ServerMessages: int64(x.messages[client.Peer()]),
		ClientPings: x.pings[client].told(), ServerPings: x.pings[client.Peer()].told(),
		Close: x.closing, Lost: x.readers[0].Losses()+x.readers[1].Losses() > 0,
	}
	if y := a.states.h2Of(t); y != nil {
		info.Stream = int64(y.socket)
	}
	if x.closing.Code != 0 {
		info.Close.By = party(x.closer.Set(), client)
	}
	return info
}

func (p *socketPings) told() SocketPings {
	x := SocketPings{Sent: int64(p.n), Interval: Unknown}
	if p.n > 1 {
		x.Interval = (p.last - p.first) / int64(p.n-1)
	}
	return x
}

// Open returns for how long it was a WebSocket: to the end of the stream or of c, or to the
// last packet.
func (x *SocketInfo) Open(c *Connection) int64 {
	if end := x.end(c); end != Unknown {
		return max(0, end-x.Opened)
	}
	return max(0, c.End-x.Opened)
}

// Silence returns how long no frame had come when it ended, Unknown if it is open.
func (x *SocketInfo) Silence(c *Connection) int64 {
	end := x.end(c)
	if end == Unknown {
		return Unknown
	}
	return max(0, end-x.LastAt)
}

// end returns when the stream or c ended, Unknown if it is open.
func (x *SocketInfo) end(c *Connection) int64 {
	if x.Ended != Unknown {
		return x.Ended
	}
	return c.Close.At
}
