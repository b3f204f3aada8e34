package cause

import (
	"maps"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Lost are requests that got no whole response: a failed one was let down, an
// abandoned one was dropped by the client of its own accord.
type Lost struct{ Failed, Abandoned int64 }

// loss is what a connection tells of its requests without a whole response, before
// its cause is known.
type loss struct {
	failed  int64 // let down, unless the client's process ended
	dropped int64 // the client ended it in a response, by a timeout or as it chose
}

// lossOf returns the requests of c that have no whole response, though the capture
// would show it, as far as c alone tells.
func lossOf(c *analyze.Connection, end ending) loss {
	e := &c.Evidence
	n := e.Outstanding
	switch {
	case !losable(c, e):
		return loss{}
	case n == 0 && refusedUpload(e):
		return loss{failed: 1}
	case n == 0 && e.ResponseUnacked && e.UnansweredServer >= minLostData:
		return loss{failed: 1} // the response did not arrive
	case n == 0 && e.ClientRST.OK() && answeredLate(e, end):
		n = 1
	case n == 0 || unseen(c) && !e.ResponseBegun:
		return loss{}
	}
	if end.by == analyze.Client && (e.ResponseBegun || e.HeadCut) && e.FirstByteAt <= end.at {
		return loss{dropped: n}
	}
	return loss{failed: n}
}

// losable reports whether c has requests of which the capture would show what became:
// what was malformed may have been read.
func losable(c *analyze.Connection, e *analyze.Evidence) bool {
	return !c.Opaque() && e.Request.OK() && !afterOwnRST(e) && !(e.Malformed && !e.ResponseBegun)
}

// refusedUpload reports whether the last request was answered by an error while it
// was sent, and never became whole.
func refusedUpload(e *analyze.Evidence) bool {
	return e.UploadCut && e.EarlyStatus >= clientError && e.EarlyStatus < serverError
}

// Lost returns the requests of a connection that got no whole response, one at
// least of them refused while it was sent.
func (d *Decisions) Lost(r *Record) Lost {
	n := int64(1)
	if more, ok := d.pipelined[r.ID]; ok {
		n = more
	}
	switch {
	case r.has(isOpen) && !r.Cause.cutByPath():
		return Lost{} // an answer may come yet
	case r.has(isDropped) && r.Cause != ClientTimeout && !r.Cause.cutByPath(), r.has(isFailed) && (r.Cause == ClientExit || d.runEnds[r.ID]):
		return Lost{Abandoned: n}
	case r.has(isFailed | isDropped), r.responseLost():
		return Lost{Failed: n}
	}
	return Lost{}
}

// responseLost reports whether what a server sends gets no answer: its last response, which
// the capture shows, did not arrive.
func (r *Record) responseLost() bool {
	return r.Cause == RetransmissionTimeout && r.has(isOpen) && r.Requests > 0 && r.observation.kind == observedDataLost &&
		r.observation.by.party() == analyze.Server
}

// cutByPath reports whether what the two sides sent did not reach the other.
func (c Cause) cutByPath() bool {
	switch c {
	case AcceptQueueFull, DeadPeer, LocalDrop, RetransmissionTimeout, MiddleboxReset:
		return true
	}
	return false
}

// TotalLost returns the requests that got no whole response, of all connections whose
// requests were counted; EstimatedLost of those whose requests are estimated.
func (d *Decisions) TotalLost() Lost     { return d.losses.all }
func (d *Decisions) EstimatedLost() Lost { return d.estimatedLosses.all }

// LostAt returns those of the server with that number, EstimatedLostAt those that are
// estimated.
func (d *Decisions) LostAt(server uint32) Lost          { return d.losses.byServer[server] }
func (d *Decisions) EstimatedLostAt(server uint32) Lost { return d.estimatedLosses.byServer[server] }

// noteLoss adds what a connection lost to the losses that it belongs to.
func (d *Decisions) noteLoss(r *Record, counted, estimated *losses) {
	if r.Estimated() {
		counted = estimated
	}
	counted.add(d.PairOf(r).To.Num, d.Lost(r).plus(d.streams[r.ID]))
}

// losses are lost requests, in all and by the number of their server.
type losses struct {
	all      Lost
	byServer map[uint32]Lost
}

// add adds what a connection to a server lost.
func (l *losses) add(server uint32, x Lost) {
	if x == (Lost{}) {
		return
	}
	l.all = l.all.plus(x)
	if l.byServer == nil {
		l.byServer = map[uint32]Lost{}
	}
	l.byServer[server] = l.byServer[server].plus(x)
}

// join adds others. It makes a map of its own.
func (l *losses) join(others *losses) {
	l.byServer = maps.Clone(l.byServer)
	for server, x := range others.byServer {
		l.add(server, x)
	}
}

func (x Lost) plus(y Lost) Lost { return Lost{x.Failed + y.Failed, x.Abandoned + y.Abandoned} }

// countLosses counts the requests that got no whole response, when all causes are
// decided.
func (d *Decisions) countLosses() {
	d.all.summary.each(func(a *Anomaly) {
		if d.pipelined == nil {
			d.pipelined = map[uint32]int64{}
		}
		d.pipelined[a.ID] = a.Duration
	}, AnomalyPipelined)
	d.streamLosses()
	for _, r := range d.all.byID {
		if r.has(isFailed|isDropped) || r.responseLost() || len(d.streams) > 0 && d.streams[r.ID] != (Lost{}) {
			d.noteLoss(r, &d.losses, &d.estimatedLosses)
		}
	}
}
