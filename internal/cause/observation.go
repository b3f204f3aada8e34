package cause

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// observation is what the capture shows of a connection's end, in 16 bytes. Reports
// print it beside the cause, which is a judgement.
type observation struct {
	ns     int64  // a time, in ns
	number uint32 // of the request or response, or how many
	status uint16 // of a response
	kind   observationKind
	by     sender
}

// sender is a party, and whether it sent an RST, else a FIN.
type sender uint8

const (
	sentRST    sender = 1 << 7
	sentNotify sender = 1 << 6 // a close_notify of TLS instead
	sentGoAway sender = 1 << 3 // a GOAWAY of HTTP/2 instead
	estimated  sender = 1 << 5 // the number is an estimate, not what was sent
	uploading  sender = 1 << 4 // the request, or the one before it, had not come whole
)

// party returns who it is.
func (s sender) party() analyze.Party {
	return analyze.Party(s &^ (sentRST | sentNotify | sentGoAway | estimated | uploading))
}

// String returns the party's name.
func (s sender) String() string { return s.party().String() }

// observationKind is what was observed. The comments say which of the other fields
// it has; by is who sent the FIN or RST. The methods of observation each describe
// a range of kinds, in this order.
type observationKind uint8

const (
	_ observationKind = iota // nothing

	// The opening.
	observedRefusal    // the SYN was answered by RST
	observedSilence    // number SYNs unanswered for ns
	observedNoACK      // number SYN-ACKs without ACK
	observedSYNACKs    // number SYN-ACKs, though acknowledged
	observedGaveUp     // the client answered the SYN-ACK with a bare RST ns after the SYN
	observedTLS        // by ended the TLS handshake after ns, at stage number; status is 1 if an alert of the client came before
	observedTLSAlert   // by sent alert number; status is 1 if a certificate was asked of the client
	observedTLSUnused  // by, or nobody, closed ns after the handshake, and no request came
	observedHTTPAnswer // the server answered the ClientHello in HTTP
	observedNoRequest  // open for ns; by closed it, if somebody did, or sent status

	// A message.
	observedOtherProtocol  //
	observedUpgrade        // after request number
	observedTunnel         // after request number
	observedRequestClose   // in request number
	observedRequest10      // request number
	observedResponseClose  // in response number with status
	observedResponse10     // response number
	observedCloseDelimited // response number
	observedGoAway         // after request number, ns after the last response if none was under way; status has the code and the reason
	observedEarly          // response number with status

	// Data that met a close.
	observedCrossing     // request number and the server's FIN, ns apart
	observedMetClose     // request number came ns before the end by a server that closed the idle connection
	observedLateRequest  // request number left ns after the server's FIN had come
	observedCrossingData // data and the server's FIN
	observedLateData     // data of the client after the server's FIN had come
	observedNoSocket     // request number was answered by a bare RST after ns

	// The path.
	observedProbesLost  // number probes or so unanswered
	observedDataLost    // number retransmissions unanswered
	observedAnswersLost // number probes answered, yet their sender resets
	observedForeignRST  // an RST with another TTL, ns after the last response
	observedForgedRST   // an RST in the name of by, which did not send it; number says where it arrived
	observedStray       // the client got data of connection number, which it answered by RST
	observedUntouched   // connection number has data of this one, under another address of the server

	// The end, or none.
	observedUnansweredEnd // by closed ns after request number, which has no response
	observedCutEnd        // by closed ns after request number, in its response
	observedMalformed     // by closed ns after request number, which was answered by bytes that are no HTTP
	observedPlainRequest  // by closed ns after request number, which was answered by an alert of TLS
	observedSurplus       // by closed ns after a response that number bytes followed
	observedEventsEnd     // by closed ns after request number, whose response is a stream of events
	observedIdleEnd       // by closed ns after response number
	observedBothEnd       // the same, over TLS, and the other side announced its end before it knew
	observedIdle408       // a 408 that answers no request ns after response number
	observedQuietEnd      // by closed after ns of silence: not HTTP, or not seen
	observedRecordsEnd    // the same, of TLS, and the last data is the server's
	observedFarewellEnd   // the server sent what may be GOAWAY after ns, then by closed
	observedHalfClose     // by shut down its side, the other went on
	observedOpenIdle      // open, ns after response number
	observedOpenBusy      // open, ns after request number
	observedOpenQuiet     // open, nothing known
	observedOneDirection  // of the two
)

// String returns the observation as a sentence without its full stop, "" if there
// is none.
func (o observation) String() string {
	switch k := o.kind; {
	case k <= observedNoRequest:
		return o.opening()
	case k <= observedEarly:
		return o.message()
	case k <= observedNoSocket:
		return o.meeting()
	case k <= observedUntouched:
		return o.path()
	}
	return o.ending()
}

