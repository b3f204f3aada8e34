package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// Where connections are forgotten once they have ended, most of those that are
// kept wait for the end of their TIME_WAIT, and no message comes any more. The
// HTTP state of such a connection is packed to half its size, and to less in a
// compact.Vault, until data comes after all. As with the packed connections of
// package flows, a state that does not fit stays as it is.

// packedState is the state of a connection on which both sides have ended. It has
// neither a reader nor a queue, and one idle gap at most. Times are the distance to
// at. The number of the pair is not kept, as numbers change when pairs are left out:
// the addresses tell it.
type packedState struct {
	at    int64
	facts httpFacts
	gap   uint32 // ns

	requestAt, requestDone, firstByteAt, lastDone, endAt, previousDone distance

	requestNum, responseNum, endNum uint32

	requests, responses, endN  uint16
	status, lastStatus         uint16
	idleBefore, idleOthers     uint16
	interim, outstanding, gaps uint8
	proto                      Protocol
	minor                      uint8
	requester                  flows.Side
	reason                     EndReason
	method                     httpparse.Method
	answered                   bool
}

// distance is a time as the distance in ns to another.
type distance int32

const (
	noTime      distance = -1 << 31 // the time is 0
	unknownTime distance = 1<<31 - 1
)

// distance returns the distance of a time to x.at, which may not fit.
func (x *packedState) distance(t int64) distance {
	switch t {
	case 0:
		return noTime
	case Unknown:
		return unknownTime
	}
	return distance(t - x.at)
}

// time is the inverse of distance, if that fits.
func (x *packedState) time(d distance) int64 {
	switch d {
	case noTime:
		return 0
	case unknownTime:
		return Unknown
	}
	return x.at + int64(d)
}

// pack makes the packed form of t, and reports whether that tells all of it.
func (x *packedState) pack(t *httpState) bool {
	e, s := &t.current, &t.end
	if x.at = t.lastDone; x.at == Unknown {
		x.at = e.requestAt
	}
	x.facts, x.gap, x.gaps = t.facts, uint32(t.gaps.last), uint8(t.gaps.n)
	x.requestAt, x.requestDone, x.firstByteAt = x.distance(e.requestAt), x.distance(e.requestDone), x.distance(e.firstByteAt)
	x.requestNum, x.responseNum = uint32(e.requestNum), uint32(e.responseNum)
	x.method, x.status, x.answered = e.method, e.status, e.answered
	x.lastDone, x.lastStatus = x.distance(t.lastDone), t.lastStatus
	x.reason, x.endN, x.endNum, x.endAt, x.previousDone = s.reason, uint16(s.n), uint32(s.num), x.distance(s.at), x.distance(s.previousDone)
	x.requests, x.responses = uint16(t.requests), uint16(t.responses)
	x.interim, x.outstanding = uint8(t.interim), uint8(t.outstanding)
	x.proto, x.minor, x.requester = t.proto, t.minor, t.requester
	x.idleBefore, x.idleOthers = t.idleBefore, t.idleOthers
	var again httpState
	x.unpack(&again)
	again.pair = t.pair
	return again == *t
}

// unpack is the inverse of pack.
func (x *packedState) unpack(t *httpState) {
	*t = httpState{}
	t.facts = x.facts
	t.gaps.n, t.gaps.last, t.gaps.max = uint32(x.gaps), int64(x.gap), int64(x.gap)
	e, s := &t.current, &t.end
	e.requestAt, e.requestDone, e.firstByteAt = x.time(x.requestAt), x.time(x.requestDone), x.time(x.firstByteAt)
	e.requestNum, e.responseNum = uint64(x.requestNum), uint64(x.responseNum)
	e.method, e.status, e.answered = x.method, x.status, x.answered
	t.lastDone, t.lastStatus = x.time(x.lastDone), x.lastStatus
	s.reason, s.n, s.num, s.at, s.previousDone = x.reason, uint32(x.endN), uint64(x.endNum), x.time(x.endAt), x.time(x.previousDone)
	t.requests, t.responses = uint32(x.requests), uint32(x.responses)
	t.interim, t.outstanding = uint32(x.interim), uint32(x.outstanding)
	t.proto, t.minor, t.requester = x.proto, x.minor, x.requester
	t.idleBefore, t.idleOthers = x.idleBefore, x.idleOthers
}
