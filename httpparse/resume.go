package httpparse

import "math"

// Skip says that the next n bytes exist but were not captured. Inside a body
// that is counted or ends with the close, and inside one chunk's data, they
// are counted as if seen; a MessageDone to which that leads comes from the
// following Next, whose b may be empty. Elsewhere the place in the stream is
// lost, and the following Next says so.
func (p *Parser) Skip(n int64) {
	if n <= 0 {
		return
	}
	switch p.state {
	case stateUntilClose, stateTunnel, stateLost, stateNotHTTP:
		return
	case stateCounted:
		known := min(n, p.left)
		if p.left -= known; p.left > 0 {
			return
		}
		n -= known
		p.state = stateStart
		p.pend |= pendDone
	case stateChunkData:
		if n <= p.left {
			p.chunkTaken(n)
			return
		}
	}
	if n > 0 {
		p.Lose()
		p.pend |= pendLost
	}
}

// Lose says that the place in the stream is unknown, as where the opening of
// the connection was not captured. No event follows.
func (p *Parser) Lose() {
	p.state = stateLost
	p.notes = noteResumed
}

// SegmentStart says that the bytes to come begin with b and begin a segment.
// A parser that has lost its place resumes there if b begins like a message,
// of the kind seen before in this direction. Elsewhere it does nothing.
func (p *Parser) SegmentStart(b []byte) {
	if p.state == stateLost {
		p.resume(b)
	}
}

func (p *Parser) resume(b []byte) {
	var k Kind
	switch Detect(b) {
	case HTTP1Request:
		k = Request
	case HTTP1Response:
		k = Response
	default:
		return
	}
	if last := p.head.Kind(); last == NoKind || last == k {
		p.state = stateStart
	}
}

// Tunnel says that the bytes to come are no longer HTTP/1.x: the other side
// has agreed to a tunnel or an upgrade (RFC 9110, 9.3.6 and 7.8). Events that
// are due still come.
func (p *Parser) Tunnel() { p.state = stateTunnel }

// EndKind says where in a message a direction ended.
type EndKind uint8

// The ends of a direction.
const (
	Clean        EndKind = iota // between messages
	BodyComplete                // in a body that the close ends (RFC 9112, 8)
	BodyCut                     // in a body of which more was announced
	HeadCut                     // in a head
	WasLost                     // at an unknown place, or not HTTP/1.x at all
	TunnelEnded                 // after CONNECT or an upgrade
)

// String returns the end in words.
func (k EndKind) String() string {
	return name([]string{"clean", "body complete", "body cut", "head cut", "lost", "tunnel ended"}, k)
}

// Close ends the direction and says where; it gives the parser's buffer back.
// Events that are due must have been taken. The parser is as new afterwards.
func (p *Parser) Close(bufs *Buffers) EndKind {
	if p.state == stateHead { // moreHead may not have looked at its last bytes
		if _, r := ScanHead(bufs.get(p.buf)); r != NeedMore {
			p.Lose()
		}
	}
	if p.buf != 0 {
		p.release(bufs)
	}
	state := p.state
	*p = Parser{}
	switch state {
	case stateStart, stateStartCR:
		return Clean
	case stateHead:
		return HeadCut
	case stateUntilClose:
		return BodyComplete
	case stateTunnel:
		return TunnelEnded
	case stateLost, stateNotHTTP:
		return WasLost
	default:
		return BodyCut
	}
}

// State returns where in a message the parser stands.
func (p *Parser) State() State { return p.state }

// InBody reports whether the parser stands in a body.
func (p *Parser) InBody() bool { return p.state >= stateCounted && p.state <= stateUntilClose }

// IsLost reports whether the place is lost: the parser waits for a segment that
// begins a message.
func (p *Parser) IsLost() bool { return p.state == stateLost }

// Part is what bytes of a direction belong to.
type Part uint8

// The parts.
const (
	HeadPart        Part = iota // a head, or what should begin one
	FramingPart                 // sizes and line ends of a chunked body
	TrailerPart                 // its chunk extensions and trailers
	BodyPart                    // the data of a body
	OtherPart                   // no message: another protocol, a tunnel, or the place is lost
	ProxyPart                   // a PROXY protocol header, before the first message
	ClientHelloPart             // of TLS, without the header of the message; no parser tells it
	ServerHelloPart             // the same
)

// Part returns what the next byte belongs to, and how many bytes beginning with
// it belong there for sure: of a head Next tells where it ends.
func (p *Parser) Part() (part Part, n int64) {
	switch p.state {
	case stateStart, stateStartCR, stateHead, stateFrame:
		return HeadPart, math.MaxInt64
	case stateCounted, stateChunkData:
		return BodyPart, p.left
	case stateUntilClose:
		return BodyPart, math.MaxInt64
	case stateTunnel, stateLost, stateNotHTTP:
		return OtherPart, math.MaxInt64
	case stateChunkExt, stateTrailer, stateTrailerLF, stateTrailerLine:
		return TrailerPart, 1
	}
	return FramingPart, 1
}

// Remaining returns how many bytes of the body are missing, and whether that
// is known; of a chunked body it is known only that there are more.
func (p *Parser) Remaining() (n int64, known bool) {
	switch {
	case p.state == stateCounted:
		return p.left, true
	case p.InBody():
		return 0, false
	}
	return 0, true
}