// opening describes a connection that did not open, or carried no request.
func (o observation) opening() string {
	switch o.kind {
	case observedRefusal:
		return "the SYN was answered by RST"
	case observedSilence:
		return fmt.Sprintf("%s without an answer", Plural(int64(o.number), "SYN", "SYNs"))
	case observedNoACK:
		return fmt.Sprintf("%s without an answer", Plural(int64(o.number), "SYN-ACK", "SYN-ACKs"))
	case observedSYNACKs:
		return fmt.Sprintf("the server answered the SYN %d times, though the client acknowledged it, and accepted no data", o.number)
	case observedGaveUp:
		return fmt.Sprintf("the SYN-ACK came when the client had given up: it answered with RST %s after the SYN", Duration(o.ns))
	case observedTLSUnused:
		if o.by.party() == analyze.Nobody {
			return fmt.Sprintf("no request in %s after the TLS handshake", Duration(o.ns))
		}
		return fmt.Sprintf("no request in %s after the TLS handshake, then %s sent %s", Duration(o.ns), o.by, o.end())
	case observedTLS, observedTLSAlert, observedHTTPAnswer:
		return o.handshake()
	case observedNoRequest:
		if o.status != 0 {
			return fmt.Sprintf("no whole request in %s, then %s sent status %d", Duration(o.ns), o.by, o.status)
		}
		if o.by.party() != analyze.Nobody {
			return fmt.Sprintf("no request%s in %s, then %s sent %s", o.unusedHTTP2(), Duration(o.ns), o.by, o.end())
		}
		return fmt.Sprintf("no request in %s", Duration(o.ns))
	}
	return ""
}

// message describes a message, or bytes that are none, after which nothing could
// follow.
func (o observation) message() string {
	switch o.kind {
	case observedOtherProtocol:
		return "the first bytes are not HTTP"
	case observedUpgrade:
		return fmt.Sprintf("request %d switched to another protocol", o.number)
	case observedTunnel:
		return fmt.Sprintf("request %d opened a tunnel (CONNECT)", o.number)
	case observedRequestClose:
		return fmt.Sprintf(`request %d says "Connection: close"`, o.number)
	case observedRequest10:
		return fmt.Sprintf("request %d is HTTP/1.0 without keep-alive", o.number)
	case observedResponseClose:
		if o.status >= clientError {
			return fmt.Sprintf(`response %d (status %d) says "Connection: close"`, o.number, o.status)
		}
		return fmt.Sprintf(`response %d says "Connection: close"`, o.number)
	case observedResponse10:
		return fmt.Sprintf("response %d is HTTP/1.0 without keep-alive", o.number)
	case observedCloseDelimited:
		return fmt.Sprintf("response %d has no length: only the close ends its body", o.number)
	case observedGoAway:
		return o.goAway()
	case observedEarly:
		return fmt.Sprintf("response %d (status %d) came before its request was whole", o.number, o.status)
	}
	return ""
}

// meeting describes data that met the close of a server, or no socket.
func (o observation) meeting() string {
	switch o.kind {
	case observedCrossing:
		return fmt.Sprintf("request %d%s and the server's FIN crossed, %s apart", o.number, o.mark(), Duration(o.ns))
	case observedMetClose:
		return fmt.Sprintf("request %d%s arrived as the server was closing the idle connection: %s after %s", o.number, o.mark(), o.end(), Duration(o.ns))
	case observedLateRequest:
		if o.by&uploading != 0 {
			return fmt.Sprintf("request %d was sent %s after the server's FIN, which came in the middle of the upload before it", o.number, Duration(o.ns))
		}
		return fmt.Sprintf("request %d%s was sent %s after the server's FIN", o.number, o.mark(), Duration(o.ns))
	case observedCrossingData:
		return "data of the client and the server's FIN crossed"
	case observedLateData:
		return "the client sent data though it had the server's FIN"
	case observedNoSocket:
		return fmt.Sprintf("request %d%s was answered by a bare RST after %s", o.number, o.mark(), Duration(o.ns))
	}
	return ""
}

// path describes packets that got lost, or that something on the path sent.
func (o observation) path() string {
	switch o.kind {
	case observedProbesLost:
		return fmt.Sprintf("%s of the %s unanswered", Plural(int64(o.number), "probe", "probes"), o.by)
	case observedDataLost:
		return fmt.Sprintf("data of the %s unanswered: %s", o.by, Plural(int64(o.number), "retransmission", "retransmissions"))
	case observedAnswersLost:
		return fmt.Sprintf("%s of %s answered on the wire, yet %s sent RST", Plural(int64(o.number), "probe", "probes"), o.by, o.by)
	case observedForeignRST:
		return fmt.Sprintf("an RST that claims to come from %s, with a different TTL than its packets", o.by)
	case observedForgedRST:
		return o.forged()
	case observedStray:
		return fmt.Sprintf("these packets belong to connection %d, whose server has another address: the client answered by RST", o.number)
	case observedUntouched:
		return fmt.Sprintf("packets from the server came from another address, as connection %d, and the client answered by RST", o.number)
	}
	return ""
}

