package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// gaveUpOpening tells a client that waited too short a time for the SYN-ACK from one
// that needed the connection no more: another one, opened beside it, was there first.
func (p *Pair) gaveUpOpening() {
	for _, r := range p.waiting(openingGivenUp) {
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

// spareDials tells connections that were opened at the same time as one that was used,
// for the same requests, from those that were opened for nothing: over TLS and with HTTP/2
// in clear, where a client opens one for each of the first requests and then finds that
// HTTP/2 needs no more than one.
func (p *Pair) spareDials() {
	p.replacements()
	if !slices.ContainsFunc(p.Records, (*Record).dialedInVain) {
		return
	}
	var used []int64
	for _, r := range p.Records {
		if r.Cause != NoRequest && !r.NeverOpened() && r.Cause != TLSFailed {
			used = append(used, r.Start)
		}
	}
	slices.Sort(used)
	for _, r := range p.Records {
		if !r.dialedInVain() {
			continue
		}
		i, _ := slices.BinarySearch(used, r.Start-besideAnother)
		if i < len(used) && used[i] <= r.Start+besideAnother {
			r.Cause, r.Confidence = SpareDial, Medium
		}
	}
}

// dialedInVain reports whether the client closed it unused, after the TLS handshake or
// after its preface of HTTP/2.
func (r *Record) dialedInVain() bool {
	o := &r.observation
	unused := o.kind == observedTLSUnused || o.kind == observedNoRequest && o.number == spokeHTTP2
	return r.Cause == NoRequest && unused && o.by.party() == analyze.Client
}

// replacements tells connections that were opened in the place of one that the client had
// just closed with a body unread, and needed no more: undici, and with it Node's fetch,
// opens one at once for the requests to come.
func (p *Pair) replacements() {
	unread := Having(p.Records, []Cause{ClientUnreadBody})
	if len(unread) == 0 {
		return
	}
	ended := SortedValues(unread, func(r *Record) int64 { return r.Ended })
	for _, r := range p.Records {
		if r.Cause != NoRequest || r.observation.kind != observedNoRequest || r.observation.by.party() != analyze.Client {
			continue
		}
		if i, _ := slices.BinarySearch(ended, r.Start-inPlace); i < len(ended) && ended[i] <= r.Start {
			r.Cause, r.Confidence = SpareDial, Medium
		}
	}
}
