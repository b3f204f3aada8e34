package diagnose

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// fact is what was observed of a connection's end, small enough to be kept for
// each. Reports print it beside the cause, which is a judgement.
type fact struct {
	d    int64  // ns
	n    uint32 // of the request or response, or how many
	code uint16 // a status
	what sight
	by   sender
}

// sender is a party, and whether it sent an RST, else a FIN.
type sender uint8

const sentRST sender = 1 << 7

// String returns the party's name.
func (s sender) String() string { return analyze.Party(s &^ sentRST).String() }

// sight is the kind of a fact.
type sight uint8

const (
	sawNothing        sight = iota
	sawRefusal              // the SYN was answered by RST
	sawSilence              // n SYNs unanswered for d
	sawNoACK                // n SYN-ACKs without ACK
	sawSYNACKs              // n SYN-ACKs, though acknowledged
	sawNoRequest            // open for d, n = 1 if a side closed
	sawOtherProtocol        //
	sawUpgrade              // after request n
	sawTunnel               // after request n
	sawRequestClose         // in request n
	sawRequest10            // request n
	sawResponseClose        // in response n
	sawResponse10           // response n
	sawCloseDelimited       // response n
	sawEarly                // response n with code
	sawCrossing             // request n and the server's FIN, d apart
	sawMetClose             // request n came d before the end by a server that closed the idle connection
	sawLateRequest          // request n left d after the server's FIN had come
	sawCrossingData         // data and the server\'s FIN
	sawLateData             // data of the client after the server\'s FIN had come
	sawNoSocket             // request n was answered by a bare RST after d
	sawProbesLost           // n probes or so unanswered
	sawDataLost             // n retransmissions unanswered for d
	sawDeaf                 // n probes answered, prober resets
	sawForeignRST           // RST with another TTL, d after the last response
	sawUnansweredEnd        // by closed d after request n, which has no response
	sawCutEnd               // by closed d after request n, in its response
	sawEventsEnd            // by closed d after request n, whose response is a stream of events
	sawIdleEnd              // by closed d after response n
	sawIdle408              // a 408 that answers no request d after response n
	sawQuietEnd             // by closed after d of silence: not HTTP, or not seen
	sawHalfClose            // by shut down its side, the other went on
	sawOpenIdle             // open, d after response n
	sawOpenBusy             // open, d after request n
	sawOpenQuiet            // open, nothing known
	sawOneDirection
	sawEncrypted // by closed
)

// String returns the fact as a sentence without its full stop.
func (f fact) String() string {
	d := Duration(f.d)
	switch f.what {
	case sawRefusal:
		return "the SYN was answered by RST"
	case sawSilence:
		return fmt.Sprintf("%s without an answer", Plural(int64(f.n), "SYN", "SYNs"))
	case sawNoACK:
		return fmt.Sprintf("%s without an answer", Plural(int64(f.n), "SYN-ACK", "SYN-ACKs"))
	case sawSYNACKs:
		return fmt.Sprintf("the server answered the SYN %d times, though the client acknowledged it, and took no data", f.n)
	case sawNoRequest:
		if f.code != 0 {
			return fmt.Sprintf("no whole request in %s, then %s sent status %d", d, f.by, f.code)
		}
		if f.by != sender(analyze.Nobody) {
			return fmt.Sprintf("no request in %s, then %s sent %s", d, f.by, f.end())
		}
		return fmt.Sprintf("no request in %s", d)
	case sawOtherProtocol:
		return "the first bytes are not HTTP"
	case sawUpgrade:
		return fmt.Sprintf("request %d switched to another protocol", f.n)
	case sawTunnel:
		return fmt.Sprintf("request %d opened a tunnel (CONNECT)", f.n)
	case sawRequestClose:
		return fmt.Sprintf(`request %d says "Connection: close"`, f.n)
	case sawRequest10:
		return fmt.Sprintf("request %d is HTTP/1.0 without keep-alive", f.n)
	case sawResponseClose:
		if f.code >= 400 {
			return fmt.Sprintf(`response %d (status %d) says "Connection: close"`, f.n, f.code)
		}
		return fmt.Sprintf(`response %d says "Connection: close"`, f.n)
	case sawResponse10:
		return fmt.Sprintf("response %d is HTTP/1.0 without keep-alive", f.n)
	case sawCloseDelimited:
		return fmt.Sprintf("response %d has no length: only the close ends its body", f.n)
	case sawEarly:
		return fmt.Sprintf("response %d (status %d) was complete before its request", f.n, f.code)
	case sawCrossing:
		return fmt.Sprintf("request %d and the server's FIN crossed, %s apart", f.n, d)
	case sawMetClose:
		return fmt.Sprintf("request %d met the server's close of the idle connection: %s after %s", f.n, f.end(), d)
	case sawLateRequest:
		return fmt.Sprintf("request %d was sent %s after the server's FIN", f.n, d)
	case sawCrossingData:
		return "data of the client and the server's FIN crossed"
	case sawLateData:
		return "the client sent data though it had the server's FIN"
	case sawNoSocket:
		return fmt.Sprintf("request %d was answered by a bare RST after %s", f.n, d)
	case sawProbesLost:
		return fmt.Sprintf("%s of the %s unanswered", Plural(int64(f.n), "probe", "probes"), f.by)
	case sawDataLost:
		return fmt.Sprintf("data of the %s unanswered: %s", f.by, Plural(int64(f.n), "retransmission", "retransmissions"))
	case sawDeaf:
		return fmt.Sprintf("%s of %s answered on the wire, yet %s sent RST", Plural(int64(f.n), "probe", "probes"), f.by, f.by)
	case sawForeignRST:
		return fmt.Sprintf("an RST in the name of %s, with another TTL than its packets", f.by)
	}
	return f.ending(d)
}

// ending describes how a connection ended, or stands, by times alone.
func (f fact) ending(d string) string {
	switch f.what {
	case sawUnansweredEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, which has no response", f.by, f.end(), d, f.n)
	case sawCutEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, before its response was complete", f.by, f.end(), d, f.n)
	case sawEventsEnd:
		return fmt.Sprintf("%s sent %s %s after request %d, in its stream of events", f.by, f.end(), d, f.n)
	case sawIdleEnd:
		return fmt.Sprintf("%s sent %s %s after response %d", f.by, f.end(), d, f.n)
	case sawIdle408:
		return fmt.Sprintf("server sent status 408 without a request, %s after response %d", d, f.n)
	case sawQuietEnd:
		return fmt.Sprintf("%s sent %s after %s of silence", f.by, f.end(), d)
	case sawHalfClose:
		return fmt.Sprintf("%s sent FIN, and data went on the other way", f.by)
	case sawOpenIdle:
		return fmt.Sprintf("still open, %s after response %d", d, f.n)
	case sawOpenBusy:
		return fmt.Sprintf("still open, %s after request %d, whose response is not complete", d, f.n)
	case sawOpenQuiet:
		return "still open"
	case sawOneDirection:
		return "only one direction was captured"
	case sawEncrypted:
		return fmt.Sprintf("encrypted; %s sent %s", f.by, f.end())
	}
	return ""
}

func (f fact) end() string {
	if f.by&sentRST != 0 {
		return "RST"
	}
	return "FIN"
}
