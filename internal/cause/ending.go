package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// class is what a connection whose cause its group decides has in common with
// the others of that group.
type class uint8

const (
	decided          class = iota // by its own evidence
	synUnanswered                 // no answer to its SYNs
	openingGivenUp                // the SYN-ACK met no socket of the client
	saidInResponse                // a response ended the persistence
	serverEndedBusy               // the server closed with a request under way
	clientEndedBusy               // the client did
	serverEndedIdle               // the server closed with all answered
	clientEndedIdle               // the client did
	serverEndedQuiet              // the server closed; what was under way is not known
	clientEndedQuiet              // the client did
	strayData                     // data that the client answers by RST, for it knows no such connection
	openIdle                      // still open, all answered
	neverUsed                     // the client closed it without a request
)

// ending is who began to close a connection, and when.
type ending struct {
	by     analyze.Party
	at     int64
	packet uint64
	rst    bool
	goAway bool // a GOAWAY stands for it, which came while nothing was under way
	notify bool // the close_notify of TLS stands for it: what TCP did then is teardown
}

// sender returns who it was, and by what.
func (x *ending) sender() sender {
	switch {
	case x.goAway:
		return sender(x.by) | sentGoAway
	case x.rst:
		return sender(x.by) | sentRST
	case x.notify:
		return sender(x.by) | sentNotify
	}
	return sender(x.by)
}

// endingOf returns the first FIN or RST, by time, of who began the close. If that
// is not known, or was not captured, it is the first of all.
func endingOf(c *analyze.Connection) (x ending) {
	e := &c.Evidence
	for _, m := range [...]struct {
		analyze.Mark
		by  analyze.Party
		rst bool
	}{
		{e.ClientFIN, analyze.Client, false}, {e.ServerFIN, analyze.Server, false},
		{e.ClientRST, analyze.Client, true}, {e.ServerRST, analyze.Server, true},
	} {
		if !m.OK() {
			continue
		}
		began := m.by&c.Close.Began != 0
		if x.packet == 0 || began && x.by&c.Close.Began == 0 || began == (x.by&c.Close.Began != 0) && m.Packet < x.packet {
			x = ending{by: m.by, at: m.At, packet: m.Packet, rst: m.rst}
		}
	}
	if began := c.Close.Began; x.packet != 0 && (began == analyze.Client || began == analyze.Server) {
		x.by = began
	}
	at := e.ClientNotify
	if c.Close.Began == analyze.Server {
		at = e.ServerNotify
	}
	if x.packet != 0 && at != 0 && at <= x.at && (c.Close.Began == analyze.Client || c.Close.Began == analyze.Server) {
		x.at, x.rst, x.notify = at, false, true
	}
	if c.HTTP2 != nil && x.packet != 0 {
		return goAwayOr(x, e, &c.HTTP2.GoAway)
	}
	return x
}
