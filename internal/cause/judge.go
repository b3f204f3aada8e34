package cause

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// class is what a connection whose cause its group decides has in common with
// the others of that group.
type class uint8

const (
	decided          class = iota // by its own evidence
	synUnanswered                 // no answer to its SYNs
	saidInResponse                // a response ended the persistence
	serverEndedBusy               // the server closed with a request under way
	clientEndedBusy               // the client did
	serverEndedIdle               // the server closed with all answered
	clientEndedIdle               // the client did
	serverEndedQuiet              // the server closed; what was under way is not known
	clientEndedQuiet              // the client did
	openIdle                      // still open, all answered
)

// ending is who closed a connection first, and when.
type ending struct {
	by     analyze.Party
	at     int64
	packet uint64
	rst    bool
}

// sender returns who it was, and by what.
func (x *ending) sender() sender {
	if x.rst {
		return sender(x.by) | sentRST
	}
	return sender(x.by)
}

// endingOf returns the first FIN or RST, by time.
func endingOf(e *analyze.Evidence) (x ending) {
	for _, m := range [...]struct {
		analyze.Mark
		by  analyze.Party
		rst bool
	}{
		{e.ClientFIN, analyze.Client, false}, {e.ServerFIN, analyze.Server, false},
		{e.ClientRST, analyze.Client, true}, {e.ServerRST, analyze.Server, true},
	} {
		if m.OK() && (x.packet == 0 || m.Packet < x.packet) {
			x = ending{m.by, m.At, m.Packet, m.rst}
		}
	}
	return x
}

// judge decides the cause of a connection by its own evidence, or says which
// class of its group it waits with. last is the time of the capture's last
// packet. The order is that of the causes.
func judge(c *analyze.Connection, last int64) (NotReused, class) {
	e := &c.Evidence
	end := endingOf(e)
	steps := [...]func(*analyze.Connection, *analyze.Evidence, ending) (NotReused, class, bool){
		neverOpened, otherBusiness, said, halfSeen, cut, endedBusy, endedIdle,
	}
	for _, step := range steps {
		if n, k, ok := step(c, e, end); ok {
			return n, k
		}
	}
	return stillOpen(c, e, last)
}

// Judge returns what a connection alone tells: Undecided where its group is
// needed. last is the time of the latest packet so far.
func Judge(c *analyze.Connection, last int64) NotReused {
	is, _ := judge(c, last)
	return is
}

// of makes a decided judgement.
func of(cause Cause, by analyze.Party, how Confidence, f observation) (NotReused, class, bool) {
	return NotReused{cause, by, how, f}, decided, true
}

// wait leaves a judgement to the group.
func wait(k class, by analyze.Party, f observation) (NotReused, class, bool) {
	return NotReused{Undecided, by, Low, f}, k, true
}

func neverOpened(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	switch c.Handshake {
	case flows.HandshakeRefused:
		return of(Refused, analyze.Server, High, observation{kind: observedRefusal})
	case flows.HandshakeComplete:
		// The server goes on answering the SYN: it has no room for the
		// connection, which only the client takes to be open.
		if e.SYNACKRetransmissions > 0 && c.BytesServer == 0 && c.BytesClient > 0 && e.UnackedClient && !e.ServerFIN.OK() {
			return of(AcceptQueueFull, analyze.Server, High, observation{kind: observedSYNACKs, number: e.SYNACKRetransmissions + 1})
		}
	case flows.HandshakeIncomplete:
		// A single SYN-ACK alone may be one of a connection of which only the
		// server's direction was captured.
		if end.by == analyze.Nobody && (c.PacketsClient > 0 || e.SYNACKRetransmissions > 0) && c.Protocol == analyze.NoProtocol {
			return of(Unanswered, analyze.Client, High, observation{kind: observedNoACK, number: e.SYNACKRetransmissions + 1})
		}
	case flows.HandshakeUnanswered:
		return wait(synUnanswered, analyze.Network, observation{kind: observedSilence, number: c.SYNRetransmissions + 1, ns: c.End - c.Start})
	}
	return n, k, false
}

