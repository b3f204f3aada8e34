package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// failure is why requests failed on a connection whose cause is another: a message
// had ended its persistence before.
type failure struct {
	id uint32
	is NotReused
}

// failureOf returns why requests failed on a connection that a message had made
// the last use of: what its end alone would be called.
func failureOf(c *analyze.Connection, is NotReused, k class, end ending) (NotReused, bool) {
	e := &c.Evidence
	spoken := k == saidInResponse || is.Cause == RequestConnectionClose || is.Cause == HTTP10
	if !spoken || lossOf(c, end).failed == 0 {
		return NotReused{}, false
	}
	if e.Outstanding == 0 && refusedUpload(e) {
		return NotReused{EarlyResponse, analyze.Server, High, observation{kind: observedEarly, number: uint32(c.Requests), status: e.EarlyStatus}}, true
	}
	n, _, ok := cut(c, e, end)
	if !ok {
		if n, k, ok = endedBusy(c, e, end); !ok {
			return NotReused{}, false
		}
	}
	if n.Cause == Undecided {
		n.Confidence = Medium
		switch {
		case k == clientEndedBusy && end.rst:
			n.Cause = ClientReset
		case k == clientEndedBusy:
			n.Cause = ClientTimeout
		case end.rst:
			n.Cause = ServerReset
		case n.observation.kind == observedCutEnd:
			n.Cause = ServerTimeoutCut
		default:
			n.Cause = ServerTimeoutEmpty
		}
	}
	return n, true
}

// noteFailure notes why requests of c failed, if its cause does not tell.
func (s *Summary) noteFailure(c *analyze.Connection, is NotReused, k class) {
	if why, ok := failureOf(c, is, k, endingOf(c)); ok {
		s.failures = append(s.failures, failure{uint32(c.ID), why})
	}
}

// FailedOtherwise returns the connections whose requests failed for another reason
// than their cause, in order of ID, with that reason in place of the cause: copies.
func (d *Decisions) FailedOtherwise() []*Record {
	var out []*Record
	for _, f := range d.all.summary.failures {
		if d.runEnds[f.id] {
			continue
		}
		r := *d.Record(uint64(f.id))
		r.Cause, r.By, r.Confidence, r.observation = f.is.Cause, f.is.By, f.is.Confidence, f.is.observation
		if r.class == saidInResponse {
			r.class = decided
			r.times = [2]int64{analyze.Unknown, analyze.Unknown} // they are those of the response
		}
		out = append(out, &r)
	}
	slices.SortFunc(out, func(x, y *Record) int { return cmp.Compare(x.ID, y.ID) })
	return out
}
