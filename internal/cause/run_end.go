package cause

import (
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// runEnded finds where a load generator, or a batch, ended with requests under way: its
// connections carried one request right after the other, all end at one moment, nothing
// follows, and no request waited for longer than those before it took. A timeout ends
// what takes longer, and its client goes on.
func (h *Host) runEnded() {
	newest, oldest := h.outlasting()
	if oldest != math.MaxInt64 {
		return // one stays open
	}
	ends := Gather(h.Pairs, func(p *Pair) []*Record {
		return where(p.waiting(clientEndedIdle, clientEndedBusy, clientEndedQuiet), func(r *Record) bool { return r.Ended >= newest })
	})
	var run []*Record // the last
	for run = range bursts(ends) {
	}
	busy := 0
	for _, r := range run {
		switch {
		case r.class == clientEndedBusy && r.endedInLoop():
			busy++
		case r.class == clientEndedBusy, r.Measured() >= MinIdle:
			return
		}
	}
	if busy > 0 {
		settle(run, ClientExit, analyze.Client, Medium)
	}
}

// endedInLoop reports whether the last request of a connection was sent right after the
// response before it, like the others, and had not waited for longer than they took.
func (r *Record) endedInLoop() bool {
	sent := r.RequestSent()
	if r.Requests < loopRequests || sent == analyze.Unknown || r.Done == analyze.Unknown || sent-r.Done > maxLoopGap {
		return false
	}
	return r.Ended-sent <= (sent-r.Start)/int64(r.Requests-1)
}

// findRunEnds is runEnded for connections of one request each, which a message had made
// the last use of: they are cut short by the end of a run if all end at one moment,
// nothing follows, and none waited for longer than others of its pair.
func (d *Decisions) findRunEnds() {
	cut := map[*Pair][]*Record{}
	for _, f := range d.all.summary.failures {
		if r := d.all.find(uint64(f.id)); f.is.Cause == ClientTimeout && d.groups.listed(r) {
			p := d.PairOf(r)
			cut[p] = append(cut[p], r)
		}
	}
	if len(cut) == 0 {
		return
	}
	for _, h := range d.groups.hosts {
		newest, oldest := h.outlasting()
		if oldest != math.MaxInt64 {
			continue
		}
		for _, p := range h.Pairs {
			if run := cut[p]; len(run) > 0 && p.cutAtEnd(run, newest) {
				for _, r := range run {
					if d.runEnds == nil {
						d.runEnds = map[uint32]bool{}
					}
					d.runEnds[r.ID] = true
				}
			}
		}
	}
}

// cutAtEnd reports whether these connections of p, all whose request the client gave up,
// are what a run cut short that ended after the newest connection had begun.
func (p *Pair) cutAtEnd(run []*Record, newest int64) bool {
	if moments(run) != 1 {
		return false
	}
	longest, answered := int64(0), 0
	for _, r := range p.Records {
		if wait, _, ok := r.Waited(); ok && !r.has(isFailed|isDropped) {
			longest = max(longest, wait)
			answered++
		}
	}
	if answered < loopRequests {
		return false
	}
	for _, r := range run {
		if r.Ended < newest || r.Ended-r.RequestSent() > longest {
			return false
		}
	}
	return true
}
