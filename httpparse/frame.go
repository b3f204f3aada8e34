package httpparse

// Framing says how the end of a body is found.
type Framing uint8

// The framings (RFC 9112, 6.3).
const (
	NoBody     Framing = iota // the message ends with its head
	Counted                   // by Content-Length, see [Parser.Remaining]
	Chunked                   // by the last chunk
	UntilClose                // by the end of the direction
	Tunnel                    // what follows is not HTTP/1.x: CONNECT or an upgrade
	Unframed                  // it cannot be found; Lost follows
)

// String returns the framing in words.
func (f Framing) String() string {
	return name([]string{"no body", "counted", "chunked", "until close", "tunnel", "unframed"}, f)
}

// Frame decides, after HeadDone or [Parser.TakeHead], how the body of the
// message is delimited (RFC 9112, 6.3). For a response, request is the method of
// the request that it answers, which decides whether it has a body at all;
// NoMethod says that this is not known, and it is then taken for one that allows
// a body. For a request, NoMethod is right. A message without a body is complete,
// and the next call of [Parser.Next] answers MessageDone, also with no byte.
// After [Tunnel] that follows at once too, and no further event.
func (p *Parser) Frame(request Method) Framing {
	if p.state != stateFrame {
		return Unframed
	}
	f := p.framing(request)
	switch f {
	case NoBody:
		p.state = stateStart
		p.pend = pendDone
	case Counted:
		p.state = stateCounted
		p.left = p.head.ContentLength()
	case Chunked:
		p.state = stateChunkSize
		p.left = 0
		p.digits = 0
	case UntilClose:
		p.state = stateUntilClose
	case Tunnel:
		p.state = stateTunnel
		p.pend = pendDone
	case Unframed:
		p.Lose()
		p.pend = pendLost
	}
	return f
}

// framing applies RFC 9112, 6.3, to the packed head.
func (p *Parser) framing(request Method) Framing {
	flags := p.head.Flags()
	response := p.head.Kind() == Response
	if response {
		if f, ok := framingByStatus(p.head.code(), request); ok {
			return f
		}
	}
	switch {
	case flags&TEChunked != 0: // wins over Content-Length
		return Chunked
	case flags&HasTE != 0 && response:
		return UntilClose
	case flags&(HasTE|BadCL) != 0:
		return Unframed
	case flags&HasCL != 0 && p.head.ContentLength() == 0:
		return NoBody
	case flags&HasCL != 0:
		return Counted
	case response:
		return UntilClose
	default:
		return NoBody
	}
}

// framingByStatus returns the framing of a response whose fields do not
// matter, and reports whether it is one.
func framingByStatus(status uint16, request Method) (Framing, bool) {
	switch {
	case status == 101: // RFC 9110, 15.2.2
		return Tunnel, true
	case request == HEAD, status < 200, status == 204, status == 304:
		return NoBody, true
	case request == CONNECT && status < 300:
		return Tunnel, true
	}
	return NoBody, false
}
