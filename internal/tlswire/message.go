package tlswire

// message is the handshake message under way in one direction. Of a hello the bytes
// are kept until it is whole.
type message struct {
	header [4]byte // type and length
	have   uint8   // bytes of it
	left   uint32  // bytes of the body that are to come
	buf    int32   // the body so far, 0 for none
}

// drop gives the memory of a hello back.
func (m *message) drop(t *Table) {
	if m.buf != 0 {
		t.release(m.buf)
		m.buf = 0
	}
}

// skip takes n bytes that are missing, and reports whether they are all of that message
// but its end, so that the place is known.
func (m *message) skip(n uint64) bool {
	if m.have < uint8(len(m.header)) || n > uint64(m.left) {
		return false
	}
	if m.left -= uint32(n); m.left == 0 {
		*m = message{}
	}
	return true
}

// handshake takes bytes of handshake messages up to the end of the first, and returns
// how many.
func (s *Session) handshake(from Side, r *stream, b []byte, t *Table) int {
	m := &r.message
	head := 0
	if m.have < uint8(len(m.header)) {
		head = copy(m.header[m.have:], b)
		m.have += uint8(head)
		t.note(0, head, Frame, false)
		if m.have < uint8(len(m.header)) {
			return head
		}
		m.left = uint32(m.header[1])<<16 | uint32(m.header[2])<<8 | uint32(m.header[3])
		s.begins(from, r, t)
	}
	n := min(int(m.left), len(b)-head)
	body := b[head : head+n]
	if m.buf != 0 {
		t.note(head, n, m.kind(), n == int(m.left))
	}
	if m.buf != 0 && !t.add(m.buf, body) {
		s.facts |= bigHello
		m.drop(t)
	}
	m.left -= uint32(n)
	if m.left == 0 {
		s.helloDone(from, r, true, t)
		*m = message{}
	}
	return head + n
}

// kind returns the kind of a hello.
func (m *message) kind() PieceKind {
	if messageType(m.header[0]) == clientHelloMessage {
		return ClientHello
	}
	return ServerHello
}

// begins takes the header of a handshake message.
func (s *Session) begins(from Side, r *stream, t *Table) {
	m := &r.message
	kind := messageType(m.header[0])
	switch kind {
	case clientHelloMessage:
		s.client = from
		if !s.has(sawClientHello) {
			s.firstAt = r.begun
		}
		s.facts |= sawClientHello
	case certificateMessage, serverKeyExchangeMessage, serverHelloDoneMessage, clientKeyExchangeMessage:
		s.facts |= fullHandshake
	case certificateRequestMessage:
		s.facts |= fullHandshake | asksCertificate
	}
	if kind == clientHelloMessage || kind == serverHelloMessage {
		if m.left > maxHello {
			s.facts |= bigHello
			return
		}
		m.buf = t.hold()
	}
}

// helloDone takes a hello of which all is there, or all that was captured.
func (s *Session) helloDone(from Side, r *stream, whole bool, t *Table) {
	m := &r.message
	if m.buf == 0 {
		return
	}
	byClient := messageType(m.header[0]) == clientHelloMessage
	h := readHello(t.hellos[m.buf-1], byClient)
	h.whole = h.whole && whole
	if byClient {
		s.clientHello(&h, t)
	} else {
		s.serverHello(from, &h, t)
	}
	m.drop(t)
}

// clientHello takes the first hello or, after a HelloRetryRequest, the second.
func (s *Session) clientHello(h *hello, t *Table) {
	if s.has(helloWhole) && !h.whole {
		return
	}
	set := func(f facts, is bool) {
		s.facts &^= f
		if is {
			s.facts |= f
		}
	}
	set(helloWhole, h.whole)
	set(offersTicket, h.ticket)
	set(offersSessionID, len(h.sessionID) > 0)
	set(offersKeys, h.psk)
	set(offersEarly, s.has(offersEarly) || h.earlyData)
	set(offers13, h.version >= version13)
	s.version = h.version
	if h.serverName != nil {
		s.serverName = t.name(h.serverName)
	}
	if h.protocols != nil && len(h.protocols) <= maxProtocols {
		s.offered = t.name(h.protocols)
	}
}

// serverHello takes a ServerHello.
func (s *Session) serverHello(from Side, h *hello, t *Table) {
	s.client = 1 - from
	s.version = h.version
	if h.version == version13 {
		s.facts |= chose13
	}
	if h.retry {
		return
	}
	s.facts |= sawServerHello
	if h.psk {
		s.facts |= choseKeys
	}
	if h.npn {
		s.facts |= choseNPN
	}
	if h.protocols != nil && len(h.protocols) <= maxProtocols {
		s.chosen = t.name(h.protocols)
	}
	if h.whole {
		s.facts |= serverHelloWhole
	}
}