// forged describes an RST that its supposed sender did not send.
func (o observation) forged() string {
	switch o.number {
	case forgedAtSYN:
		return fmt.Sprintf("the SYN was answered by an RST that claims to come from %s, which did not send it: the other capture lacks it", o.by)
	case forgedThere:
		return fmt.Sprintf("the other capture shows an RST that claims to come from %s, which did not send it: this capture lacks it", o.by)
	}
	return fmt.Sprintf("an RST that claims to come from %s, which did not send it: the other capture lacks it", o.by)
}

// busyEnd describes an end with a request under way.
func (o observation) busyEnd() string {
	d := Duration(o.ns)
	switch o.kind {
	case observedUnansweredEnd:
		if o.by&uploading != 0 {
			return fmt.Sprintf("%s sent %s %s after request %d%s began, which had not come whole", o.by, o.end(), d, o.number, o.mark())
		}
		return fmt.Sprintf("%s sent %s %s after request %d%s, which has no response", o.by, o.end(), d, o.number, o.mark())
	case observedCutEnd:
		return fmt.Sprintf("%s sent %s %s after request %d%s, before its response was complete", o.by, o.end(), d, o.number, o.mark())
	}
	return ""
}

// ending describes how a connection ended, or stands, by times alone.
func (o observation) ending() string {
	d := Duration(o.ns)
	switch o.kind {
	case observedUnansweredEnd, observedCutEnd:
		return o.busyEnd()
	case observedMalformed:
		return fmt.Sprintf("%s sent %s %s after request %d, whose answer is not HTTP/1.x", o.by, o.end(), d, o.number)
	case observedPlainRequest:
		return fmt.Sprintf("request %d, in the clear, was answered by a TLS alert: the port speaks TLS", o.number)
	case observedSurplus:
		return fmt.Sprintf("%s beyond the end of a response, then %s sent %s %s after it", Plural(int64(o.number), "byte", "bytes"), o.by, o.end(), d)
	case observedEventsEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, in its stream of events", o.by, o.end(), d, o.number)
	case observedIdleEnd:
		if o.status >= clientError {
			return fmt.Sprintf("%s sent %s %s after response %d (status %d)", o.by, o.end(), d, o.number, o.status)
		}
		return fmt.Sprintf("%s sent %s %s after response %d%s", o.by, o.end(), d, o.number, o.mark())
	case observedIdle408:
		return fmt.Sprintf("server sent status 408 without a request, %s after response %d", d, o.number)
	case observedRecordsEnd, observedFarewellEnd, observedBothEnd:
		return o.endOfTLS()
	case observedQuietEnd:
		return fmt.Sprintf("%s sent %s after %s of silence", o.by, o.end(), d)
	case observedHalfClose:
		return fmt.Sprintf("%s sent FIN, and data went on the other way", o.by)
	case observedOpenIdle:
		return fmt.Sprintf("still open, %s after response %d%s", d, o.number, o.mark())
	case observedOpenBusy:
		if o.number == 0 {
			return fmt.Sprintf("still open, %s after the beginning of a request whose response is not complete", d)
		}
		return fmt.Sprintf("still open, %s after request %d%s, whose response is not complete", d, o.number, o.mark())
	case observedOpenQuiet:
		return "still open"
	case observedOneDirection:
		return "only one direction was captured"
	}
	return ""
}

// endOfTLS is ending for what only records of TLS tell.
func (o observation) endOfTLS() string {
	d := Duration(o.ns)
	switch o.kind {
	case observedFarewellEnd:
		return fmt.Sprintf("server sent a short record, as GOAWAY of HTTP/2 is, %s after the last message, then %s", d, o.end())
	case observedBothEnd:
		return fmt.Sprintf("%s sent %s %s after response %d%s, and the other side sent its own before receiving it", o.by, o.end(), d, o.number, o.mark())
	}
	return fmt.Sprintf("%s sent %s %s after the last data", o.by, o.end(), d)
}

// end returns what its sender sent.
func (o observation) end() string {
	switch {
	case o.by&sentRST != 0:
		return "RST"
	case o.by&sentGoAway != 0:
		return "GOAWAY"
	case o.by&sentNotify != 0:
		return "close_notify"
	}
	return "FIN"
}

// atMost returns how sure a judgement is that rests on the observation: nothing is certain
// of requests that are estimated.
func (o observation) atMost(how Confidence) Confidence {
	if o.by&estimated != 0 {
		return min(how, Medium)
	}
	return how
}

// mark returns what stands behind a number that is an estimate.
func (o observation) mark() string {
	if o.by&estimated != 0 {
		return " (estimated)"
	}
	return ""
}
