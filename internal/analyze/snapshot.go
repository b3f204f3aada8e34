package analyze

import "github.com/kaanalyze/kaanalyze/flows"

// Snapshot says how things stand while a capture goes on.
type Snapshot struct {
	Connections int64 // seen so far
	Requests    int64 // seen so far
	Open        int64 // connections that are open, or half-closed
	TimeWait    int64 // TIME_WAIT entries
}

// Snapshot counts at a time in ns since the epoch, which may be later than the
// last packet's. It looks at every connection that is kept: some 50 ns each.
func (a *Analyzer) Snapshot(at int64) Snapshot {
	x := Snapshot{Connections: int64(a.engine.Len()), Requests: a.totals.requests.sum()}
	at = max(at, a.engine.Now())
	a.engine.Each(func(c *flows.Conn) {
		if !a.wanted(c) {
			return
		}
		if kind := c.CloseKind(); kind == flows.CloseOpen || kind == flows.CloseHalf {
			x.Open++
		}
		for side := range flows.Side(2) {
			_, restarted, ended, ok := c.TimeWaitSpan(side)
			if ok && at < restarted+int64(a.opt.TimeWait) && (ended == 0 || at < ended) {
				x.TimeWait++
			}
		}
	})
	return x
}
