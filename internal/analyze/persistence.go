package analyze

import "github.com/kaanalyze/kaanalyze/httpparse"

// EndReason is how a message ended the persistence of its connection (RFC 9112, 9.3).
type EndReason uint8

// The reasons.
const (
	NotEnded              EndReason = iota // no message did
	EndedByRequestClose                    // Connection: close in a request
	EndedByRequestHTTP10                   // a request in HTTP/1.0 that does not ask to keep the connection
	EndedByResponseClose                   // Connection: close in a response
	EndedByResponseHTTP10                  // a response in HTTP/1.0 that does not keep the connection
	EndedByCloseDelimited                  // a response whose body only the close ends (RFC 9112, 6.3)
)

// byServer reports whether a response ended the persistence.
func (r EndReason) byServer() bool { return r >= EndedByResponseClose }

// requestEnd returns how a request that is not persistent ends the persistence.
func requestEnd(h httpparse.Head) EndReason {
	if h.Flags()&httpparse.ConnClose != 0 {
		return EndedByRequestClose
	}
	return EndedByRequestHTTP10
}

// responseEnd is requestEnd for a response.
func responseEnd(h httpparse.Head) EndReason {
	if h.Flags()&httpparse.ConnClose != 0 {
		return EndedByResponseClose
	}
	return EndedByResponseHTTP10
}

// persistenceEnd is the message that ended the persistence of a connection; its
// reason is NotEnded if none did.
type persistenceEnd struct {
	reason       EndReason
	n            uint32 // number of the request, or of the response, within the connection
	at           int64  // its first byte, ns since the epoch
	num          uint64 // packet of that byte
	previousDone int64  // last byte of the response before it; Unknown without
}

// endPersistence notes a message that ends the persistence; only the first one counts.
func (t *httpState) endPersistence(reason EndReason, n uint32, at int64, num uint64) {
	if t.end.reason != NotEnded {
		return
	}
	t.end = persistenceEnd{reason: reason, n: n, at: at, num: num, previousDone: Unknown}
	if t.responses > 1 || t.responses == 1 && !reason.byServer() {
		t.end.previousDone = t.lastDone
	}
}
