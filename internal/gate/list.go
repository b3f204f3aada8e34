package gate

import (
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// listMetrics lists the metrics in the order of --list-metrics.
func listMetrics() []Metric {
	return slices.Concat(connectionMetrics(), httpMetrics(), streamMetrics(), responseMetrics(), estimatedMetrics(), packetMetrics(), timeWaitMetrics(), halfClosedMetrics(), judgedMetrics(), causeMetrics())
}

// connectionMetrics are about connections and the packets that open and close them.
func connectionMetrics() []Metric {
	return []Metric{
		count("connections", "TCP connections", func(t *totals) int64 { return t.Connections }).told(Neutral, PerSecond),
		count("handshakes_complete", "connections with SYN, SYN-ACK and ACK", func(t *totals) int64 { return t.HandshakesComplete }),
		count("refused", "connections whose SYN was answered by RST",
			func(t *totals) int64 { return t.Refused }).told(LessIsBetter, PerSecond),
		count("unanswered", "connections whose SYN was answered by nothing",
			func(t *totals) int64 { return t.Unanswered }).told(LessIsBetter, PerSecond),
		count("midstream", "connections whose opening was not captured", func(t *totals) int64 { return t.Midstream }),
		count("unfinished", "connections still open at the end", func(t *totals) int64 { return t.Unfinished }),
		count("syn", "packets with SYN and no ACK", func(t *totals) int64 { return t.SYN }),
		count("syn_ack", "packets with SYN and ACK", func(t *totals) int64 { return t.SYNACK }),
		count("fin", "packets with FIN", func(t *totals) int64 { return t.FIN }),
		count("rst", "packets with RST", func(t *totals) int64 { return t.RST }).told(Neutral, PerSecond),
		count("ignored_rst", "packets with an RST that its receiver does not accept", func(t *totals) int64 { return t.IgnoredRSTs }),
	}
}

// httpMetrics are about requests, reuse and pools.
func httpMetrics() []Metric {
	return []Metric{
		http("requests", "HTTP requests", func(t *totals) int64 { return t.Requests }).told(Neutral, PerSecond),
		http("responses", "final responses", func(t *totals) int64 { return t.Responses }),
		http("interim_responses", "1xx responses except 101", func(t *totals) int64 { return t.Interim }),
		http("unmatched_responses", "responses whose request was not captured", func(t *totals) int64 { return t.Unmatched }),
		count("surplus_bytes", "bytes that servers sent beyond the end of their responses", func(t *totals) int64 { return t.SurplusBytes }),
		lost("failed_requests", "requests without a whole response, or refused while they were sent",
			func(x cause.Lost) int64 { return x.Failed }).told(LessIsBetter, PerSecond),
		lost("abandoned_requests", "requests whose client chose to drop the response",
			func(x cause.Lost) int64 { return x.Abandoned }),
		count("http_unknown_connections", "connections whose requests cannot be counted", func(t *totals) int64 { return t.HTTPUnknown }),
		http("connections_with_requests", "connections with at least one request",
			func(t *totals) int64 { return t.ConnectionsWithRequests }),
		http("single_request_connections", "connections with exactly one request",
			func(t *totals) int64 { return t.SingleRequestConnections }),
		http("reused_requests", "requests other than the first on their connection", func(t *totals) int64 { return t.ReusedRequests }),
		Metric{Name: "reuse_ratio", Help: "requests on a reused connection", Unit: Share, Unknown: noRequest,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return r.Totals.ReuseRatio }}.told(MoreIsBetter, AnyLength),
		perConnection("mean", "arithmetic mean, over connections with a request",
			func(t *totals) float64 { return t.PerConnection.Mean }).told(MoreIsBetter, Growing),
		perConnection("p50", "median", func(t *totals) float64 { return float64(t.PerConnection.P50) }),
		perConnection("p90", "the 90th percentile", func(t *totals) float64 { return float64(t.PerConnection.P90) }),
		perConnection("max", "the most", func(t *totals) float64 { return float64(t.PerConnection.Max) }),
		http("pool_need", "connections that a perfect pool would open", func(t *totals) int64 { return t.PoolNeed }),
		http("avoidable_connections", "connections beyond pool_need",
			func(t *totals) int64 { return t.AvoidableConnections }).told(LessIsBetter, PerSecond),
		{Name: "avoidable_handshake_seconds", Help: "time of the handshakes of avoidable connections", Unit: Seconds, Unknown: noHTTP,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return known(r.Totals.AvoidableHandshake) / 1e9 }},
	}
}

