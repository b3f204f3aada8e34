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
