package tlswire

// Answer is yes, no, or what cannot be known.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

// Is reports whether the answer is yes.
func (a Answer) Is() bool { return a == Yes }

// IsNot reports whether the answer is no.
func (a Answer) IsNot() bool { return a == No }

// Stage is how far a handshake came.
type Stage uint8

// The stages.
const (
	HelloSent      Stage = iota // the server's hello did not come
	ServerAnswered              // it came, and not both Finished
	BothFinished
)

// Info is what is known of a session.
type Info struct {
	// Version is the one that the server chose, such as "1.3"; "" if its hello was
	// not captured.
	Version    string
	ServerName string   // SNI, as sent: hostile text; "" if there was none
	Offered    []string // ALPN, as sent: hostile text; nil if nothing was offered or it is not known

	// Protocol is what ALPN chose, "" for none. It is in the ServerHello of TLS 1.2. In
	// TLS 1.3 the length of the server's first encrypted record tells it, if that is
	// what one of the protocols makes it (RFC 8446, 4.3.1; RFC 7301, 3.1).
	Protocol      string
	ProtocolKnown bool

	// ResumptionOffered says whether the client offered to resume a session: by
	// pre-shared keys, a ticket or a session ID. Of the last it is known only if the
	// server takes it: programs make one up in every hello.
	ResumptionOffered Answer
	Resumed           Answer
	EarlyData         bool // offered
	CertificateAsked  bool // of the client; seen in TLS 1.2 only

	Begun int64 // first byte of the ClientHello, ns since the epoch; 0 if it was not captured
	Done  int64 // the last Finished; 0 if it was not seen

	// Failed reports whether the handshake cannot have come to its end, if the connection
	// has ended. In TLS 1.3 a server refuses a client's certificate, or that there is
	// none, only after the client has sent its Finished and maybe a request: it then
	// sends an alert, and no data.
	Failed bool

	// ClientAlert reports whether the last that the client sent seems to be an alert, which
	// is encrypted.
	ClientAlert bool
	// AnsweredHTTP reports whether the server answered the ClientHello in HTTP.
	AnsweredHTTP bool
	// Stage is how far the handshake came.
	Stage Stage
	// Lost reports whether a place in the records was lost: what came later, such as
	// close_notify, may not have been seen.
	Lost bool

	Alert         string // the first one in clear, as RFC 8446 names it, that is not close_notify; "" without
	AlertCode     uint8  // its number
	AlertByClient bool
	AlertAt       int64 // 0 without
	Client        Side
}

// Info returns what is known so far.
func (s *Session) Info(t *Table) Info {
	x := Info{
		ServerName: t.nameOf(s.serverName),
		Offered:    protocolList(t.nameOf(s.offered)),
		EarlyData:  s.has(offersEarly), CertificateAsked: s.has(asksCertificate),
		Begun: s.firstAt, Done: s.doneAt, Client: s.client, Failed: s.failed(),
		AnsweredHTTP: s.has(answeredHTTP), Lost: s.has(badPlace), ClientAlert: s.doneAt == 0 && s.turns.notified[s.client] != 0,
	}
	switch {
	case s.doneAt != 0:
		x.Stage = BothFinished
	case s.has(sawServerHello):
		x.Stage = ServerAnswered
	}
	if s.has(sawServerHello) {
		x.Version = versionName(s.version)
	}
	x.Protocol, x.ProtocolKnown = s.protocol(t)
	x.Resumed = s.resumed()
	switch {
	case s.has(offersKeys | offersTicket), x.Resumed == Yes:
		x.ResumptionOffered = Yes
	case s.has(helloWhole) && (s.has(offers13) || !s.has(offersSessionID)):
		x.ResumptionOffered = No
	}
	if s.has(sawAlert) {
		x.Alert, x.AlertCode, x.AlertAt = AlertName(s.alertCode), s.alertCode, s.alertAt
		x.AlertByClient = s.alertBy == s.client
	}
	return x
}

// failed reports whether the handshake has not come to its end, all bytes seen.
func (s *Session) failed() bool {
	switch x := &s.turns; {
	case !s.has(sawClientHello) || s.has(midstream|flightHoled|bigHello):
		return false
	case s.doneAt == 0: // with data behind the client's Finished it was content (RFC 7918)
		return !s.has(clientWentOn) && (x.n == 0 || s.has(sawAlert))
	default:
		refused := x.notified[1-s.client]
		return s.has(chose13) && x.n > 0 && x.answered == 0 && x.lastDone == 0 && refused != 0 && refused-s.doneAt <= s.doneAt-s.firstAt+verifying
	}
}

