package tlswire

// Side is one of the two sides of a connection.
type Side = uint8

// Reader is what it takes to read on: it can be given up before the Session. It holds
// no pointer. The zero Reader is new.
type Reader struct{ streams [2]stream }

// Session is what was seen of one connection. It holds no pointer. The zero Session is
// new.
type Session struct {
	facts  facts
	client Side // who sent the ClientHello, or is taken for the client

	version      uint16 // that the server chose; before, the highest offered
	alertCode    uint8  // the first that can be read
	alertBy      Side
	serverName   uint32 // its number in the Table
	offered      uint32 // list of protocols
	chosen       uint32 // list with the one that the server chose in clear
	serverFlight uint16 // length of the server's first encrypted record of TLS 1.3
	alertAt      int64  // when it came
	firstAt      int64  // first byte of the first ClientHello
	doneAt       int64  // the last Finished

	turns turns
}

// facts are what was seen.
type facts uint32

const (
	sawClientHello facts = 1 << iota
	helloWhole           // the ClientHello could be read to its end
	sawServerHello
	serverHelloWhole
	chose13 // a ServerHello or a HelloRetryRequest says TLS 1.3
	offersTicket
	offersSessionID
	offersKeys // pre-shared ones
	offersEarly
	offers13
	choseKeys     // the server took one of the pre-shared keys
	fullHandshake // of TLS 1.2: a message that no session that is resumed has (RFC 5246, 7.3)
	asksCertificate
	sawAlert      // one that can be read
	clientDone    // its Finished came
	serverDone    //
	shortened     // TLS 1.2: the server went on without a certificate
	midstream     // the beginning was not captured
	badPlace      // bytes that were no records, or a place was lost
	bigHello      // a hello that is too long to be read, or that came when there was no room
	flightHoled   // something of the server's is missing that came before its Finished
	serverStarted // an encrypted record of the server came
	choseNPN      // the client chooses a protocol, encrypted
	answeredHTTP  // the server speaks HTTP without TLS
	clientWentOn  // TLS 1.3: an encrypted record of the client came that is neither its Finished nor an alert
)

func (s *Session) has(f facts) bool { return s.facts&f != 0 }

// Begin says which side is the client if no ClientHello tells, and whether the
// beginning of the connection was captured.
func (s *Session) Begin(client Side, whole bool) {
	s.client = client
	if !whole {
		s.facts |= midstream
	}
}

// Data takes bytes of one side, which came at that time, ns since the epoch, at the
// beginning of a segment.
func (s *Session) Data(rd *Reader, from Side, b []byte, at int64, t *Table) {
	r := &rd.streams[from]
	t.at, t.pieces = 0, t.pieces[:0]
	switch r.state {
	case noTLS:
		return
	case isLost:
		if len(b) < headerLen || !isHeader(b) {
			return
		}
		r.state = inOrder
	}
	for len(b) > 0 && r.state == inOrder {
		goesOn := r.have > 0
		head, body, whole := r.next(b, at)
		switch {
		case r.state == inOrder || r.http || goesOn && r.length == 0:
			t.note(0, head, Frame, false)
		case r.length == 0:
			t.note(0, head, Other, false)
		}
		t.at += head
		watching := t.watching
		if t.whole && s.handshakes(from, r) {
			t.note(0, len(body), Frame, false)
			t.watching = false
		}
		s.body(from, r, body, t)
		t.watching = watching
		t.at += len(body)
		b = b[head+len(body):]
		if whole {
			s.record(from, r, at, t)
		}
	}
	if r.state == isLost {
		switch {
		case from == s.client:
		case r.http:
			s.facts |= answeredHTTP
		case r.length != 0 && !s.has(serverDone):
			s.facts |= flightHoled
		}
		s.lose(rd, from, t)
	}
}

// Gap takes a number of bytes of one side that are missing: were not captured, or were
// cut off.
func (s *Session) Gap(rd *Reader, from Side, n uint64, at int64, t *Table) {
	r := &rd.streams[from]
	if r.state != inOrder {
		return
	}
	if left := uint64(r.left); left > 0 && n > left { // the record is over, whatever follows
		s.Gap(rd, from, left, at, t)
		n -= left
	}
	s.helloDone(from, r, false, t)
	kind, known := r.kind, r.left > 0 && n <= uint64(r.left)
	if known && kind == handshake && !s.encrypted(r) {
		known = r.message.skip(n)
		r.holed = r.holed || !known
	}
	if from != s.client && !s.has(serverDone) && !known {
		s.facts |= flightHoled
	}
	if r.skip(n) {
		s.record(from, r, at, t)
	}
	if r.state == isLost {
		s.lose(rd, from, t)
	}
}

