package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// series appends the shape over time. Of TIME_WAIT it may not be known.
func (e *encoder) series(s *analyze.Series, knowsTimeWait bool) {
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
	if knowsTimeWait {
		e.ints(s.TimeWait)
	} else {
		e.raw("null")
	}
	e.close()
}

// serverSummary appends what one server's connections have in common.
func (e *encoder) serverSummary(s *analyze.ServerSummary, d *rules.Diagnosis) {
	e.raw(`{"server":`)
	e.addr(s.Server)
	e.members(
		member{"clients", s.Clients},
		member{"connections", s.Connections},
		member{"requests", s.Requests},
		member{"failed_requests", failedAt(s, d)},
	)
	e.key("reuse_ratio")
	e.ratio(s.ReuseRatio)
	e.estimates(&s.Estimated)
	e.members(member{"failed_requests_estimated", guessedAt(s, d)})
	e.key("responses")
	e.classes(&s.ByClass)
	e.key("server_seconds")
	e.serverTimes(&s.Times)
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
	e.close()
	if n := &s.Streams; n.Connections > 0 {
		e.members(member{"streams_opened", n.Opened}, member{"streams_refused", n.Refused})
		if n.GRPCCalls > 0 {
			e.members(member{"grpc_failed", n.GRPCFailed})
		}
	}
	e.close()
}

// failedAt returns the requests to a server that failed, or Unknown.
func failedAt(s *analyze.ServerSummary, d *rules.Diagnosis) int64 {
	failed := d.LostAt(s.Num).Failed
	if s.Requests == analyze.Unknown || s.LossUnknown && failed == 0 {
		return analyze.Unknown
	}
	return failed
}

// guessedAt is failedAt for requests that are estimated.
func guessedAt(s *analyze.ServerSummary, d *rules.Diagnosis) int64 {
	if !s.Estimated.Known() {
		return analyze.Unknown
	}
	return d.EstimatedLostAt(s.Num).Failed
}

// closers appends who closed first.
func (e *encoder) closers(c *analyze.Closers) {
	e.b = append(e.b, '{')
	e.members(member{"client", c.Client}, member{"server", c.Server},
		member{"both", c.Both}, member{"none", c.None})
	if c.Unknown > 0 {
		e.members(member{"unknown", c.Unknown})
	}
	e.close()
}

// estimates appends what rests on estimated requests, null where there are none.
func (e *encoder) estimates(x *analyze.Estimates) {
	if !x.Known() {
		e.raw(`,"requests_estimated":null,"reuse_ratio_estimated":null`)
		return
	}
	e.members(member{"requests_estimated", x.Requests})
	e.key("reuse_ratio_estimated")
	e.ratio(x.ReuseRatio)
}

// needs is estimates for what a perfect pool would need.
func (e *encoder) needs(x *analyze.Estimates) {
	if !x.Known() {
		e.raw(`,"pool_need_estimated":null,"avoidable_connections_estimated":null,"avoidable_handshake_seconds_estimated":null`)
		return
	}
	e.members(member{"pool_need_estimated", x.PoolNeed}, member{"avoidable_connections_estimated", x.AvoidableConnections})
	e.key("avoidable_handshake_seconds_estimated")
	e.seconds(x.AvoidableHandshake)
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
	e.estimates(&p.Estimated)
	e.needs(&p.Estimated)
	e.members(member{"ports_in_60s", p.PortsInUse}, member{"port_budget", p.PortBudget})
	e.close()
}
