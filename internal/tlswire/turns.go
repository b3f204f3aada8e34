package tlswire

// turns count what reads like requests and responses in the records of application
// data: a turn begins with a record of the client and ends with the first one of the
// server. The zero turns are new. Times are ns since the epoch.
type turns struct {
	n, answered uint32
	pending     bool  // the client's records of a turn have come, the server's have not
	odd         bool  // not request and response: too little for a head
	bytes       int64 // of the turn's records of the client

	lastDone int64    // last record of the server
	longest  int64    // ns that nothing was under way
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

// data takes a record of application data, which was whole at that time.
func (x *turns) data(from Side, byClient bool, length uint16, begun, at int64, v13 bool) {
	if v13 && length == alertLength {
		x.notified[from] = begun
		return
	}
	x.notified[from] = 0
	switch {
	case v13 && length == keyUpdateLength:
	case byClient:
		if !x.pending {
			x.pending = true
			x.n++
			x.bytes = 0
			if x.lastDone != 0 {
				x.longest = max(x.longest, begun-x.lastDone)
			}
		}
		x.bytes += int64(length)
	case !x.pending:
		x.lastDone = at // more of the response, or a ticket
	case length == continueLength && v13, length == continueLength2 && !v13:
	default:
		x.pending = false
		x.answered++
		x.lastDone = at
		if x.bytes < int64(leastRequest) || int(length) < leastResponse {
			x.odd = true
		}
	}
}