func otherBusiness(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	switch {
	case c.Requests == 0 && e.Idle408 && !c.Midstream:
		return of(NoRequest, analyze.Client, High, observation{kind: observedNoRequest, ns: max(0, e.LastDone-c.Start), by: sender(analyze.Server), status: e.LastStatus})
	case e.Switched && e.LastStatus == 101:
		return of(Upgraded, analyze.Both, High, observation{kind: observedUpgrade, number: uint32(c.Requests)})
	case c.Protocol == analyze.WebSocket || c.Protocol == analyze.H2C && c.Requests > 0:
		return of(Upgraded, analyze.Both, High, observation{kind: observedUpgrade, number: uint32(c.Requests)})
	case c.Protocol == analyze.Connect:
		return of(Tunnel, analyze.Client, High, observation{kind: observedTunnel, number: uint32(c.Requests)})
	case c.Protocol == analyze.Other && !c.HTTPUnknown && (!c.Midstream || c.MissingClient+c.MissingServer == 0):
		if n, k, ok = lost(c, e, end); ok {
			return n, k, ok
		}
		return of(NotHTTP, analyze.Both, Medium, observation{kind: observedOtherProtocol})
	case c.HTTPUnknown || c.Midstream || c.Requests > 0 || e.HeadStarted || c.Responses > 0 || c.MissingClient > 0:
		return n, k, false
	case c.Protocol == analyze.NoProtocol:
		return of(NoRequest, analyze.Client, High, observation{kind: observedNoRequest, ns: c.End - c.Start, by: end.sender()})
	}
	return n, k, false
}

func said(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	at := uint32(e.EndN)
	switch {
	case e.EndReason == analyze.EndedByRequestClose:
		return of(RequestConnectionClose, analyze.Client, High, observation{kind: observedRequestClose, number: at})
	case e.EndReason == analyze.EndedByRequestHTTP10:
		return of(HTTP10, analyze.Client, High, observation{kind: observedRequest10, number: at})
	case e.EarlyResponse && e.LastStatus >= 300 && end.by != analyze.Nobody:
		return of(EarlyResponse, analyze.Server, High, observation{kind: observedEarly, number: uint32(max(c.Responses, 1)), status: e.LastStatus})
	case e.Idle408 && e.LastStatus == 408 && e.PreviousDone != analyze.Unknown:
		return of(ServerIdleTimeout, analyze.Server, High, observation{kind: observedIdle408, number: at - 1, ns: e.EndMark.At - e.PreviousDone})
	case e.EndReason == analyze.EndedByResponseClose:
		return wait(saidInResponse, analyze.Server, observation{kind: observedResponseClose, number: at, status: e.LastStatus})
	case e.EndReason == analyze.EndedByResponseHTTP10:
		return wait(saidInResponse, analyze.Server, observation{kind: observedResponse10, number: at})
	case e.EndReason == analyze.EndedByCloseDelimited:
		return wait(saidInResponse, analyze.Server, observation{kind: observedCloseDelimited, number: at})
	}
	return n, k, false
}

// halfSeen takes connections of which one direction was captured: what else is
// said of them would be a guess.
func halfSeen(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.PacketsClient > 0 && c.PacketsServer > 0 {
		return n, k, false
	}
	return of(Unknown, end.by, Low, observation{kind: observedOneDirection})
}

// cut finds what the wire alone shows: races, dead peers, things on the way.
func cut(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if n, k, ok = raced(c, e); ok {
		return n, k, ok
	}
	return lost(c, e, end)
}

