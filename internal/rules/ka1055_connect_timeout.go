package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var connectTimeout = &Rule{
	ID:      "KA1055",
	Title:   "client gives up before the SYN-ACK comes",
	Who:     analyze.Client,
	SetWhen: "the client answers the SYN-ACK with a bare RST: no socket of it waits for the connection any more",
	Why: "the client's connect timeout is shorter than a round trip; programs that try the addresses of a name one after the other " +
		"wait for each for as little as 250 ms (happy eyeballs)",
	Advice: products.Advise(
		"raise the client's connect timeout well above the round trip",
		"in Node that is autoSelectFamilyAttemptTimeout (250 ms by default in Node 20), for all of the program "+
			"net.setDefaultAutoSelectFamilyAttemptTimeout",
	),
	Filter: "tcp.flags.reset == 1 and tcp.ack == 0",
	Hint:   "it is the packet after the SYN-ACK",
	Needs:  Opening | BothSides,
	Check:  checkConnectTimeout,
}

func checkConnectTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ConnectTimeout) {
		if v.scanned[e.pair.Num] {
			continue
		}
		least := slices.Min(cause.Values(e.records, (*cause.Record).Measured))
		// What is given up before any answer sends nothing: only a bound is known.
		f := v.found(r, e, "%s gives up on connecting to %s before the SYN-ACK comes, in less than %s: %s",
			e.pair.Name, e.server.Name, cause.Duration(least), shareOf(e.len(), e.pair.Seen()))
		if e.len() < cause.MinSamples {
			f.Severity = Info
		}
		f.brief = e.pair.Name + " gives up on connecting to " + e.server.Name + " within less than a round trip, " +
			cause.Duration(least)
		out = append(out, f)
	}
	return out
}