// Inside takes n bytes of a side that lie inside a record of application data and do not end
// it, and reports whether they do; else it takes nothing, and Data must.
func (rd *Reader) Inside(from Side, n int) bool {
	r := &rd.streams[from]
	if r.state != inOrder || r.kind != applicationData || n >= int(r.left) {
		return false
	}
	r.left -= uint16(n)
	return true
}

// Begins reports whether what a side has sent begins a record, Unknown while it may.
func (rd *Reader) Begins(from Side) Answer {
	switch r := &rd.streams[from]; {
	case r.some || r.left > 0:
		return Yes
	case r.state != inOrder:
		return No
	}
	return Unknown
}

// UnderWay reports whether a side has sent a part of a header.
func (rd *Reader) UnderWay(from Side) bool { return rd.streams[from].have > 0 }

// Close gives back what the reader holds. It is new then.
func (rd *Reader) Close(t *Table) {
	for i := range rd.streams {
		rd.streams[i].message.drop(t)
	}
	*rd = Reader{}
}

// lose notes that a place was lost.
func (s *Session) lose(rd *Reader, from Side, t *Table) {
	r := &rd.streams[from]
	s.helloDone(from, r, false, t)
	r.message.drop(t)
	r.message = message{}
	s.facts |= badPlace
	if !s.has(sawClientHello|sawServerHello|midstream) && !rd.streams[0].some && !rd.streams[1].some {
		r.state = noTLS
	}
}

// encrypted reports whether the records of a side that say what they are, are
// encrypted all the same: behind ChangeCipherSpec, but in TLS 1.3, where that means
// nothing (RFC 8446, D.4).
func (s *Session) encrypted(r *stream) bool { return r.ccs && !s.has(chose13) }

// body takes the bytes of the record under way.
func (s *Session) body(from Side, r *stream, b []byte, t *Table) {
	switch r.kind {
	case handshake:
		if s.encrypted(r) {
			return
		}
		at := t.at
		for len(b) > 0 {
			n := s.handshake(from, r, b, t)
			b = b[n:]
			t.at += n
		}
		t.at = at
	case alert:
		if r.length != 2 { // encrypted
			return
		}
		t.note(0, len(b), Frame, false)
		if r.left == 0 && len(b) > 0 { // level and description
			s.alert(from, r, b[len(b)-1])
		}
	}
}

// record takes a record that is whole.
func (s *Session) record(from Side, r *stream, at int64, t *Table) {
	r.some = true
	switch r.kind {
	case changeCipherSpec:
		r.ccs = true
		if from != s.client && s.has(sawServerHello) && !s.has(fullHandshake) {
			s.facts |= shortened
		}
	case handshake:
		if r.holed {
			r.message.drop(t)
			r.message = message{}
		}
		if s.encrypted(r) {
			s.finished(from, at)
		}
	case applicationData:
		s.data(from, r, at)
	case alert:
		if r.length != 2 { // encrypted
			s.turns.notified[from] = r.begun
		}
	}
}

// alert takes an alert in clear.
func (s *Session) alert(from Side, r *stream, code uint8) {
	switch {
	case code == closeNotify:
		s.turns.notified[from] = r.begun
	case !s.has(sawAlert):
		s.facts |= sawAlert
		s.alertCode, s.alertBy, s.alertAt = code, from, r.begun
	}
}

// finished notes that a side has sent its Finished.
func (s *Session) finished(from Side, at int64) {
	f := serverDone
	if from == s.client {
		f = clientDone
	}
	if s.has(f) {
		return // a renegotiation
	}
	s.facts |= f
	if s.has(clientDone) && s.has(serverDone) {
		s.doneAt = at
	}
}

// data takes a record of application data: of TLS 1.3 also what else is encrypted.
func (s *Session) data(from Side, r *stream, at int64) {
	switch {
	case !s.has(chose13) || s.has(midstream):
	case from != s.client:
		if !s.has(serverStarted) {
			s.facts |= serverStarted | serverDone
			s.serverFlight = r.length
		}
		if !s.has(clientDone) {
			return // its flight, and tickets
		}
	case !s.has(serverStarted): // early data
	case !s.has(clientDone):
		switch r.length {
		case finished256, finished384, finished256 + settingsLength, finished384 + settingsLength:
			s.finished(from, at)
		case alertLength:
			s.turns.notified[from] = r.begun
		default:
			s.facts |= clientWentOn
		}
		return
	}
	s.turns.data(from, from == s.client, r.length, r.begun, at, s.has(chose13) || s.has(midstream))
}

// Lengths of the record with a Finished of TLS 1.3, by its hash: a header of 4 bytes,
// the hash, the type, a tag of 16. Before it, in the same record, Chromium answers the
// settings of Google's servers (draft-vvv-tls-alps): a message with one extension
// without content.
const (
	finished256    = 4 + 32 + 1 + 16
	finished384    = 4 + 48 + 1 + 16
	settingsLength = 4 + 2 + 4
)