// lost finds what cuts connections of any protocol: a peer, a path or a packet
// filter that lets them down, and data sent to a side that has closed.
func lost(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.Protocol == analyze.Other && e.ServerFIN.OK() && e.ServerRST.OK() && c.Close.ResetShape == flows.ResetNoSocket && end.by == analyze.Server {
		switch {
		case e.ClientSentAfterFIN:
			return of(UsedAfterClose, analyze.Client, Medium, observation{kind: observedLateData})
		case e.ServerFINCrossedData:
			return of(StaleRace, analyze.Both, Medium, observation{kind: observedCrossingData})
		}
	}
	for _, x := range [...]struct {
		who     analyze.Party
		lost    uint32
		unacked bool
		rst     analyze.Mark
		probes  analyze.Probes
		again   uint32
		peer    uint64 // packets of the other side
	}{
		{analyze.Client, e.UnansweredClient, e.UnackedClient, e.ClientRST, c.ClientProbes, c.RetransmissionsClient, c.PacketsServer},
		{analyze.Server, e.UnansweredServer, e.UnackedServer, e.ServerRST, c.ServerProbes, c.RetransmissionsServer, c.PacketsClient},
	} {
		probing := x.probes.Sent > x.probes.Answered
		gone := x.lost >= unanswered && (end.by == analyze.Nobody || x.rst.OK())
		switch {
		case x.rst.OK() && e.AnswersLost&x.who != 0 && x.probes.Answered > 0 && e.Remote == x.who:
			return of(DeadPeer, analyze.Network, Medium, observation{kind: observedAnswersLost, by: sender(x.who), number: x.probes.Answered})
		case x.rst.OK() && e.AnswersLost&x.who != 0 && x.probes.Answered > 0:
			return of(LocalDrop, x.who, High, observation{kind: observedAnswersLost, by: sender(x.who), number: x.probes.Answered})
		case gone && probing && !x.unacked && x.peer > 0:
			return of(DeadPeer, analyze.Network, High, observation{kind: observedProbesLost, by: sender(x.who), number: x.probes.Sent - x.probes.Answered})
		case min(x.lost, x.again) >= resent && x.unacked && (gone || end.by == x.who || !end.rst && e.Outstanding > 0): // the other may give up
			return of(RetransmissionTimeout, analyze.Network, High, observation{kind: observedDataLost, by: sender(x.who), number: x.lost})
		}
	}
	if end.rst && e.ForeignRST != analyze.Nobody && (e.ForeignRST == end.by || e.ForeignRST == analyze.Both) {
		return of(MiddleboxReset, analyze.Network, Medium, observation{kind: observedForeignRST, by: sender(end.by), ns: sinceDone(e, end.at)})
	}
	return n, k, false
}

// raced finds requests that met the server's close, or a server that no longer
// knows the connection.
func raced(c *analyze.Connection, e *analyze.Evidence) (n NotReused, k class, ok bool) {
	if e.Outstanding == 0 || e.ResponseBegun || !e.Request.OK() || unseen(c) {
		return n, k, false
	}
	near := max(c.RTT, minRace)
	asked := observation{number: uint32(c.Requests)}
	switch {
	case c.Responses == 0 && !rested(c, e) && !e.ClientSentAfterFIN: // it was not idle: the server did not take it for that
	case e.ServerFIN.OK():
		asked.ns = max(e.Request.At-e.ServerFIN.At, e.ServerFIN.At-e.Request.At)
		late := e.Request.Packet > e.ServerFIN.Packet && (e.ServerFINCrossedData || e.ClientSentAfterFIN) // else out of order
		switch {
		case e.ServerFINCrossedData && (late || asked.ns <= 2*near):
			asked.kind = observedCrossing
			return of(StaleRace, analyze.Both, High, asked)
		case late && asked.ns <= near:
			asked.kind = observedCrossing
			return of(StaleRace, analyze.Both, Medium, asked)
		case late:
			asked.kind = observedLateRequest
			return of(UsedAfterClose, analyze.Client, High, asked)
		}
	case e.ServerRST.OK() && rested(c, e) && c.Close.ResetShape == flows.ResetNoSocket && !e.ClientFIN.OK() && !afterOwnRST(e) && e.ServerRST.Packet > e.Request.Packet && e.ForeignRST&analyze.Server == 0:
		asked.kind, asked.ns = observedNoSocket, e.ServerRST.At-e.Request.At
		sure := High
		if c.Responses <= 0 { // it may never have answered such requests
			sure = Medium
		}
		return of(HalfOpenPeer, analyze.Server, sure, asked)
	}
	return n, k, false
}