// streamMetrics are about streams of HTTP/2.
func streamMetrics() []Metric {
	return []Metric{
		ofStreams("streams_opened", "streams of HTTP/2 that clients opened", noHTTP2,
			func(n *streams) (int64, int64) { return n.Opened, n.Connections }).told(Neutral, PerSecond),
		ofStreams("streams_refused", "those that the server refused unprocessed: they are not requests", noHTTP2,
			func(n *streams) (int64, int64) { return n.Refused, n.Connections }).told(LessIsBetter, PerSecond),
		ofStreams("grpc_failed", "gRPC calls that ended with a status other than 0", noGRPC,
			func(n *streams) (int64, int64) { return n.GRPCFailed, n.GRPCCalls }).told(LessIsBetter, PerSecond),
	}
}

// estimatedMetrics are about requests that are estimated, and what rests on them.
func estimatedMetrics() []Metric {
	return []Metric{
		guess("requests_estimated", "requests over TLS without keys, or whose heads are cut, estimated; not among requests",
			func(x *estimates) int64 { return x.Requests }).told(Neutral, PerSecond),
		guessedLost("failed_requests_estimated", "failed_requests of connections whose requests are estimated",
			func(x cause.Lost) int64 { return x.Failed }).told(LessIsBetter, PerSecond),
		guessedLost("abandoned_requests_estimated", "abandoned_requests of connections whose requests are estimated",
			func(x cause.Lost) int64 { return x.Abandoned }),
		Metric{Name: "reuse_ratio_estimated", Help: "reuse_ratio over requests counted and estimated", Unit: Share, Unknown: noEstimate, Seldom: true,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
				if x := &r.Totals.Estimated; x.Known() {
					return x.ReuseRatio
				}
				return math.NaN()
			}}.told(MoreIsBetter, AnyLength),
		guess("pool_need_estimated", "pool_need with connections whose requests are estimated", func(x *estimates) int64 { return x.PoolNeed }),
		guess("avoidable_connections_estimated", "connections beyond pool_need_estimated",
			func(x *estimates) int64 { return x.AvoidableConnections }).told(LessIsBetter, PerSecond),
		{Name: "avoidable_handshake_seconds_estimated", Help: "time of their handshakes, TLS included", Unit: Seconds, Unknown: noEstimate, Seldom: true,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
				if x := &r.Totals.Estimated; x.Known() {
					return float64(x.AvoidableHandshake) / 1e9
				}
				return math.NaN()
			}},
	}
}

// packetMetrics are about probes, what was sent again or got lost, and who closed.
func packetMetrics() []Metric {
	return []Metric{
		count("probes", "TCP keep-alive probes", func(t *totals) int64 { return t.Probes }),
		count("probes_answered", "probes that were answered", func(t *totals) int64 { return t.ProbesAnswered }),
		count("probes_unanswered", "probes that were not answered",
			func(t *totals) int64 { return t.Probes - t.ProbesAnswered }).told(LessIsBetter, PerSecond),
		count("retransmissions", "segments sent again", func(t *totals) int64 { return t.Retransmissions }).told(LessIsBetter, PerSecond),
		count("missing_bytes", "bytes missing from the capture", func(t *totals) int64 { return t.MissingBytes }),
		count("closed_first_by.client", "connections that the client closed first", func(t *totals) int64 { return t.ClosedFirst.Client }),
		count("closed_first_by.server", "connections that the server closed first", func(t *totals) int64 { return t.ClosedFirst.Server }),
		count("closed_first_by.both", "connections that both closed at once", func(t *totals) int64 { return t.ClosedFirst.Both }),
		count("closed_first_by.none", "connections that nobody closed", func(t *totals) int64 { return t.ClosedFirst.None }),
	}
}

