package report

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// givenUpWords say what became of what was given up, by its name.
var givenUpWords = map[string]string{
	analyze.GaveUpConnections: "connections are only in the sums",
	analyze.GaveUpExchanges:   "exchanges are only in the sums",
	analyze.GaveUpSamples:     "idle gaps and pipelined requests are counted, but not kept one by one",
	analyze.GaveUpStreams:     "streams of HTTP/2 that were open at once are counted, but not kept one by one",
	analyze.GaveUpHalfOpen:    "half-open connections were no longer followed",
	analyze.GaveUpEnded:       "ended connections were no longer followed, though TIME_WAIT was not over",
	analyze.GaveUpIdle:        "idle connections were no longer followed",
}

// givenUp writes what was given up so that memory stays bounded, and what that does to
// the totals.
func (p *teller) givenUp() {
	r := p.r.Result
	for _, x := range r.GivenUp {
		why := ": --max-memory allows no more"
		if x.What == analyze.GaveUpStreams {
			why = ": no more are kept of a connection"
		}
		p.fact("given up", cause.Count(x.Count)+" "+givenUpWords[x.What]+", since "+p.r.Meta.Clock(x.Since)+why)
	}
	if len(r.AtMost) > 0 {
		p.fact("at most", strings.Join(r.AtMost, ", ")+": the true numbers may be lower")
	}
	if len(r.AtLeast) > 0 {
		p.fact("at least", strings.Join(r.AtLeast, ", ")+": the true numbers may be higher")
	}
	p.leftOut("server", "servers", &r.ServersLeftOut)
	p.leftOut("pair", "pairs", &r.PairsLeftOut)
	if n := r.HostsLeftOut; n > 0 {
		p.fact("left out", cause.Plural(n, "host", "hosts")+" with TIME_WAIT, which the totals count: those that held it last have a row")
	}
}

// leftOut writes which rows there are not.
func (p *teller) leftOut(one, many string, x *analyze.LeftOut) {
	if x.Count == 0 {
		return
	}
	p.fact("left out", cause.Plural(x.Count, one, many)+" with "+cause.Plural(x.Connections, "connection", "connections")+" and "+
		cause.Plural(x.Requests, "request", "requests")+", which the totals count: those that were active last have a row")
}
