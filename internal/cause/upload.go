package cause

import (
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// earlyAnswer returns the status of a response that rejects a request whose body had
// not come whole, 0 without one. The client may not have read such a response to its
// end.
func earlyAnswer(c *analyze.Connection, e *analyze.Evidence) uint16 {
	switch {
	case gaveUpSending(c, e):
		return 0
	case e.EarlyResponse && e.EarlyStatus >= redirect:
		return e.EarlyStatus
	case e.ResponseBegun && bodyUnderWay(c, e) && e.LastStatus >= clientError:
		return e.LastStatus
	}
	return 0
}

// gaveUpSending reports whether the client closed in the middle of its request, and the
// server answered that: such an answer takes a round trip, what was on its way half of one
// at most.
func gaveUpSending(c *analyze.Connection, e *analyze.Evidence) bool {
	return e.EarlyResponse && e.ClientFIN.OK() && e.LastDone != analyze.Unknown && e.LastDone-e.ClientFIN.At > c.RTT/2 && c.RTT > 0
}

// bodyUnderWay reports whether the body of the last request is seen not to have come
// whole.
func bodyUnderWay(c *analyze.Connection, e *analyze.Evidence) bool {
	return e.Outstanding == 1 && e.Request.OK() && e.RequestDone == analyze.Unknown && c.MissingClient == 0 && !c.HTTPUnknown
}

// bodyTimeouts finds out after what time servers give up on the body of a request: they
// answer without it, or close. A server whose window was closed did not wait for it.
func (d *Decisions) bodyTimeouts() {
	var stalled map[uint32]bool
	for _, s := range d.groups.servers {
		gaveUp := where(s.Having([]Cause{EarlyResponse, ServerTimeoutEmpty}), func(r *Record) bool {
			return (r.CutUpload() || r.Cause == EarlyResponse) && r.UploadTook() >= minRest
		})
		if len(gaveUp) < MinSamples {
			continue
		}
		if stalled == nil {
			stalled = map[uint32]bool{}
			d.EachAnomaly(func(m *Anomaly) { stalled[m.ID] = stalled[m.ID] || m.By == analyze.Server }, AnomalyStall)
		}
		waited := where(gaveUp, func(r *Record) bool { return !stalled[r.ID] })
		if b, ok := Agree(Values(waited, (*Record).UploadTook)); ok {
			d.addPolicy(Policy{Kind: BodyTimeout, By: analyze.Server, Subject: s.Name, Value: b.Middle, Samples: int64(b.N), Spread: b.spread(),
				Matches: products.MatchBody(time.Duration(b.Middle), s.Software)})
		}
	}
}

// UploadTook returns how long the body of the last request was under way when the server
// answered or closed; 0 if that is not known.
func (r *Record) UploadTook() int64 {
	sent := r.RequestSent()
	if sent == analyze.Unknown || sent == 0 {
		return 0
	}
	until := r.Ended
	switch answered := r.FirstByte(); {
	case r.CutUpload():
	case answered != analyze.Unknown:
		until = answered
	case r.Done != analyze.Unknown && r.Done >= sent:
		until = r.Done
	}
	return max(0, until-sent)
}
