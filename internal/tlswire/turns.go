package tlswire

// turns count what reads like requests and responses in the records of application
// data: a turn begins with a record of the client and ends with the first one of the
// server. The zero turns are new. Times are ns since the epoch.
type turns struct {
	n, answered uint32
	pending     bool   // the client's records of a turn have come, the server's have not
	odd         bool   // not request and response
	clientLast  bool   // the last record of data is the client's
	lastLength  uint16 // of its body
	bytes       int64  // of the turn's records of the client

	requestAt   int64 // first record of the client in the last turn
	requestDone int64 // last one
	firstByteAt int64 // first record of the server in the last turn; 0 until then
	lastDone    int64 // last record of the server
	lastAt      int64 // last record of data
	gap         int64 // ns that nothing was under way before the last turn; -1 for the first
	restFrom    int64 // last record of data before a pause that the server ended with a short one; 0 if a message followed
	farewellAt  int64 // the first byte of that, or of a later one

	notified [2]int64 // when a record that may be close_notify began, if no data followed it
}

// Lengths of records of application data that are something else, with a tag of 16
// bytes, as measured.
const (
	alertLength     = 2 + 1 + 16     // of TLS 1.3
	keyUpdateLength = 4 + 1 + 1 + 16 // of TLS 1.3
	continueLength  = 25 + 1 + 16    // "100 Continue" in TLS 1.3
	continueLength2 = 25 + 8 + 16    // in TLS 1.2 with AES-GCM
)

// The shortest heads of HTTP/1.1 in a record, with the least that encryption adds.
const (
	leastRequest  = len("GET / HTTP/1.1\r\n\r\n") + 16
	leastResponse = len("HTTP/1.1 200 \r\n\r\n") + 16
)

// Unasked is the pause in ns after which what a server sends by itself, with no turn
// open, is no more of the response: messages of WebSocket, notifications.
const Unasked = 500e6

// data takes a record of application data, which was whole at that time.
func (x *turns) data(from Side, byClient bool, length uint16, begun, at int64, v13 bool) {
	if v13 && length == alertLength {
		x.notified[from] = begun
		return
	}
	x.notified[from] = 0
	if v13 && length == keyUpdateLength {
		return
	}
	x.noteRest(byClient, length, begun)
	x.lastAt, x.clientLast, x.lastLength = at, byClient, length
	switch {
	case byClient:
		if !x.pending {
			x.begin(begun)
		}
		x.bytes += int64(length)
		x.requestDone = at
	case !x.pending:
		// More of the response. Before the second turn it may be a response that a ticket
		// came before.
		x.odd = x.odd || x.n > 1 && begun-x.lastDone > Unasked
		x.lastDone = at
	case length == continueLength && v13, length == continueLength2 && !v13:
	default:
		x.pending = false
		x.answered++
		x.firstByteAt, x.lastDone = begun, at
		if x.bytes < int64(leastRequest) || int(length) < leastResponse {
			x.odd = true
		}
	}
}

// rest is the least pause, ns, after which a record of the server is no part of what
// came before it.
const rest = 50e6

// noteRest looks for GOAWAY (RFC 9113, 6.8): a short record that the server sends by itself
// after a pause, and after which no message comes. A ping of the server looks the same, and
// so do the answers to both: the pause goes on.
func (x *turns) noteRest(byClient bool, length uint16, begun int64) {
	paused := x.lastAt != 0 && begun-x.lastAt >= rest
	switch {
	case length > shortFrames, byClient && paused:
		x.restFrom = 0
	case paused:
		if x.restFrom == 0 {
			x.restFrom = x.lastAt
		}
		x.farewellAt = begun
	}
}

// begin begins a turn.
func (x *turns) begin(at int64) {
	x.gap = -1
	if x.n > 0 {
		x.gap = max(0, at-x.lastDone)
	}
	x.pending = true
	x.n++
	x.bytes = 0
	x.requestAt, x.firstByteAt = at, 0
}

// Activity is what the lengths and times of records tell of a session. Times are ns
// since the epoch, 0 where something has not happened.
type Activity struct {
	LastAt      int64 // last record of data, or the last Finished
	Data        bool  // there is data behind the handshake
	ServerLast  bool  // the last record of data is the server's, or the client's is too short for a request
	Used        bool  // the client sent data
	Requests    int64 // as Turns counts them
	Responses   int64
	RequestAt   int64 // first byte of the last request
	RequestDone int64
	FirstByteAt int64 // of its response
	LastDone    int64 // last byte of the last response

	// What may be GOAWAY of HTTP/2, after which no message came: 0 without.
	FarewellAt int64 // its first byte
	RestFrom   int64 // last byte of what was sent before the pause that it ended

	// Estimated reports whether what is said of requests can be trusted; the rest can be
	// trusted anyway.
	Estimated bool
}

// shortFrames is up to what length a record of the client may be the settings, window
// updates, pings and acknowledgements of HTTP/2 (RFC 9113, 6), which begin no request:
// some of them in one record.
const shortFrames = 70

// Activity returns what the lengths and times of records tell so far.
func (s *Session) Activity(t *Table) Activity {
	x := &s.turns
	a := Activity{
		LastAt: max(x.lastAt, s.doneAt), Data: x.lastAt != 0, Used: x.n > 0,
		ServerLast: x.lastAt != 0 && (!x.clientLast || x.lastLength <= shortFrames),
		RequestAt:  x.requestAt, RequestDone: x.requestDone, FirstByteAt: x.firstByteAt, LastDone: x.lastDone,
	}
	if x.restFrom != 0 {
		a.FarewellAt, a.RestFrom = x.farewellAt, x.restFrom
	}
	a.Requests, a.Responses, a.Estimated = s.Turns(t)
	if a.Responses == 0 {
		a.LastDone = 0
	}
	return a
}

// Begun returns how many turns have begun, and whether the last one awaits its response.
func (s *Session) Begun() (n uint32, awaits bool) { return s.turns.n, s.turns.pending }

// Span returns when the last turn began, and when its response ended so far.
func (s *Session) Span() (from, to int64) { return s.turns.requestAt, s.turns.lastDone }

// Pause returns how long before the last turn nothing was under way, ns; -1 before the first.
func (s *Session) Pause() int64 { return s.turns.gap }

// HelloAt returns when the first byte of the ClientHello came, ns since the epoch; 0 if it
// was not captured.
func (s *Session) HelloAt() int64 { return s.firstAt }
