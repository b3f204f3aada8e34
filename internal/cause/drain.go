package cause

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/products"
)

// drainedInVain returns the connections whose response body the client left unread,
// though its library read on for goDrain after the program had closed it: Go does so
// from version 1.27 on. None ends sooner after the head, and unless the host is busy
// most right after that time.
// A timeout of the whole request ends some sooner, or is as exact from the request on
// as this is from the head on.
func (p *Pair) drainedInVain() []*Record {
	if p.Program != products.Go && p.Program != products.Unknown && p.Program != products.Other {
		return nil
	}
	w := where(p.waiting(clientEndedBusy), (*Record).CutResponse)
	if len(w) == 0 || len(w) < MinSamples && p.Program != products.Go { // few are enough where they are exact
		return nil
	}
	waited := Values(w, func(r *Record) int64 { return r.Ended - r.FirstByte() })
	exact, few := 0, len(w) < MinSamples
	for i, r := range w {
		late := waited[i] - goDrain
		switch {
		case few && min(late, max(late-r.roundTrip(), r.roundTrip()-late)) <= drainFew: // at the client, at the server
			exact++
		case !few && late-r.roundTrip() <= drainExact:
			exact++
		}
	}
	if slices.Min(waited) < goDrain || exact*drainShare < len(w) || few && exact < len(w) {
		return nil
	}
	near := func(v []int64) int64 { return Typical(v) - slices.Min(v) } // half of them
	whole := Values(w, (*Record).Measured)
	if (near(whole) < near(waited) || few) && round(Typical(whole)) {
		return nil
	}
	return where(w, func(r *Record) bool { return r.Ended-r.FirstByte()-goDrain-r.roundTrip() <= drainLate })
}
