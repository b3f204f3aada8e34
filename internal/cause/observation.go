package cause

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// observation is what was observed of a connection's end, small enough to be kept for
// each. Reports print it beside the cause, which is a judgement.
type observation struct {
	ns     int64  // ns
	number uint32 // of the request or response, or how many
	status uint16 // a status
	kind   observationKind
	by     sender
}

// sender is a party, and whether it sent an RST, else a FIN.
type sender uint8

const sentRST sender = 1 << 7

// String returns the party's name.
func (s sender) String() string { return analyze.Party(s &^ sentRST).String() }

// observationKind is the kind of a fact.
type observationKind uint8

const (
	observedNothing        observationKind = iota
	observedRefusal                        // the SYN was answered by RST
	observedSilence                        // n SYNs unanswered for d
	observedNoACK                          // n SYN-ACKs without ACK
	observedSYNACKs                        // n SYN-ACKs, though acknowledged
	observedNoRequest                      // open for d, n = 1 if a side closed
	observedOtherProtocol                  //
	observedUpgrade                        // after request n
	observedTunnel                         // after request n
	observedRequestClose                   // in request n
	observedRequest10                      // request n
	observedResponseClose                  // in response n
	observedResponse10                     // response n
	observedCloseDelimited                 // response n
	observedEarly                          // response n with code
	observedCrossing                       // request n and the server's FIN, d apart
	observedMetClose                       // request n came d before the end by a server that closed the idle connection
	observedLateRequest                    // request n left d after the server's FIN had come
	observedCrossingData                   // data and the server\'s FIN
	observedLateData                       // data of the client after the server\'s FIN had come
	observedNoSocket                       // request n was answered by a bare RST after d
	observedProbesLost                     // n probes or so unanswered
	observedDataLost                       // n retransmissions unanswered for d
	observedAnswersLost                    // n probes answered, prober resets
	observedForeignRST                     // RST with another TTL, d after the last response
	observedUnansweredEnd                  // by closed d after request n, which has no response
	observedCutEnd                         // by closed d after request n, in its response
	observedEventsEnd                      // by closed d after request n, whose response is a stream of events
	observedIdleEnd                        // by closed d after response n
	observedIdle408                        // a 408 that answers no request d after response n
	observedQuietEnd                       // by closed after d of silence: not HTTP, or not seen
	observedHalfClose                      // by shut down its side, the other went on
	observedOpenIdle                       // open, d after response n
	observedOpenBusy                       // open, d after request n
	observedOpenQuiet                      // open, nothing known
	observedOneDirection
	observedEncrypted // by closed
)

// String returns the fact as a sentence without its full stop.
func (f observation) String() string {
	d := Duration(f.ns)
	switch f.kind {
	case observedRefusal:
		return "the SYN was answered by RST"
	case observedSilence:
		return fmt.Sprintf("%s without an answer", Plural(int64(f.number), "SYN", "SYNs"))
	case observedNoACK:
		return fmt.Sprintf("%s without an answer", Plural(int64(f.number), "SYN-ACK", "SYN-ACKs"))
	case observedSYNACKs:
		return fmt.Sprintf("the server answered the SYN %d times, though the client acknowledged it, and took no data", f.number)
	case observedNoRequest:
		if f.status != 0 {
			return fmt.Sprintf("no whole request in %s, then %s sent status %d", d, f.by, f.status)
		}
		if f.by != sender(analyze.Nobody) {
			return fmt.Sprintf("no request in %s, then %s sent %s", d, f.by, f.end())
		}
		return fmt.Sprintf("no request in %s", d)
	case observedOtherProtocol:
		return "the first bytes are not HTTP"
	case observedUpgrade:
		return fmt.Sprintf("request %d switched to another protocol", f.number)
	case observedTunnel:
		return fmt.Sprintf("request %d opened a tunnel (CONNECT)", f.number)
	case observedRequestClose:
		return fmt.Sprintf(`request %d says "Connection: close"`, f.number)
	case observedRequest10:
		return fmt.Sprintf("request %d is HTTP/1.0 without keep-alive", f.number)
	case observedResponseClose:
		if f.status >= 400 {
			return fmt.Sprintf(`response %d (status %d) says "Connection: close"`, f.number, f.status)
		}
		return fmt.Sprintf(`response %d says "Connection: close"`, f.number)
	case observedResponse10:
		return fmt.Sprintf("response %d is HTTP/1.0 without keep-alive", f.number)
	case observedCloseDelimited:
		return fmt.Sprintf("response %d has no length: only the close ends its body", f.number)
	case observedEarly:
		return fmt.Sprintf("response %d (status %d) was complete before its request", f.number, f.status)
	case observedCrossing:
		return fmt.Sprintf("request %d and the server's FIN crossed, %s apart", f.number, d)
	case observedMetClose:
		return fmt.Sprintf("request %d met the server's close of the idle connection: %s after %s", f.number, f.end(), d)
	case observedLateRequest:
		return fmt.Sprintf("request %d was sent %s after the server's FIN", f.number, d)
	case observedCrossingData:
		return "data of the client and the server's FIN crossed"
	case observedLateData:
		return "the client sent data though it had the server's FIN"
	case observedNoSocket:
		return fmt.Sprintf("request %d was answered by a bare RST after %s", f.number, d)
	case observedProbesLost:
		return fmt.Sprintf("%s of the %s unanswered", Plural(int64(f.number), "probe", "probes"), f.by)
	case observedDataLost:
		return fmt.Sprintf("data of the %s unanswered: %s", f.by, Plural(int64(f.number), "retransmission", "retransmissions"))
	case observedAnswersLost:
		return fmt.Sprintf("%s of %s answered on the wire, yet %s sent RST", Plural(int64(f.number), "probe", "probes"), f.by, f.by)
	case observedForeignRST:
		return fmt.Sprintf("an RST in the name of %s, with another TTL than its packets", f.by)
	}
	return f.ending(d)
}

// ending describes how a connection ended, or stands, by times alone.
func (f observation) ending(d string) string {
	switch f.kind {
	case observedUnansweredEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, which has no response", f.by, f.end(), d, f.number)
	case observedCutEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, before its response was complete", f.by, f.end(), d, f.number)
	case observedEventsEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, in its stream of events", f.by, f.end(), d, f.number)
	case observedIdleEnd:
		return fmt.Sprintf("%s sent %s %s after response %d", f.by, f.end(), d, f.number)
	case observedIdle408:
		return fmt.Sprintf("server sent status 408 without a request, %s after response %d", d, f.number)
	case observedQuietEnd:
		return fmt.Sprintf("%s sent %s after %s of silence", f.by, f.end(), d)
	case observedHalfClose:
		return fmt.Sprintf("%s sent FIN, and data went on the other way", f.by)
	case observedOpenIdle:
		return fmt.Sprintf("still open, %s after response %d", d, f.number)
	case observedOpenBusy:
		return fmt.Sprintf("still open, %s after request %d, whose response is not complete", d, f.number)
	case observedOpenQuiet:
		return "still open"
	case observedOneDirection:
		return "only one direction was captured"
	case observedEncrypted:
		return fmt.Sprintf("encrypted; %s sent %s", f.by, f.end())
	}
	return ""
}

func (f observation) end() string {
	if f.by&sentRST != 0 {
		return "RST"
	}
	return "FIN"
}
