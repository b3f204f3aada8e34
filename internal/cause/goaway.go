package cause

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Connections of HTTP/2 whose server sent GOAWAY (RFC 9113, 6.8) are judged as those of
// HTTP/1 on which it said "Connection: close", or which it closed while idle. What that
// comes to is the reason of their cause.

// goAwayReason is why a server sent GOAWAY.
type goAwayReason uint8

const (
	unknownReason goAwayReason = iota
	awayIdle
	awayRequests
	awayAge
	awayDrain
	awayPings
	awayCalm
	awayError
)

// awayReasons are the words for each reason, and the cause that a connection of HTTP/1
// would have.
var awayReasons = [...]struct {
	words string
	cause Cause
}{
	unknownReason: {"", GoAway},
	awayIdle:      {": it was idle", ServerIdleTimeout},
	awayRequests:  {": a limit of requests per connection", ServerMaxRequests},
	awayAge:       {": a limit of the connection's age", ServerMaxAge},
	awayDrain:     {": it shuts down", ServerDrain},
	awayPings:     {": too many PINGs", GoAway},
	awayCalm:      {": the client asks for too much", GoAway},
	awayError:     {"", GoAway},
}

// reasonShift is where the reason lies in the status of an observation, beside the code.
const reasonShift = 8

// wentAway takes connections whose server sent GOAWAY.
func wentAway(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.HTTP2 == nil || c.HTTP2.GoAway.By != analyze.Server {
		return n, k, false
	}
	g := &c.HTTP2.GoAway
	if end.by == analyze.Client && !end.goAway && end.at < g.Mark.At { // it answers the client's close
		return n, k, false
	}
	o := observation{kind: observedGoAway, by: sender(analyze.Server), number: uint32(c.Requests), ns: analyze.Unknown, status: uint16(min(g.Code, 0xff))}
	if g.Open == 0 && g.Done != analyze.Unknown {
		o.ns = max(0, g.Mark.At-g.Done)
	}
	reason := unknownReason
	switch {
	case g.Code == http2.EnhanceYourCalm && strings.Contains(g.Debug, "too_many_pings"):
		reason = awayPings
	case g.Code == http2.EnhanceYourCalm:
		reason = awayCalm
	case g.Code != http2.NoError && g.Code <= http2.HTTP11Required: // others say nothing (RFC 9113, 7): Apache's are of its library
		reason = awayError
	case strings.Contains(g.Debug, "max_age"): // as grpc-go says, and the next ones
		reason = awayAge
	case strings.Contains(g.Debug, "max_idle"):
		reason = awayIdle
	case strings.Contains(g.Debug, "graceful_stop"):
		reason = awayDrain
	case end.by == analyze.Nobody:
	case end.goAway && o.ns >= MinIdle:
		return wait(serverEndedIdle, analyze.Server, o)
	default:
		return wait(saidInResponse, analyze.Server, o)
	}
	o.status |= uint16(reason) << reasonShift
	return of(GoAway, analyze.Server, High, o)
}

// tellGoAways gives the connections that their group has judged their cause, with the
// reason. Those that stayed open have the reason that the others of their server have.
func (d *Decisions) tellGoAways() {
	idle := map[uint32]bool{} // servers that have an idle timeout
	for _, r := range d.all.byID {
		if r.observation.kind == observedGoAway && r.Cause == ServerIdleTimeout {
			idle[r.Pair] = true
		}
	}
	for _, r := range d.all.byID {
		if r.observation.kind != observedGoAway {
			continue
		}
		reason := unknownReason
		switch {
		case r.Cause == ServerExit, (r.Cause == ServerClosedUnannounced || r.Cause == ResponseConnectionClose) && d.goneAfter(r):
			reason = awayDrain
		case r.Cause == GoAway:
			if r.observation.status>>reasonShift == 0 && r.has(isOpen) && idle[r.Pair] && r.Measured() >= MinIdle {
				reason = awayIdle
			}
		default:
			for i := range awayReasons {
				if awayReasons[i].cause == r.Cause && r.Cause != GoAway {
					reason = goAwayReason(i)
				}
			}
		}
		r.observation.status |= uint16(reason) << reasonShift
		r.Cause = GoAway
	}
}

// goneAfter reports whether the server took no connection any more soon after the end of r.
func (d *Decisions) goneAfter(r *Record) bool {
	if r.Ended == 0 {
		return false
	}
	gone, _ := d.groups.pair(r.Pair).To.after(r.Ended)
	return gone
}

// Why returns the cause of a connection or, if its server sent GOAWAY for a reason for
// which others close connections of HTTP/1, the cause that these have.
func (r *Record) Why() Cause {
	if r.Cause != GoAway || r.observation.kind != observedGoAway {
		return r.Cause
	}
	return awayReasons[r.observation.status>>reasonShift].cause
}

// TooManyPings reports whether a server sent GOAWAY for that, and Calm whether it did so as
// the client asks for too much of it in other ways.
func (r *Record) TooManyPings() bool { return r.wentFor(awayPings) }
func (r *Record) Calm() bool         { return r.wentFor(awayCalm) }

func (r *Record) wentFor(x goAwayReason) bool {
	return r.observation.kind == observedGoAway && goAwayReason(r.observation.status>>reasonShift) == x
}

// goAway describes the GOAWAY of a server.
func (o observation) goAway() string {
	s := "server sent GOAWAY"
	switch code := http2.ErrCode(o.status & (1<<reasonShift - 1)); {
	case code > http2.HTTP11Required: // of which no more is kept
		s += " with an unknown error code"
	case code != http2.NoError:
		s += " " + code.String()
	}
	switch {
	case o.ns != analyze.Unknown && o.number > 0:
		s += fmt.Sprintf(" %s after response %d", Duration(o.ns), o.number)
	case o.number > 0:
		s += fmt.Sprintf(" in request %d", o.number)
	}
	return s + awayReasons[o.status>>reasonShift].words
}

// goAwayOr returns the GOAWAY that came before x, with nothing under way, in its place: an idle
// timeout runs to it. Go closes a second later, others once the peer has.
func goAwayOr(x ending, e *analyze.Evidence, g *analyze.GoAway) ending {
	if g.By == analyze.Nobody || g.Open > 0 || e.Outstanding > 0 || g.Mark.At > x.at || e.LastDone == analyze.Unknown || e.LastDone > g.Mark.At {
		return x
	}
	return ending{by: g.By, at: g.Mark.At, packet: g.Mark.Packet, goAway: true}
}

// spokeHTTP2 is the number of an observedNoRequest of a connection that speaks HTTP/2 in
// clear.
const spokeHTTP2 = 1

// unusedHTTP2 returns what stands behind "no request" of such a connection.
func (o observation) unusedHTTP2() string {
	if o.number == spokeHTTP2 {
		return " but the preface of HTTP/2"
	}
	return ""
}

// unusedHTTP2 takes connections of HTTP/2 in clear that carried no request.
func unusedHTTP2(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.HTTP2 == nil || c.TLS != nil || c.Requests != 0 || c.Responses != 0 || c.Midstream || c.HTTPUnknown || end.by == analyze.Nobody {
		return n, k, false
	}
	if n, k, ok = lost(c, e, end); ok {
		return n, k, ok
	}
	return of(NoRequest, analyze.Client, High, observation{kind: observedNoRequest, number: spokeHTTP2, ns: max(0, end.at-c.Start), by: end.sender()})
}
