package gate

import (
	"fmt"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Metric is a number of a capture that a [Condition] may judge, and that is compared
// with an earlier report. Metrics that are in totals of the JSON report have
// their path there as name.
type Metric struct {
	Name    string
	Help    string
	Unit    Unit
	Trend   Trend
	Length  Length
	Unknown string // when it is not known; "" if it always is

	value       func(*analyze.Result, *rules.Diagnosis) float64 // nil for a share of others
	part, whole string                                          // those others
}

// Unit is what a metric is measured in.
type Unit uint8

// The units.
const (
	Number  Unit = iota
	Share        // from 0 to 1
	Seconds      // of time
)

// String returns the unit as a list of metrics has it.
func (u Unit) String() string { return [...]string{"number", "share", "seconds"}[u] }

// Text writes a value of that unit.
func (u Unit) Text(v float64) string {
	switch {
	case u == Share:
		return cause.Percent(v)
	case u == Seconds && !math.IsNaN(v):
		return cause.Duration(int64(math.Round(v * 1e9)))
	}
	return cause.Decimal(v)
}

// Trend is what a change of a metric means.
type Trend uint8

// The trends.
const (
	NotCompared Trend = iota
	Neutral           // neither good nor bad
	MoreIsBetter
	LessIsBetter
)

// Length is what the length of a capture does to a metric.
type Length uint8

// The kinds of metrics.
const (
	AnyLength Length = iota // does not matter
	PerSecond               // adds to it
	Filling                 // adds to it until TIME_WAIT entries end as fast as they come
	Growing                 // lets it grow, but not in proportion
)

// Numbers returns the value of a metric that is not a share of others, NaN if it
// is not known.
type Numbers func(metric string) float64

// NumbersOf returns the numbers of a capture.
func NumbersOf(r *analyze.Result, d *rules.Diagnosis) Numbers {
	return func(name string) float64 { return metrics[name].value(r, d) }
}

// Of returns the metric's value by these numbers, NaN if it is not known.
func (m *Metric) Of(n Numbers) float64 {
	if m.value != nil {
		return n(m.Name)
	}
	if whole := n(m.whole); whole > 0 {
		return n(m.part) / whole
	}
	return math.NaN()
}

// Metrics are all metrics: the totals, then the rest. They must not be changed.
var Metrics = listMetrics()

// metrics are the same by name.
var metrics = func() map[string]*Metric {
	by := map[string]*Metric{}
	for i := range Metrics {
		by[Metrics[i].Name] = &Metrics[i]
	}
	return by
}()

// MetricByName returns the metric of that name. Its error names the nearest.
func MetricByName(name string) (*Metric, error) {
	if m, ok := metrics[name]; ok {
		return m, nil
	}
	var names []string
	for i := range Metrics {
		names = append(names, Metrics[i].Name)
	}
	return nil, fmt.Errorf("there is no metric %q; did you mean %s?", rules.Shorten(name), rules.Nearest(name, names))
}

// Why metrics may not be known.
const (
	noHTTP     = "no connection can be read as HTTP"
	noRequest  = "no connection has a request"
	longEnough = "the capture is as long as TIME_WAIT and shows the level itself: see time_wait.peak"
	noVerdict  = "the capture does not suffice for a verdict"
)

func listMetrics() []Metric {
	type totals = analyze.Totals
	type timeWait = analyze.TimeWaitTotals
	count := func(name, help string, of func(t *totals) int64) Metric {
		return Metric{Name: name, Help: help, value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return known(of(&r.Totals)) }}
	}
	http := func(name, help string, of func(t *totals) int64) Metric {
		m := count(name, help, of)
		m.Unknown = noHTTP
		return m
	}
	perConnection := func(name, help string, of func(t *totals) float64) Metric {
		return Metric{Name: "requests_per_connection." + name, Help: help, Unknown: noRequest,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
				if r.Totals.ConnectionsWithRequests <= 0 { // none, or Unknown
					return math.NaN()
				}
				return of(&r.Totals)
			}}
	}
	waits := func(name, help string, of func(w *timeWait) int64) Metric {
		return count("time_wait."+name, help, func(t *totals) int64 { return of(&t.TimeWait) })
	}
	findings := func(name, help string, least, most rules.Severity) Metric {
		return Metric{Name: name, Help: help, Unknown: noVerdict,
			value: func(_ *analyze.Result, d *rules.Diagnosis) float64 { return found(d, least, most) }}
	}
	list := []Metric{
		count("connections", "lives of 4-tuples", func(t *totals) int64 { return t.Connections }).told(Neutral, PerSecond),
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
		http("requests", "HTTP requests", func(t *totals) int64 { return t.Requests }).told(Neutral, PerSecond),
		http("responses", "final responses", func(t *totals) int64 { return t.Responses }),
		http("interim_responses", "1xx responses but 101", func(t *totals) int64 { return t.Interim }),
		count("http_unknown_connections", "connections whose requests cannot be counted", func(t *totals) int64 { return t.HTTPUnknown }),
		http("connections_with_requests", "connections with at least one request",
			func(t *totals) int64 { return t.ConnectionsWithRequests }),
		http("single_request_connections", "connections with exactly one request",
			func(t *totals) int64 { return t.SingleRequestConnections }),
		http("reused_requests", "requests on a connection but its first", func(t *totals) int64 { return t.ReusedRequests }),
		Metric{Name: "reuse_ratio", Help: "requests on a reused connection", Unit: Share, Unknown: noRequest,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return r.Totals.ReuseRatio }}.told(MoreIsBetter, AnyLength),
		perConnection("mean", "arithmetic mean, over connections with a request",
			func(t *totals) float64 { return t.PerConnection.Mean }).told(MoreIsBetter, Growing),
		perConnection("p50", "median", func(t *totals) float64 { return float64(t.PerConnection.P50) }),
		perConnection("p90", "what nine in ten do not exceed", func(t *totals) float64 { return float64(t.PerConnection.P90) }),
		perConnection("max", "the most", func(t *totals) float64 { return float64(t.PerConnection.Max) }),
		http("pool_need", "connections that a perfect pool would open", func(t *totals) int64 { return t.PoolNeed }),
		http("avoidable_connections", "connections beyond pool_need",
			func(t *totals) int64 { return t.AvoidableConnections }).told(LessIsBetter, PerSecond),
		{Name: "avoidable_handshake_seconds", Help: "time of the handshakes of avoidable connections", Unit: Seconds, Unknown: noHTTP,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return known(r.Totals.AvoidableHandshake) / 1e9 }},
		count("probes", "TCP keep-alive probes", func(t *totals) int64 { return t.Probes }),
		count("probes_answered", "probes that were answered", func(t *totals) int64 { return t.ProbesAnswered }),
		count("probes_unanswered", "probes that were not",
			func(t *totals) int64 { return t.Probes - t.ProbesAnswered }).told(LessIsBetter, PerSecond),
		count("retransmissions", "segments sent again", func(t *totals) int64 { return t.Retransmissions }).told(LessIsBetter, PerSecond),
		count("missing_bytes", "bytes that the capture does not hold", func(t *totals) int64 { return t.MissingBytes }),
		count("closed_first_by.client", "connections that the client closed first", func(t *totals) int64 { return t.ClosedFirst.Client }),
		count("closed_first_by.server", "connections that the server closed first", func(t *totals) int64 { return t.ClosedFirst.Server }),
		count("closed_first_by.both", "connections that both closed at once", func(t *totals) int64 { return t.ClosedFirst.Both }),
		count("closed_first_by.none", "connections that nobody closed", func(t *totals) int64 { return t.ClosedFirst.None }),
		waits("closes", "closes that leave TIME_WAIT", func(w *timeWait) int64 { return w.Closes }).told(LessIsBetter, PerSecond),
		waits("client", "closes that leave TIME_WAIT at the client", func(w *timeWait) int64 { return w.Client }),
		waits("server", "closes that leave TIME_WAIT at the server", func(w *timeWait) int64 { return w.Server }),
		waits("both", "closes that leave TIME_WAIT at both", func(w *timeWait) int64 { return w.Both }),
		waits("none", "closes that leave none, by an RST", func(w *timeWait) int64 { return w.None }),
		waits("pending", "connections with one FIN so far", func(w *timeWait) int64 { return w.Pending }),
		waits("unknown", "closes whose FIN was not captured", func(w *timeWait) int64 { return w.Unknown }),
		waits("peak", "the most TIME_WAIT entries at once", func(w *timeWait) int64 { return w.Peak }).told(LessIsBetter, Filling),
		waits("at_end", "TIME_WAIT entries at the end", func(w *timeWait) int64 { return w.AtEnd }),
		{Name: "time_wait.steady_state", Help: "TIME_WAIT entries that the rate of closes leads to", Unknown: longEnough,
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return r.Totals.TimeWait.SteadyState }},
		waits("perfect_pool_peak", "time_wait.peak with a perfect pool", func(w *timeWait) int64 { return w.PerfectPool }),

		Metric{Name: "single_request_share", Help: "connections with one request alone, of those with any", Unit: Share, Unknown: noRequest,
			part: "single_request_connections", whole: "connections_with_requests"}.told(LessIsBetter, AnyLength),
		Metric{Name: "avoidable_share", Help: "avoidable connections, of those with a request", Unit: Share, Unknown: noRequest,
			part: "avoidable_connections", whole: "connections_with_requests"}.told(LessIsBetter, AnyLength),
		findings("findings", "findings of any severity", rules.Info, rules.Grave),
		findings("findings.high", "findings of high severity", rules.Grave, rules.Grave),
		findings("findings.medium", "findings of medium severity", rules.Notable, rules.Notable),
		findings("findings.low", "findings of low severity", rules.Info, rules.Info),
	}
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

// told returns the metric with how it is compared.
func (m Metric) told(t Trend, l Length) Metric {
	m.Trend, m.Length = t, l
	return m
}

// known returns n, NaN if it is Unknown.
func known(n int64) float64 {
	if n == analyze.Unknown {
		return math.NaN()
	}
	return float64(n)
}

// found counts the findings of some severities. Nothing found in a capture that
// tells too little is not known to be nothing.
func found(d *rules.Diagnosis, least, most rules.Severity) float64 {
	if d.Verdict.Level == rules.CannotTell {
		return math.NaN()
	}
	n := 0.0
	for i := range d.Findings {
		if s := d.Findings[i].Severity; s >= least && s <= most {
			n++
		}
	}
	return n
}

// with counts the connections of a cause.
func with(d *rules.Diagnosis, c cause.Cause) float64 {
	n := int64(0)
	for _, t := range d.Causes {
		if t.Cause == c {
			n += t.Connections
		}
	}
	return float64(n)
}
