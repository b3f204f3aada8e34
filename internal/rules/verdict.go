package rules

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// conclude makes the verdict of what was found.
func (v *view) conclude() Verdict {
	t := &v.result.Totals
	if len(v.Findings) > 0 && v.Findings[0].Severity >= Notable {
		f := &v.Findings[0]
		text := f.brief
		if text == "" {
			text = f.Title
		}
		return Verdict{Problem, text + v.cost(f) + v.rest(f.subject.server)}
	}
	needs := HTTP | BothSides | Whole
	if t.ReusedRequests <= 0 && (!t.Estimated.Known() || t.Estimated.ReuseRatio == 0) {
		needs |= Opening // a connection that was reused before its first packet looks new
	}
	if lacks := v.lacksUnless(v.judgesSome, needs); lacks != "" {
		return Verdict{CannotTell, lacks}
	}
	if !t.BareACK && t.SYN+t.SYNACK+t.FIN+t.RST == 0 {
		return Verdict{CannotTell, "only packets with data were captured, so openings and closes cannot be seen; capture " +
			"without a filter on the contents of packets, as with the filter tcp"}
	}
	if v.Summary().Opaque*2 > v.connections && !v.judgesSome {
		return Verdict{CannotTell, v.hidden() + "; the others: " + v.healthy()}
	}
	return Verdict{OK, v.healthy() + v.failedCalls() + v.unread() + v.rest(nil)}
}

// cost says what the first finding costs: the TIME_WAIT at the host that holds
// most, or the requests that failed.
func (v *view) cost(f *Finding) string {
	hosts := v.result.Totals.TimeWait.Hosts
	switch {
	case f.Rule == avoidable:
		return "" // it says so
	case f.Failed > 0:
		return fmt.Sprintf("; %s failed", cause.Plural(f.Failed, "request", "requests"))
	case f.Unopened > 0:
		return fmt.Sprintf("; %s failed", conns(f.Unopened))
	case len(hosts) == 0 || hosts[0].Peak < cause.MinSamples || f.subject.server == nil:
		if f.Saves.Connections > 1 {
			return fmt.Sprintf("; %s avoidable", conns(f.Saves.Connections))
		}
		return ""
	}
	for _, h := range hosts {
		switch {
		case h.Peak < cause.MinSamples:
		case h.Host == f.subject.server.Server.Addr() && v.serverAndClient(h.Host):
			return fmt.Sprintf("; %s holds up to %s TIME_WAIT", h.Host, cause.Count(h.Peak))
		case h.Host == f.subject.server.Server.Addr() && v.heldBy(f, analyze.TimeWaitServer):
			return fmt.Sprintf("; the server holds up to %s TIME_WAIT", cause.Count(h.Peak))
		case f.subject.pair != nil && h.Host == f.subject.pair.Client && v.heldBy(f, analyze.TimeWaitClient):
			return fmt.Sprintf("; the client holds up to %s TIME_WAIT", cause.Count(h.Peak))
		}
	}
	if f.Saves.Connections > 1 {
		return fmt.Sprintf("; %s avoidable", conns(f.Saves.Connections))
	}
	return ""
}

// serverAndClient reports whether a host holds TIME_WAIT as a server and as a
// client, as all do that talk to themselves: its population is of both.
func (v *view) serverAndClient(host netip.Addr) bool {
	var server, client bool
	for _, p := range v.Pairs() {
		holds := func(here bool, side analyze.TimeWait) bool {
			return here && slices.ContainsFunc(p.Records,
				func(r *cause.Record) bool { return r.TimeWait == side || r.TimeWait == analyze.TimeWaitBoth })
		}
		server = server || holds(p.Server.Addr() == host, analyze.TimeWaitServer)
		client = client || holds(p.Client == host, analyze.TimeWaitClient)
	}
	return server && client
}

// heldBy reports whether the first example left TIME_WAIT at that side.
func (v *view) heldBy(f *Finding, side analyze.TimeWait) bool {
	r := v.Record(f.Examples[0].Connection)
	return r.TimeWait == side || r.TimeWait == analyze.TimeWaitBoth
}

// failedCalls says how many calls of gRPC failed: their connections may be as good as any.
func (v *view) failedCalls() string {
	n := &v.result.Totals.Streams
	if n.GRPCFailed == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of %s failed", cause.Count(n.GRPCFailed), cause.Plural(n.GRPCCalls, "gRPC call", "gRPC calls"))
}

// healthy describes a capture without a problem.
func (v *view) healthy() string {
	t := v.judgedTraffic()
	carried := fmt.Sprintf("%s on %s%s", cause.Plural(t.requests, "request", "requests"), conns(t.used), t.word)
	switch {
	case t.requests < littleTraffic:
		return fmt.Sprintf("%s (%s%s)", tooLittle, cause.Plural(t.requests, "request", "requests"), t.word)
	case t.avoidable == 0 && t.reuse < mostlyReused:
		return "every connection was needed: " + carried
	case t.reuse < mostlyReused:
		return fmt.Sprintf("too little to complain about: %s, %s of them avoidable", carried, cause.Count(t.avoidable))
	}
	if n := v.poolsOfTheirOwn(); n > 0 {
		return fmt.Sprintf("connections are reused: %s; %s more than one pool would open, each used again and again, as by "+
			"processes with a pool each", carried, cause.Count(n))
	}
	return "connections are reused: " + carried
}

// poolsOfTheirOwn returns how many connections clients opened beyond their need and used
// again and again, each of them: so do processes on one host.
func (v *view) poolsOfTheirOwn() (n int64) {
	for _, p := range v.Pairs() {
		hardly := func(r *cause.Record) bool { return r.Requests > 0 && r.Requests < usedAgain }
		if p.Avoidable() >= cause.MinSamples && !slices.ContainsFunc(p.Records, hardly) {
			n += p.Avoidable()
		}
	}
	return n
}
