package cause

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// cut finds what the wire alone shows: races, dead peers, things on the way.
func cut(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if n, k, ok = raced(c, e); ok {
		return n, k, ok
	}
	return lost(c, e, end)
}

// raced finds requests that met the server's close, or a server that no longer
// knows the connection.
func raced(c *analyze.Connection, e *analyze.Evidence) (n NotReused, k class, ok bool) {
	if e.Outstanding == 0 || e.ResponseBegun || !e.Request.OK() || unseen(c) {
		return n, k, false
	}
	switch {
	case c.Answered() == 0 && !rested(c, e) && !e.ClientSentAfterFIN: // it was not idle: the server did not take it for that
	case e.ServerFIN.OK():
		return metFIN(c, e)
	case e.ServerRST.OK() && rested(c, e) && c.Close.ResetShape == flows.ResetNoSocket:
		return metNoSocket(c, e)
	}
	return n, k, false
}

// metFIN judges a request without a response on a connection that the server
// closed: the two crossed, or the client had the FIN already.
func metFIN(c *analyze.Connection, e *analyze.Evidence) (n NotReused, k class, ok bool) {
	apart := max(e.Request.At-e.ServerFIN.At, e.ServerFIN.At-e.Request.At)
	near := max(c.RTT, minRace)
	late := e.Request.Packet > e.ServerFIN.Packet && (e.ServerFINCrossedData || e.ClientSentAfterFIN) // else out of order
	o := observation{kind: observedCrossing, by: guess(c), number: uint32(c.Carried()), ns: apart}
	switch {
	case e.ServerFINCrossedData && (late || apart <= 2*near):
		return of(StaleRace, analyze.Both, High, o)
	case late && apart <= near:
		return of(StaleRace, analyze.Both, Medium, o)
	case late:
		o.kind = observedLateRequest
		if e.UploadOutlasts {
			o.by |= uploading
		}
		return of(UsedAfterClose, analyze.Client, High, o)
	}
	return n, k, false
}

// metNoSocket judges a request that a bare RST answered after a rest: the server
// no longer knew the connection, unless something else explains the RST.
func metNoSocket(c *analyze.Connection, e *analyze.Evidence) (n NotReused, k class, ok bool) {
	if e.ClientFIN.OK() || afterOwnRST(e) || e.ServerRST.Packet <= e.Request.Packet || e.ForeignRST&analyze.Server != 0 {
		return n, k, false
	}
	sure := High
	if c.Answered() <= 0 { // it may never have answered such requests
		sure = Medium
	}
	return of(HalfOpenPeer, analyze.Server, sure,
		observation{kind: observedNoSocket, by: guess(c), number: uint32(c.Carried()), ns: e.ServerRST.At - e.Request.At})
}

// afterOwnRST reports whether the client sent its last request on a connection
// that it had reset: no socket does, so a request just after the RST was captured late.
func afterOwnRST(e *analyze.Evidence) bool {
	return e.ClientRST.OK() && e.ClientRST.Packet < e.Request.Packet && e.Request.At-e.ClientRST.At > maxSwap
}

// unseen reports whether a response may have been sent that was not captured.
func unseen(c *analyze.Connection) bool {
	return c.MissingServer > 0 && !cutOnly(c) || c.PacketsServer == 0
}

// cutOnly reports whether c is in clear and no segment of it is missing, though they are cut:
// its requests are then estimated.
func cutOnly(c *analyze.Connection) bool { return c.Estimated() && c.TLS == nil }

// rested reports whether the connection had been silent before its last
// request, so that the server may have forgotten it.
func rested(c *analyze.Connection, e *analyze.Evidence) bool {
	since := c.Start
	if e.LastDone != analyze.Unknown {
		since = e.LastDone
	}
	return c.Midstream || e.Request.At-since >= minRest
}

// lost finds what cuts connections of any protocol: a peer, a path or a packet
// filter that lets them down, and data sent to a side that has closed.
func lost(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if n, k, ok = sentToClosed(c, e, end); ok {
		return n, k, ok
	}
	for _, x := range sides(c, e) {
		if n, k, ok = x.cutOff(e, end); ok {
			return n, k, ok
		}
	}
	if end.rst && e.ForeignRST != analyze.Nobody && (e.ForeignRST == end.by || e.ForeignRST == analyze.Both) {
		return of(MiddleboxReset, analyze.Network, Medium,
			observation{kind: observedForeignRST, by: sender(end.by), ns: sinceDone(e, end.at)})
	}
	return n, k, false
}

// sentToClosed judges data of another protocol than HTTP that the client sent to a
// server that had closed, and that no socket took.
func sentToClosed(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if c.Protocol != analyze.Other || !e.ServerFIN.OK() || !e.ServerRST.OK() || c.Close.ResetShape != flows.ResetNoSocket ||
		end.by != analyze.Server {
		return n, k, false
	}
	switch {
	case e.ClientSentAfterFIN:
		return of(UsedAfterClose, analyze.Client, Medium, observation{kind: observedLateData})
	case e.ServerFINCrossedData:
		return of(StaleRace, analyze.Both, Medium, observation{kind: observedCrossingData})
	}
	return n, k, false
}

// side is what one side sent without an answer, to the end.
type side struct {
	who           analyze.Party
	unanswered    uint32 // probes and retransmissions
	unackedData   bool   // data is among them: a FIN alone loses nothing
	rst           analyze.Mark
	probes        analyze.Probes
	resent        uint32 // retransmissions, answered or not
	packetsOfPeer uint64
}

// sides returns both, the client first.
func sides(c *analyze.Connection, e *analyze.Evidence) [2]side {
	return [2]side{
		{analyze.Client, e.UnansweredClient, e.RequestUnacked, e.ClientRST, c.ClientProbes, c.RetransmissionsClient, c.PacketsServer},
		{analyze.Server, e.UnansweredServer, e.ResponseUnacked, e.ServerRST, c.ServerProbes, c.RetransmissionsServer, c.PacketsClient},
	}
}

// cutOff judges a side whose packets, or the answers to them, did not arrive.
func (s *side) cutOff(e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if s.rst.OK() && e.AnswersLost&s.who != 0 && s.probes.Answered > 0 {
		o := observation{kind: observedAnswersLost, by: sender(s.who), number: s.probes.Answered}
		if e.Remote == s.who {
			return of(DeadPeer, analyze.Network, Medium, o)
		}
		return of(LocalDrop, s.who, High, o)
	}
	gone := s.unanswered >= minLostProbes && (end.by == analyze.Nobody || s.rst.OK())
	gaveUp := gone || end.by == s.who || !end.rst && e.Outstanding > 0 // or the other side did
	switch {
	case gone && s.probes.Sent > s.probes.Answered && !s.unackedData && s.packetsOfPeer > 0:
		return of(DeadPeer, analyze.Network, High,
			observation{kind: observedProbesLost, by: sender(s.who), number: s.probes.Sent - s.probes.Answered})
	case min(s.unanswered, s.resent) >= minLostData && s.unackedData && gaveUp:
		return of(RetransmissionTimeout, analyze.Network, High,
			observation{kind: observedDataLost, by: sender(s.who), number: s.unanswered})
	}
	return n, k, false
}
