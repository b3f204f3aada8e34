package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
)

// answersFrom reports whether a side is the one that answers requests, once one was
// seen.
func (t *httpState) answersFrom(side flows.Side) bool {
	return t.has(sawRequest) && side != t.requester && !t.has(tunnelled)
}

// stray takes bytes of the side that answers that begin no message, where one could
// begin or after such bytes: they follow a response that was said to be shorter, or
// one that has no body, or they answer a request in a way that cannot be read.
func (t *httpState) stray(b []byte) {
	switch {
	case len(b) == 0, t.outstanding > 0 && t.current.answered: // the framing of a body is wrong
	case t.outstanding > 0:
		if !t.has(malformed) && len(b) > 1 && b[0] == tlsAlert && b[1] == 3 {
			t.facts |= alertAnswer
		}
		t.facts |= malformed
	case t.responses > 0 && t.lastDone != Unknown:
		t.surplus = uint16(min(int(t.surplus)+len(b), math.MaxUint16))
	}
}

// tlsAlert is the type of a record with an alert (RFC 8446, 5.1).
const tlsAlert = 21

// unmatched returns how many responses answer no request that was seen.
func (t *httpState) unmatched() int64 {
	matched := t.requests - t.outstanding
	if t.outstanding > 0 && t.current.answered {
		matched++
	}
	return max(0, int64(t.responses)-int64(matched))
}
