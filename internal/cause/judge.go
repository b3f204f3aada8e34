package cause

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// judge decides the cause of a connection by its own evidence, or says which
// class of its group it waits with. last is the time of the capture's last
// packet. The steps are in the order of the causes.
func judge(c *analyze.Connection, last int64) (NotReused, class) {
	e := &c.Evidence
	end := endingOf(c)
	for i := range steps {
		if n, k, ok := steps[i](c, e, end); ok {
			if n.observation.by&estimated != 0 {
				n.Confidence = n.observation.atMost(n.Confidence)
			}
			return n, k
		}
	}
	n, k := stillOpen(c, e, last)
	n.Confidence = n.observation.atMost(n.Confidence)
	return n, k
}

// steps take connections, one after the other, in the order of the causes.
var steps = [...]func(*analyze.Connection, *analyze.Evidence, ending) (NotReused, class, bool){
	neverOpened, overTLS, otherBusiness, unusedHTTP2, wentAway, said, halfSeen, cut, endedBusy, endedIdle,
}

// Judge returns what a connection alone tells: Undecided where its group is
// needed. last is the time of the latest packet so far.
func Judge(c *analyze.Connection, last int64) NotReused {
	is, _ := judge(c, knownUntil(c, last))
	return is
}

// knownUntil returns until when a connection is known to have been as its packets
// leave it: to the last packet so far, or to its own last one if its 4-tuple was used
// anew. Such a connection may be told of before the capture ends, and is judged
// the same then.
func knownUntil(c *analyze.Connection, last int64) int64 {
	if c.Evidence.Superseded {
		return c.End
	}
	return last
}

// of makes a decided judgement.
func of(cause Cause, by analyze.Party, how Confidence, f observation) (NotReused, class, bool) {
	return NotReused{cause, by, how, f}, decided, true
}

// wait leaves a judgement to the group.
func wait(k class, by analyze.Party, f observation) (NotReused, class, bool) {
	return NotReused{Undecided, by, Low, f}, k, true
}

// neverOpened takes connections whose handshake did not come to an end.
func neverOpened(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	switch c.Handshake {
	case flows.HandshakeRefused:
		return of(Refused, analyze.Server, High, observation{kind: observedRefusal})
	case flows.HandshakeComplete:
		if notAccepted(c, e) {
			return of(AcceptQueueFull, analyze.Server, High, observation{kind: observedSYNACKs, number: e.SYNACKRetransmissions + 1})
		}
	case flows.HandshakeIncomplete:
		// A single SYN-ACK alone may be one of a connection of which only the
		// server's direction was captured.
		if end.by == analyze.Nobody && (c.PacketsClient > 0 || e.SYNACKRetransmissions > 0) && c.Protocol == analyze.NoProtocol {
			return of(Unanswered, analyze.Client, High, observation{kind: observedNoACK, number: e.SYNACKRetransmissions + 1})
		}
		// No socket waits for the SYN-ACK any more. Who only looks whether the port is
		// open, with packets of his own or RST from a live socket, is not that slow.
		if end.rst && end.by == analyze.Client && c.Close.ResetShape == flows.ResetNoSocket && c.BytesClient == 0 &&
			end.at-c.Start >= minConnectWait {
			return wait(openingGivenUp, analyze.Client, observation{kind: observedGaveUp, ns: end.at - c.Start})
		}
	case flows.HandshakeUnanswered:
		return wait(synUnanswered, analyze.Network,
			observation{kind: observedSilence, number: c.SYNRetransmissions + 1, ns: c.End - c.Start})
	}
	return n, k, false
}

// notAccepted reports whether the server goes on answering the SYN, or takes no data: it has
// no room for the connection, which only the client takes to be open. Before either of them
// sent again what the other had acknowledged, the capture may just end.
func notAccepted(c *analyze.Connection, e *analyze.Evidence) bool {
	again := e.SYNACKAfterACK || c.RetransmissionsClient > c.SYNRetransmissions
	return e.SYNACKRetransmissions > 0 && again && c.BytesServer == 0 && c.BytesClient > 0 && e.UnackedClient && !e.ServerFIN.OK()
}

// otherBusiness takes connections that no pool could have used again: they left
// HTTP/1, never were HTTP, or carried no request.
func otherBusiness(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	switch {
	case c.Requests == 0 && e.Idle408 && !c.Midstream:
		o := observation{kind: observedNoRequest, ns: max(0, e.LastDone-c.Start), by: sender(analyze.Server), status: e.LastStatus}
		return of(NoRequest, analyze.Client, High, o)
	case leftHTTP1(c, e):
		return of(Upgraded, analyze.Both, High, observation{kind: observedUpgrade, number: uint32(c.Requests)})
	case c.Protocol == analyze.Connect:
		return of(Tunnel, analyze.Client, High, observation{kind: observedTunnel, number: uint32(c.Requests)})
	case c.Protocol == analyze.Other && !c.HTTPUnknown && (!c.Midstream || c.MissingClient+c.MissingServer == 0):
		if n, k, ok = lost(c, e, end); ok {
			return n, k, ok
		}
		if isStray(c, e) {
			return wait(strayData, analyze.Both, observation{kind: observedOtherProtocol})
		}
		return of(NotHTTP, analyze.Both, Medium, observation{kind: observedOtherProtocol})
	case c.Protocol == analyze.NoProtocol && !mayHaveMessages(c, e):
		return unused(end, observation{kind: observedNoRequest, ns: c.End - c.Start, by: end.sender()})
	}
	return n, k, false
}