// afterOwnRST reports whether the client sent its last request on a connection
// that it had reset.
func afterOwnRST(e *analyze.Evidence) bool {
	return e.ClientRST.OK() && e.ClientRST.Packet < e.Request.Packet
}

// unseen reports whether a response may have been sent that was not captured.
func unseen(c *analyze.Connection) bool { return c.MissingServer > 0 || c.PacketsServer == 0 }

// rested reports whether the connection had been silent before its last
// request, so that the server may have forgotten it.
func rested(c *analyze.Connection, e *analyze.Evidence) bool {
	since := c.Start
	if e.LastDone != analyze.Unknown {
		since = e.LastDone
	}
	return c.Midstream || e.Request.At-since >= minRest
}

// endedBusy takes closes with a request under way.
func endedBusy(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	late := e.ServerSentAfterFIN && e.Outstanding == 0 && end.by == analyze.Client && e.Request.OK() && e.LastDone != analyze.Unknown && e.LastDone > end.at && e.Request.At < end.at
	if end.by == analyze.Nobody || c.HTTPUnknown || unseen(c) && !e.ResponseBegun || e.Outstanding == 0 && !late || !e.Request.OK() || afterOwnRST(e) {
		return n, k, false
	}
	f := observation{kind: observedUnansweredEnd, by: end.sender(), number: uint32(c.Requests - max(0, e.Outstanding-1)), ns: max(0, end.at-e.Request.At)}
	switch {
	case late && !e.ClientRST.OK():
		return of(HalfClose, analyze.Client, High, observation{kind: observedHalfClose, by: sender(analyze.Client)})
	case e.ResponseBegun && e.FirstByteAt <= end.at:
		f.kind = observedCutEnd
	}
	switch {
	case end.by == analyze.Client && e.EventStream && f.kind == observedCutEnd:
		f.kind = observedEventsEnd
		return of(ClientClosedAfterResponse, end.by, Medium, f)
	case end.by == analyze.Client:
		return wait(clientEndedBusy, end.by, f)
	}
	return wait(serverEndedBusy, end.by, f)
}

// endedIdle takes closes with nothing under way, or where that is not known.
func endedIdle(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if end.by == analyze.Nobody {
		return n, k, false
	}
	classes := [...]class{serverEndedIdle, serverEndedQuiet}
	if end.by == analyze.Client {
		classes = [...]class{clientEndedIdle, clientEndedQuiet}
	}
	if e.LastDone == analyze.Unknown || c.HTTPUnknown || e.Outstanding > 0 {
		f := observation{kind: observedQuietEnd, by: end.sender(), ns: e.Quiet}
		return wait(classes[1], end.by, f)
	}
	return wait(classes[0], end.by, observation{kind: observedIdleEnd, by: end.sender(), number: uint32(c.Responses), ns: sinceDone(e, end.at)})
}

// sinceDone returns the time from the last response to at.
func sinceDone(e *analyze.Evidence, at int64) int64 {
	if e.LastDone == analyze.Unknown {
		return 0
	}
	return max(0, at-e.LastDone)
}

// stillOpen takes what the capture leaves open.
func stillOpen(c *analyze.Connection, e *analyze.Evidence, last int64) (NotReused, class) {
	switch {
	case e.Outstanding > 0 && !(unseen(c) && !e.ResponseBegun) || e.HeadStarted:
		since := c.Start
		if e.Request.OK() {
			since = e.Request.At
		}
		return NotReused{BusyAtEnd, analyze.Nobody, High, observation{kind: observedOpenBusy, number: uint32(max(c.Requests, 0)), ns: last - since}}, decided
	case e.LastDone != analyze.Unknown && !c.HTTPUnknown && e.Outstanding == 0:
		return NotReused{Undecided, analyze.Nobody, High, observation{kind: observedOpenIdle, number: uint32(c.Responses), ns: last - e.LastDone}}, openIdle
	}
	return NotReused{IdleAtEnd, analyze.Nobody, Low, observation{kind: observedOpenQuiet}}, decided
}