// timeWaitMetrics are about TIME_WAIT.
func timeWaitMetrics() []Metric {
	return []Metric{
		waits("closes", "closes that leave TIME_WAIT", func(w *timeWait) int64 { return w.Closes }).told(LessIsBetter, PerSecond),
		waits("client", "closes that leave TIME_WAIT at the client", func(w *timeWait) int64 { return w.Client }),
		waits("server", "closes that leave TIME_WAIT at the server", func(w *timeWait) int64 { return w.Server }),
		waits("both", "closes that leave TIME_WAIT at both", func(w *timeWait) int64 { return w.Both }),
		waits("none", "closes that leave none, by an RST", func(w *timeWait) int64 { return w.None }),
		waits("pending", "connections with one FIN so far", func(w *timeWait) int64 { return w.Pending }),
		waits("unknown", "closes whose FIN was not captured", func(w *timeWait) int64 { return w.Unknown }),
		waits("peak", "the most TIME_WAIT entries at once", func(w *timeWait) int64 { return w.Peak }).told(LessIsBetter, Filling),
		waits("at_end", "TIME_WAIT entries at the end", func(w *timeWait) int64 { return w.AtEnd }),
		{Name: "time_wait.steady_state", Help: "TIME_WAIT entries projected at the rate of closes", Unknown: longEnough,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return r.Totals.TimeWait.SteadyState }},
		waits("perfect_pool_peak", "time_wait.peak with a perfect pool", func(w *timeWait) int64 { return w.PerfectPool }),
	}
}

// halfClosedMetrics are about sockets that one side alone has closed.
func halfClosedMetrics() []Metric {
	return slices.Concat(
		halfClosed("close_wait", "CLOSE_WAIT", func(t *totals) *analyze.HalfClosedTotals { return &t.CloseWait }),
		halfClosed("fin_wait_2", "FIN_WAIT_2", func(t *totals) *analyze.HalfClosedTotals { return &t.FINWait2 }))
}

// halfClosed returns the metrics of a state.
func halfClosed(name, state string, of func(t *totals) *analyze.HalfClosedTotals) []Metric {
	return []Metric{
		count(name+".connections", "connections with a socket in "+state+" for 10 ms or longer", func(t *totals) int64 { return of(t).Connections }),
		count(name+".peak", "the most such sockets at once", func(t *totals) int64 { return of(t).Peak }),
		count(name+".at_end", "such sockets at the end", func(t *totals) int64 { return of(t).AtEnd }),
	}
}

// judgedMetrics are those that totals of the JSON report do not have.
func judgedMetrics() []Metric {
	return []Metric{
		Metric{Name: "single_request_share", Help: "connections used for only one request, of those with any", Unit: Share, Unknown: noRequest,
			part: "single_request_connections", whole: "connections_with_requests"}.told(LessIsBetter, AnyLength),
		Metric{Name: "avoidable_share", Help: "avoidable connections, of those with a request", Unit: Share, Unknown: noRequest,
			part: "avoidable_connections", whole: "connections_with_requests"}.told(LessIsBetter, AnyLength),
		findings("findings", "findings of any severity", rules.Info, rules.Grave),
		findings("findings.high", "findings of high severity", rules.Grave, rules.Grave),
		findings("findings.medium", "findings of medium severity", rules.Notable, rules.Notable),
		findings("findings.low", "findings of low severity", rules.Info, rules.Info),
	}
}

// causeMetrics are the connections of each cause, and their share.
func causeMetrics() (list []Metric) {
	for _, c := range cause.AllCauses() {
		list = append(list, Metric{Name: "cause." + c.String(), Help: "connections: " + c.Meaning(),
			value: func(_ *analyze.Result, d *rules.Diagnosis) float64 { return with(d, c) }})
	}
	for _, c := range cause.AllCauses() {
		list = append(list, Metric{Name: "cause_share." + c.String(), Help: "of all connections: " + c.Meaning(), Unit: Share,
			Unknown: "there is no connection", part: "cause." + c.String(), whole: "connections"}.told(Neutral, AnyLength))
	}
	return list
}