// unused judges a connection that carried no request. Where the client closed it, the
// others of its pair tell whether it was opened beside one of them, or in its place.
func unused(end ending, o observation) (NotReused, class, bool) {
	if end.by == analyze.Client {
		return wait(neverUsed, analyze.Client, o)
	}
	return of(NoRequest, analyze.Client, High, o)
}

// overTLS takes connections that came no further than a TLS handshake: it failed, or no
// request followed.
func overTLS(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	switch x := c.TLS; {
	case x == nil:
		return n, k, false
	case x.Failed && c.MissingClient+c.MissingServer == 0 && (end.by != analyze.Nobody || x.Alert != "" || x.AnsweredHTTP):
		if n, k, ok = lost(c, e, end); ok {
			return n, k, ok
		}
		return tlsFailed(x, end)
	case x.Done != 0 && !e.Used && !c.Midstream && c.MissingClient == 0:
		if n, k, ok = lost(c, e, end); ok {
			return n, k, ok
		}
		if end.by == analyze.Nobody {
			return of(NoRequest, analyze.Client, High, observation{kind: observedTLSUnused, ns: max(0, c.End-x.Done)})
		}
		return unused(end, observation{kind: observedTLSUnused, ns: max(0, end.at-x.Done), by: end.sender()})
	}
	return n, k, false
}

// tlsFailed tells who ended a TLS handshake. The alert says so or, where it is encrypted,
// that side ended the connection first.
func tlsFailed(x *analyze.TLSInfo, end ending) (NotReused, class, bool) {
	switch {
	case x.AnsweredHTTP:
		return of(TLSFailed, analyze.Client, High, observation{kind: observedHTTPAnswer})
	case x.Alert == "":
		o := observation{kind: observedTLS, by: end.sender(), ns: x.Handshake, number: uint32(x.Stage)}
		if x.ClientAlert && !x.Resumed.Is() {
			o.status = 1
		}
		return of(TLSFailed, end.by, Medium, o)
	}
	by := analyze.Server
	if x.AlertByClient {
		by = analyze.Client
	}
	o := observation{kind: observedTLSAlert, by: sender(by), number: uint32(x.AlertCode)}
	if x.CertificateAsked {
		o.status = 1
	}
	return of(TLSFailed, by, High, o)
}

// leftHTTP1 reports whether a request made another protocol of the connection.
func leftHTTP1(c *analyze.Connection, e *analyze.Evidence) bool {
	return e.Switched && e.LastStatus == 101 || c.Protocol == analyze.WebSocket
}

// mayHaveMessages reports whether a connection carried HTTP, or may have done so
// where the capture does not show it.
func mayHaveMessages(c *analyze.Connection, e *analyze.Evidence) bool {
	return c.HTTPUnknown || c.Midstream || c.Requests > 0 || e.HeadStarted || c.Responses > 0 || c.MissingClient > 0
}

// said takes connections whose persistence a message ended (RFC 9112, 9.3).
func said(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	at := uint32(e.EndN)
	switch {
	case e.EndReason == analyze.EndedByRequestClose:
		return of(RequestConnectionClose, analyze.Client, High, observation{kind: observedRequestClose, number: at})
	case e.EndReason == analyze.EndedByRequestHTTP10:
		return of(HTTP10, analyze.Client, High, observation{kind: observedRequest10, number: at})
	case earlyAnswer(c, e) != 0 && end.by != analyze.Nobody:
		return of(EarlyResponse, analyze.Server, High,
			observation{kind: observedEarly, number: uint32(c.Requests), status: earlyAnswer(c, e)})
	case e.Idle408 && e.LastStatus == 408 && e.PreviousDone != analyze.Unknown:
		return of(ServerIdleTimeout, analyze.Server, High,
			observation{kind: observedIdle408, number: at - 1, ns: e.EndMark.At - e.PreviousDone})
	case e.EndReason == analyze.EndedByResponseClose && !gaveUpSending(c, e):
		return wait(saidInResponse, analyze.Server, observation{kind: observedResponseClose, number: at, status: e.LastStatus})
	case e.EndReason == analyze.EndedByResponseHTTP10:
		return wait(saidInResponse, analyze.Server, observation{kind: observedResponse10, number: at})
	case e.EndReason == analyze.EndedByCloseDelimited:
		return wait(saidInResponse, analyze.Server, observation{kind: observedCloseDelimited, number: at})
	}
	return n, k, false
}

// halfSeen takes connections of which only one direction was captured: any other
// cause would be a guess.
func halfSeen(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.PacketsClient > 0 && c.PacketsServer > 0 {
		return n, k, false
	}
	by := end.by
	if c.Close.Kind == flows.CloseUnknown {
		by = analyze.Nobody // the other may have closed before
	}
	return of(Unknown, by, Low, observation{kind: observedOneDirection})
}