// verifying is the most that a server takes to refuse a client's certificate, ns, beside
// the round trip, which the handshake takes at least. A server that closes without a
// response to a request of a session that it has accepted takes longer.
const verifying = 10e6

// resumed tells whether the server resumed a session.
func (s *Session) resumed() Answer {
	switch {
	case !s.has(sawServerHello):
	case s.version >= version13:
		if s.has(choseKeys) {
			return Yes
		}
		if s.has(serverHelloWhole) {
			return No
		}
	case s.has(fullHandshake):
		return No
	case s.has(shortened) && !s.has(flightHoled):
		return Yes
	}
	return Unknown
}

// protocol returns what ALPN chose, and whether that is known.
func (s *Session) protocol(t *Table) (string, bool) {
	switch {
	case s.chosen != 0:
		if list := protocolList(t.nameOf(s.chosen)); len(list) == 1 {
			return list[0], true
		}
		return "", false
	case !s.has(sawServerHello), s.has(choseNPN):
		return "", false
	case s.has(helloWhole) && s.offered == 0, s.version < version13 && s.has(serverHelloWhole):
		return "", true
	case s.version < version13 || !s.has(helloWhole) || s.serverFlight == 0 || s.has(flightHoled):
		return "", false
	}
	return s.byLength(protocolList(t.nameOf(s.offered)))
}

// Parts of EncryptedExtensions in a record of TLS 1.3: message header, length of the
// extensions, type and tag; then an extension without content, which acknowledges the
// server's name or early data; and ALPN but for the name.
const (
	extensionsLength = 4 + 2 + 1 + 16
	emptyExtension   = 4
	alpnExtension    = 4 + 2 + 1
)

// byLength finds the one protocol that makes the server's first encrypted record as
// long as it is.
func (s *Session) byLength(offered []string) (found string, known bool) {
	more := 0
	if s.serverName != 0 {
		more++
	}
	if s.has(offersEarly) {
		more++
	}
	fits := func(n int) bool {
		n = int(s.serverFlight) - extensionsLength - n
		return n >= 0 && n%emptyExtension == 0 && n/emptyExtension <= more
	}
	count := 0
	if fits(0) {
		count++
	}
	for _, p := range offered {
		if fits(alpnExtension + len(p)) {
			found = p
			count++
		}
	}
	if count != 1 {
		return "", false
	}
	return found, true
}

// Turns returns how many times a request of HTTP/1.1 seems to have been sent and how
// many responses to have come, and whether that can be trusted: an estimate, exact
// but for pipelined requests.
func (s *Session) Turns(t *Table) (requests, responses int64, ok bool) {
	p, known := s.protocol(t)
	x := &s.turns
	ok = known && (p == "" || p == "http/1.1" || p == "http/1.0") && !x.odd && !s.has(badPlace|bigHello|midstream) && s.doneAt != 0 && !s.failed()
	n := int64(x.n)
	if x.pending && x.bytes < int64(leastRequest) { // the goodbye of another protocol
		n--
	}
	return n, int64(x.answered), ok
}

// Client returns the side that sent the ClientHello, or is taken for the client.
func (s *Session) Client() Side { return s.client }

// Followed reports whether the records of both sides could be told from the beginning on.
func (s *Session) Followed() bool { return !s.has(badPlace | midstream) }

// Ready reports whether the handshake is over.
func (s *Session) Ready() bool { return s.doneAt != 0 }

// CloseNotify returns when a side announced its end, ns since the epoch; 0 if it did
// not: the last record that it sent is an alert, after its Finished. In TLS 1.3 an
// alert is told by its length.
func (s *Session) CloseNotify(side Side) int64 {
	done := serverDone
	if side == s.client {
		done = clientDone
	}
	if !s.has(done | midstream) {
		return 0
	}
	return s.turns.notified[side]
}

// versionName returns the name of a version, "" for one that is none.
func versionName(v uint16) string {
	switch v {
	case 0x0300:
		return "SSL 3.0"
	case 0x0301:
		return "1.0"
	case 0x0302:
		return "1.1"
	case version12:
		return "1.2"
	case version13:
		return "1.3"
	}
	return ""
}
