package analyze

import "slices"

// Where memory is bounded, detail is given up, the oldest first, and the report says
// what it lacks.

// GivenUp is a kind of detail that was given up so that memory stays bounded.
type GivenUp struct {
	What  string // one of the names below
	Count int64  // how many of them
	Since int64  // when the first was given up, by the packets' time, ns since the epoch
}

// What can be given up.
const (
	GaveUpConnections = "connections"      // kept one by one; they are in the sums
	GaveUpExchanges   = "exchanges"        // kept one by one; they are in the sums
	GaveUpSamples     = "samples"          // idle gaps and pipelined requests, kept one by one
	GaveUpStreams     = "streams"          // open ones of HTTP/2, kept one by one; they are in the sums
	GaveUpHalfOpen    = "half_open"        // followed, whose SYN nobody had answered yet
	GaveUpEnded       = "ended"            // followed, that had ended: later packets of them look like new connections
	GaveUpIdle        = "idle_connections" // followed, that were open and had been idle longest
)

// gaveUp is what was given up so far.
type gaveUp struct {
	list []GivenUp
}

// note counts n more of a kind.
func (g *gaveUp) note(what string, n, now int64) {
	if n <= 0 {
		return
	}
	for i := range g.list {
		if g.list[i].What == what {
			g.list[i].Count += n
			return
		}
	}
	g.list = append(slices.Clip(g.list), GivenUp{what, n, now})
}

// has reports whether something of that kind was given up.
func (g *gaveUp) has(what string) bool {
	return slices.ContainsFunc(g.list, func(x GivenUp) bool { return x.What == what })
}

// tell adds to r what was given up, and which totals became bounds by it.
func (g *gaveUp) tell(r *Result) {
	r.GivenUp = append(r.GivenUp, slices.Clone(g.list)...)
	followed := g.has(GaveUpIdle)
	if followed || g.has(GaveUpHalfOpen) || g.has(GaveUpEnded) { // what comes for them later begins a connection
		r.AtMost = append(r.AtMost, "connections")
		r.AtMost = append(r.AtMost, "midstream")
	}
	if followed || g.has(GaveUpHalfOpen) {
		r.AtMost = append(r.AtMost, "unanswered")
		r.AtLeast = append(r.AtLeast, "handshakes_complete", "refused")
	}
	if followed {
		r.AtLeast = append(r.AtLeast, "requests", "responses", "reused_requests", "time_wait.closes")
	}
	if g.has(GaveUpEnded) { // an RST, or the next connection, may have ended it early
		r.AtMost = append(r.AtMost, "time_wait.peak", "time_wait.at_end")
	}
}

// Reopened reports whether a packet may have begun another connection because its own
// was given up: then connections have other IDs than in another analysis.
func Reopened(r *Result) bool {
	g := gaveUp{r.GivenUp}
	return g.has(GaveUpHalfOpen) || g.has(GaveUpEnded) || g.has(GaveUpIdle)
}
