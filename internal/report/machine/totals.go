package machine

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// series appends the shape over time.
func (e *encoder) series(s *analyze.Series) {
	e.raw(`{"step_seconds":`)
	if len(s.NewConnections) == 0 {
		e.raw(`null,"start":null,"new_connections":[],"requests":[],"time_wait":[]}`)
		return
	}
	e.int(s.Step)
	e.key("start")
	e.time(s.Start)
	e.key("new_connections")
	e.ints(s.NewConnections)
	e.key("requests")
	e.ints(s.Requests)
	e.key("time_wait")
	e.ints(s.TimeWait)
	e.close()
}

// totals appends what holds for the whole capture.
func (e *encoder) totals(t *analyze.Totals) {
	e.b = append(e.b, '{')
	e.members(
		member{"connections", t.Connections},
		member{"handshakes_complete", t.HandshakesComplete},
		member{"refused", t.Refused},
		member{"unanswered", t.Unanswered},
		member{"midstream", t.Midstream},
		member{"unfinished", t.Unfinished},
		member{"syn", t.SYN},
		member{"syn_ack", t.SYNACK},
		member{"fin", t.FIN},
		member{"rst", t.RST},
		member{"ignored_rst", t.IgnoredRSTs},
		member{"requests", t.Requests},
		member{"responses", t.Responses},
		member{"interim_responses", t.Interim},
		member{"http_unknown_connections", t.HTTPUnknown},
		member{"connections_with_requests", t.ConnectionsWithRequests},
		member{"single_request_connections", t.SingleRequestConnections},
		member{"reused_requests", t.ReusedRequests},
	)
	e.key("reuse_ratio")
	e.ratio(t.ReuseRatio)
	e.perConnection(t)
	e.members(
		member{"pool_need", t.PoolNeed},
		member{"avoidable_connections", t.AvoidableConnections},
	)
	e.key("avoidable_handshake_seconds")
	e.seconds(t.AvoidableHandshake)
	e.members(
		member{"probes", t.Probes},
		member{"probes_answered", t.ProbesAnswered},
		member{"probes_unanswered", minus(t.Probes, t.ProbesAnswered)},
		member{"retransmissions", t.Retransmissions},
		member{"missing_bytes", t.MissingBytes},
	)
	e.key("closed_first_by")
	e.closers(&t.ClosedFirst)
	e.closeKinds(t)
	e.timeWait(&t.TimeWait)
	e.close()
}

// minus returns a - b, Unknown if either is.
func minus(a, b int64) int64 {
	if a == analyze.Unknown || b == analyze.Unknown {
		return analyze.Unknown
	}
	return a - b
}

// perConnection appends the requests per connection, null without any.
func (e *encoder) perConnection(t *analyze.Totals) {
	e.key("requests_per_connection")
	if t.ConnectionsWithRequests <= 0 { // none, or Unknown
		e.raw(`{"mean":null,"p50":null,"p90":null,"max":null,"histogram":[]}`)
		return
	}
	q := &t.PerConnection
	e.raw(`{"mean":`)
	e.ratio(q.Mean)
	e.members(member{"p50", q.P50}, member{"p90", q.P90}, member{"max", q.Max})
	e.key("histogram")
	e.b = append(e.b, '[')
	for i, b := range q.Histogram {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, '{')
		e.members(member{"from", b.From}, member{"to", b.To}, member{"connections", b.Connections})
		e.close()
	}
	e.raw("]}")
}

// closers appends who closed first.
func (e *encoder) closers(c *analyze.Closers) {
	e.b = append(e.b, '{')
	e.members(member{"client", c.Client}, member{"server", c.Server},
		member{"both", c.Both}, member{"none", c.None})
	e.close()
}

// closeKinds appends how many connections ended in which way.
func (e *encoder) closeKinds(t *analyze.Totals) {
	e.open("close_kinds")
	for kind, n := range t.CloseKinds {
		e.members(member{flows.CloseKind(kind).String(), n})
	}
	e.close()
}

// timeWait appends who holds TIME_WAIT, and how many at once.
func (e *encoder) timeWait(t *analyze.TimeWaitTotals) {
	e.open("time_wait")
	e.members(
		member{"closes", t.Closes},
		member{"client", t.Client},
		member{"server", t.Server},
		member{"both", t.Both},
		member{"none", t.None},
		member{"pending", t.Pending},
		member{"unknown", t.Unknown},
	)
	e.population(&t.Population)
	e.members(member{"perfect_pool_peak", t.PerfectPool})
	e.key("hosts")
	e.b = append(e.b, '[')
	for i := range t.Hosts {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(`{"host":`)
		e.host(t.Hosts[i].Host)
		e.population(&t.Hosts[i].Population)
		e.close()
	}
	e.raw("]}")
}

// population appends TIME_WAIT entries over time as members of the open object.
func (e *encoder) population(p *analyze.Population) {
	e.members(member{"peak", p.Peak})
	e.key("peak_at")
	e.time(p.PeakAt)
	e.members(member{"at_end", p.AtEnd})
	e.key("steady_state")
	e.ratio(p.SteadyState)
}

// serverSummary appends what one server's connections have in common.
func (e *encoder) serverSummary(s *analyze.ServerSummary, d *rules.Diagnosis) {
	e.raw(`{"server":`)
	e.addr(s.Server)
	e.members(
		member{"clients", s.Clients},
		member{"connections", s.Connections},
		member{"requests", s.Requests},
	)
	e.key("reuse_ratio")
	e.ratio(s.ReuseRatio)
	e.key("closed_first_by")
	e.closers(&s.ClosedFirst)
	e.open("time_wait")
	e.members(
		member{"client", s.TimeWaitClient},
		member{"server", s.TimeWaitServer},
		member{"both", s.TimeWaitBoth},
		member{"peak", s.TimeWaitPeak},
	)
	e.close()
	e.key("idle_timeout_seconds")
	e.seconds(d.Limit(cause.IdleTimeout, s))
	e.members(member{"max_requests", d.Limit(cause.MaxRequests, s)})
	e.open("advertised")
	e.members(member{"timeout_seconds", s.AdvertisedTimeout}, member{"max", s.AdvertisedMax})
	e.raw("}}")
}

// pair appends a client and a server that it talks to.
func (e *encoder) pair(p *analyze.Pair) {
	e.raw(`{"client":`)
	e.host(p.Client)
	e.key("server")
	e.serverAddr(p.Server)
	e.members(member{"connections", p.Connections}, member{"requests", p.Requests})
	e.key("reuse_ratio")
	e.ratio(p.ReuseRatio)
	e.members(member{"pool_need", p.PoolNeed}, member{"avoidable_connections", p.AvoidableConnections})
	e.key("avoidable_handshake_seconds")
	e.seconds(p.AvoidableHandshake)
	e.members(member{"ports_in_60s", p.PortsInUse}, member{"port_budget", p.PortBudget})
	e.close()
}
