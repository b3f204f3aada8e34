package cause

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// endedBusy takes closes with a request under way.
func endedBusy(c *analyze.Connection, e *analyze.Evidence, end ending) (n NotReused, k class, ok bool) {
	if end.by == analyze.Nobody || c.Opaque() || !e.Request.OK() || afterOwnRST(e) {
		return n, k, false
	}
	late := answeredLate(e, end)
	if e.Outstanding == 0 && !late || unseen(c) && !e.ResponseBegun {
		return n, k, false
	}
	if late && !e.ClientRST.OK() {
		return of(HalfClose, analyze.Client, High, observation{kind: observedHalfClose, by: sender(analyze.Client)})
	}
	o := busyEnd(c, e, end)
	switch {
	case e.Malformed && !e.ResponseBegun:
		return malformed(c, e, o)
	case end.by == analyze.Client && e.EventStream && o.kind == observedCutEnd:
		o.kind = observedEventsEnd
		return of(ClientClosedAfterResponse, end.by, Medium, o)
	case end.by == analyze.Client:
		return wait(clientEndedBusy, end.by, o)
	}
	return endedByServer(c, e, end, o)
}

// busyEnd describes a close with a request under way.
func busyEnd(c *analyze.Connection, e *analyze.Evidence, end ending) observation {
	o := observation{
		kind: observedUnansweredEnd, by: end.sender() | guess(c), number: uint32(c.Carried() - max(0, e.Outstanding-1)),
		ns: max(0, end.at-e.Request.At),
	}
	if (e.ResponseBegun || e.HeadCut) && e.FirstByteAt <= end.at {
		o.kind = observedCutEnd
	}
	return o
}

// endedByServer takes closes of the server with a request under way, which may not have
// come whole.
func endedByServer(c *analyze.Connection, e *analyze.Evidence, end ending, o observation) (n NotReused, k class, ok bool) {
	if !c.Estimated() && (e.RequestDone == analyze.Unknown || e.RequestDone > end.at) && c.MissingClient == 0 {
		o.by |= uploading
	}
	return wait(serverEndedBusy, end.by, o)
}

// malformed judges a request that was answered by bytes that are no HTTP; where they are
// an alert, it was sent in clear to a port that speaks TLS.
func malformed(c *analyze.Connection, e *analyze.Evidence, o observation) (n NotReused, k class, ok bool) {
	if e.AlertAnswer && c.Responses == 0 {
		o.kind = observedPlainRequest
		return of(TLSFailed, analyze.Client, High, o)
	}
	o.kind = observedMalformed
	return of(MalformedResponse, analyze.Server, High, o)
}

// guess returns the mark of an observation whose number is an estimate.
func guess(c *analyze.Connection) sender {
	if c.Estimated() {
		return estimated
	}
	return 0
}

// answeredLate reports whether the client shut its side down while the server
// still answered its last request, which the server then did to the end.
func answeredLate(e *analyze.Evidence, end ending) bool {
	return e.ServerSentAfterFIN && e.Outstanding == 0 && end.by == analyze.Client && e.Request.OK() &&
		e.LastDone != analyze.Unknown && e.LastDone > end.at && (!end.rst || e.Request.At < end.at) // a FIN follows all requests
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
	if e.LastDone == analyze.Unknown || c.Opaque() || e.Outstanding > 0 {
		f := observation{kind: observedQuietEnd, by: end.sender(), ns: e.Quiet}
		if e.Data && e.Used && e.ServerLast && e.Outstanding == 0 {
			f.kind = observedRecordsEnd
		}
		if e.FarewellAt != 0 {
			f.kind = observedFarewellEnd
		}
		return wait(classes[1], end.by, f)
	}
	if e.Surplus > 0 && end.by == analyze.Client {
		return of(ClientClosedAfterResponse, analyze.Client, High,
			observation{kind: observedSurplus, by: end.sender(), number: uint32(e.Surplus), ns: sinceDone(e, end.at)})
	}
	f := observation{kind: observedIdleEnd, by: end.sender() | guess(c), number: uint32(c.Answered()), ns: sinceDone(e, end.at), status: e.LastStatus}
	if end.by == analyze.Client && c.Estimated() && e.NotifiesCrossed {
		f.kind = observedBothEnd
	}
	return wait(classes[0], end.by, f)
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
		number := uint32(max(c.Carried(), 0))
		if c.HTTP2 != nil {
			number = 0 // any of them, and those after it may have been answered
		}
		return NotReused{BusyAtEnd, analyze.Nobody, High,
			observation{kind: observedOpenBusy, by: guess(c), number: number, ns: last - since}}, decided
	case e.LastDone != analyze.Unknown && !c.Opaque() && e.Outstanding == 0:
		return NotReused{Undecided, analyze.Nobody, High,
			observation{kind: observedOpenIdle, by: guess(c), number: uint32(c.Answered()), ns: last - e.LastDone, status: e.LastStatus}}, openIdle
	}
	return NotReused{IdleAtEnd, analyze.Nobody, Low, observation{kind: observedOpenQuiet}}, decided
}
