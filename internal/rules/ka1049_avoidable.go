package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var avoidable = &Rule{
	ID:    "KA1049",
	Title: "avoidable connections",
	Who:   analyze.Client,
	SetWhen: "a client opened more connections to a server than it had requests under way at once, hardly used them, and how they end " +
		"does not show why: they stay open, or the client closes them at times that have nothing in common; or each is a WebSocket " +
		"that is closed within a second",
	Why: "each process, worker or session of the client opens connections of its own, or its pool hands out the one that was unused " +
		"for longest",
	Advice: products.Advise(
		"share one client or session with a pool for all requests of a program",
		"capture for longer, until these connections end, to see why they are not used again",
	),
	Filter: "tcp.flags.syn == 1",
	Hint:   "Statistics, Conversations, TCP: many connections between these two, with a request or two each",
	Needs:  HTTP | BothSides | Whole | Opening,
	Check:  checkAvoidable,
	Costs:  true,
}

func checkAvoidable(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.IdleAtEnd, cause.HalfClose, cause.ClientClosedAfterResponse, cause.Unknown) {
		told := v.used[e.pair.Num] - int64(len(cause.Where(e.records, v.untold)))
		n := v.avoidable[e.pair.Num] - told // those that others took the place of are told by other rules
		e.records = cause.Where(e.records, func(r *cause.Record) bool { return v.untold(r) && r.Requests < usedAgain })
		if n = min(n, e.len()); n < cause.MinSamples {
			continue
		}
		e.records = e.records[:n]
		f := v.found(r, e, "")
		used := v.used[e.pair.Num]
		f.Title = cause.Count(f.Saves.Connections) + " of " + conns(used) + " of " + e.pair.Name + " to " + e.server.Name +
			" were avoidable; the capture does not show why they were opened"
		if in := cause.Where(e.records, (*cause.Record).EndUnseen); len(in)*2 > len(e.records) {
			f.Title += ", because the snap length cut off the ends of responses, or packets were lost"
			f.Advice = products.Advise("capture all of each packet (-s 0), to see why", append([]string{f.Fix}, f.Alternatives...)...)
		}
		f.Confidence, f.brief = cause.Low, f.Title
		if f.Severity == Notable && graveShare.of*f.Saves.Connections < graveShare.part*used {
			f.Severity = Info
		}
		if f.Severity > Info { // else it costs too little to wonder why
			out = append(out, f)
		}
	}
	return append(out, v.briefSockets(r)...)
}

// briefSockets finds clients that open a WebSocket, or another upgraded connection, for
// next to nothing, again and again.
func (v *view) briefSockets(r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.Upgraded) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return !x.Open() })
		if e.len() < leastUnused || perMinute(e.records) < manyUnused {
			continue
		}
		open := cause.Typical(cause.Values(e.records, func(x *cause.Record) int64 { return x.Ended - x.Start }))
		starts := cause.Values(e.records, func(x *cause.Record) int64 { return x.Start })
		if open > briefSocket || open*e.len()*2 > cause.Spread(starts) { // many at once are of many users
			continue
		}
		f := v.found(r, e, "%s opened %s WebSockets (or the like) to %s in %s, one after the other, each for about %s: one carries many messages",
			e.pair.Name, cause.Count(e.len()), e.server.Name, cause.Duration(cause.Spread(starts)), cause.Duration(open))
		f.Advice = products.Advise(
			"keep one WebSocket open and send all messages over it",
			"open another one only when it fails",
		)
		f.Severity, f.Confidence = Notable, cause.Medium
		f.brief = fmt.Sprintf("%s opens a WebSocket to %s again and again, each for about %s", e.pair.Name, e.server.Name, cause.Duration(open))
		out = append(out, f)
	}
	return out
}

// untold reports whether no other rule tells why a connection was not used again.
func (v *view) untold(r *cause.Record) bool {
	return r.Requests > 0 && !v.toldAsHTTP2(r) && (r.Cause != cause.ClientClosedAfterResponse || !r.LeftEvents() && r.Surplus() == 0 && !(r.Measured() < soonAfter && r.EndedIdle()))
}
