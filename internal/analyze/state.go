package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// httpState is what is kept of the HTTP messages of one connection while it is
// analyzed. It holds no pointer. Times are ns since the epoch.
type httpState struct {
	facts     httpFacts
	proto     Protocol
	minor     uint8 // of HTTP/1.minor, of the last response, else the last request
	requester flows.Side

	requests, responses, interim uint32 // responses are the final ones
	outstanding                  uint32 // requests without their final response
	queue                        int32  // where all but the first outstanding one wait, 0 for none
	pair                         uint32 // number of its pair, 0 while that is not known
	reader                       uint32 // number of its reader, 0 for one that is new
	tls                          uint32 // number of what TLS shows, 0 without

	gaps     gapStats
	current  exchange // the first outstanding one
	lastDone int64    // last byte of the last response; Unknown until then
	end      persistenceEnd

	lastStatus uint16 // of the last final response
	idleBefore uint16 // other connections of the pair that were idle when this one was opened
	idleOthers uint16 // other connections of the pair that were idle when this one began to close
	surplus    uint16 // bytes of the server after the end of a response that are no response, capped
}

// exchange is a request and what was seen of its response.
type exchange struct {
	requestAt, requestDone, firstByteAt int64
	requestNum, responseNum             uint64
	record                              int32  // number of its Exchange if all are kept, else 0
	lacks                               uint32 // bytes that its response lacks of the length that it says, when its sender ended; capped
	print                               uint32 // its fingerprint, 0 for none and once it was noted as lost
	status                              uint16
	method                              httpparse.Method
	answered                            bool // the head of the final response is whole
}

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

// leftHTTP1 reports whether a connection went over from HTTP/1 to HTTP/2, or became a WebSocket.
func (t *httpState) leftHTTP1() bool { return t.proto == WebSocket || t.has(multiplexed) }

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

// httpFacts are what was seen of the messages.
type httpFacts uint32

const (
	sawRequest httpFacts = 1 << iota
	sawResponse
	sawData
	opaque         // TLS, or HTTP/2 of which no frame was found: requests cannot be counted
	tunnelled      // by CONNECT or an upgrade: what follows is not HTTP/1
	requestPartial // the last outstanding request is not complete
	requestBegun   // a request has begun whose head is not whole yet
	looksHTTP      // the first bytes begin a message
	oneEnded       // a side sends nothing more
	bothEnded      // nor does the other
	answersOver    // no response can follow: what is outstanding is in flight no more
	cutInitiator   // a head that the initiator sent is not whole in the capture: packets were cut
	cutResponder
	idle           // all is answered, and the pair counts it as idle
	earlyResponse  // a final response was complete before its request
	uploadCut      // and that request did not become whole since
	idle408        // a 408 that answers no request
	lastHadBody    // the last response has a body
	lastIsStream   // the last response is a stream of events
	keptAfterError // a response with an error was followed by another
	paired         // its pair was known before its end
	malformed      // bytes that answer a request are no HTTP/1.x response
	headPartial    // a response has begun whose head is not whole
	isRepeat       // a request repeats one that was lost on another connection
	multiplexed    // HTTP/2, see h2State
	decrypted      // TLS whose text is read: what comes is still TLS
	uploadOutlasts // a request that had its answer became whole only after the peer had ended its side
	alertAnswer    // what answers a request, and is malformed, begins an alert of TLS
)

// clientError is the least status that is an error.
const clientError = 400

func (t *httpState) has(f httpFacts) bool { return t.facts&f != 0 }

// uncountable reports whether the messages of a side cannot be counted: packets
// were cut within heads, or only the other side was captured.
func (t *httpState) uncountable(c *flows.Conn, side flows.Side) bool {
	return t.has(cutInitiator<<side) || c.Packets(side) == 0 && t.has(sawRequest|sawResponse)
}

// requestSide returns the side that sends requests, or is to be expected to.
func (t *httpState) requestSide(c *flows.Conn) flows.Side {
	if t.has(sawRequest) {
		return t.requester
	}
	return clientSide(c, t)
}

// clientSide returns the side that is the client: the one that opened the
// connection; if that was not captured, the one that sends requests, else the
// one with the higher port.
func clientSide(c *flows.Conn, t *httpState) flows.Side {
	switch {
	case !c.Midstream():
		return flows.Initiator
	case t.has(sawRequest):
		return t.requester
	case c.Endpoint(flows.Initiator).Port < c.Endpoint(flows.Responder).Port:
		return flows.Responder
	}
	return flows.Initiator
}

// gapStats measure the idle gaps of a connection: the median by samples,
// longest and last exactly.
type gapStats struct {
	n         uint32
	store     int32 // number of the samples, 0 while there is only one value
	last, max int64
}
