package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// gaveUpOpening tells a client that waited too short a time for the SYN-ACK from one
// that needed the connection no more: another one, opened beside it, was there first.
func (p *Pair) gaveUpOpening() {
	for _, r := range waiting(p.Records, openingGivenUp) {
		another := slices.ContainsFunc(p.Records, func(x *Record) bool {
			opened := x.Start + x.ConnectTime()
			return x.connect > 0 && opened > r.Start-besideAnother && opened < r.Ended && (x.has(isOpen) || x.Ended > r.Start)
		})
		if another {
			settle([]*Record{r}, SpareDial, analyze.Client, Medium)
		} else {
			settle([]*Record{r}, ConnectTimeout, analyze.Client, Medium)
		}
	}
}

// spareDials tells connections without a request that were opened for the requests of
// others from those that were opened for nothing.
func (p *Pair) spareDials() {
	w := waiting(p.Records, neverUsed)
	if len(w) == 0 {
		return
	}
	settle(slices.Concat(p.dialedBeside(w), p.replacements(w)), SpareDial, analyze.Client, Medium)
	settle(waiting(w, neverUsed), NoRequest, analyze.Client, High)
}

// dialedBeside returns those of w that were opened at the same time as one that was used:
// over TLS alone, where a client opens one for each of the first requests and then finds
// that HTTP/2 needs no more than one.
func (p *Pair) dialedBeside(w []*Record) []*Record {
	w = Where(w, func(r *Record) bool { return r.observation.kind == observedTLSUnused })
	if len(w) == 0 {
		return nil
	}
	others := Where(p.Records, func(r *Record) bool {
		return r.class != neverUsed && r.Cause != NoRequest && !r.NeverOpened() && r.Cause != TLSFailed
	})
	used := SortedValues(others, func(r *Record) int64 { return r.Start })
	return Where(w, func(r *Record) bool {
		i, _ := slices.BinarySearch(used, r.Start-besideAnother)
		return i < len(used) && used[i] <= r.Start+besideAnother
	})
}

// replacements returns those of w that were opened in the place of one that the client had
// just closed with a body unread, and needed no more: undici, and with it Node's fetch,
// opens one at once for the requests to come.
func (p *Pair) replacements(w []*Record) []*Record {
	w = Where(w, func(r *Record) bool { return r.observation.kind == observedNoRequest })
	unread := Having(p.Records, []Cause{ClientUnreadBody})
	if len(w) == 0 || len(unread) == 0 {
		return nil
	}
	ended := SortedValues(unread, func(r *Record) int64 { return r.Ended })
	return Where(w, func(r *Record) bool {
		i, _ := slices.BinarySearch(ended, r.Start-inPlace)
		return i < len(ended) && ended[i] <= r.Start
	})
}

// dialedInVain reports whether the client closed it after the TLS handshake, unused, and
// it was no spare one.
func (r *Record) dialedInVain() bool {
	return r.Cause == NoRequest && r.observation.kind == observedTLSUnused && r.observation.by.party() == analyze.Client
}
