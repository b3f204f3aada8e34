package serve

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// House rules of metrics:
//
//   - Labels are small fixed sets, never addresses, paths or names from the wire; server
//     alone is one, for who asks for it.
//   - What may go down is a gauge. A counter counts packets, or what every packet can
//     only add to. What may still change of a connection, as who closed it, is counted
//     when it has ended and its TIME_WAIT is over.
//   - What is not known is left out, never zero.

// Moment is what the server shows: a snapshot, where its packets come from, and what
// the kernel of this host says then.
type Moment struct {
	Snapshot *live.Snapshot
	Meta     report.Meta
	Host     *report.Host // nil unless the packets are captured on this host
}

// put takes one value of a metric, and the values of its labels.
type put func(v float64, labels ...string)

// metric is a metric with all its labels. Its values are read from a moment.
type metric struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
	read       func(m *Moment, put put)
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// number returns a metric without labels whose value is one of the totals.
func number(name, help string, kind prometheus.ValueType, of func(t *analyze.Totals) int64) metric {
	return metric{name: name, help: help, kind: kind, read: func(m *Moment, put put) { put(known(of(&m.Snapshot.Result.Totals))) }}
}

// streams returns a counter of streams of HTTP/2, which is left out where there are none of
// them.
func streams(name, help string, of func(n *analyze.StreamCount) (count int64, some bool)) metric {
	return metric{name: name, help: help, kind: counter, read: func(m *Moment, put put) {
		if n, some := of(&m.Snapshot.Result.Totals.Streams); some {
			put(float64(n))
		}
	}}
}

// judged returns a gauge without labels whose value is the metric of gates of that name.
func judged(name, help string) metric {
	return metric{name: name, help: help, kind: gauge, read: func(m *Moment, put put) {
		put(gate.NumbersOf(m.Snapshot.Result, m.Snapshot.Diagnosis)(name))
	}}
}

// recent returns a gauge whose value is read from the window, if there is one.
func recent(name, help string, read func(x *live.Recent, put put), labels ...string) metric {
	return metric{name: name, help: help, kind: gauge, labels: labels, read: func(m *Moment, put put) {
		if x := m.Snapshot.Recent; x != nil {
			read(x, put)
		}
	}}
}

// metrics are all metrics but kaanalyze_build_info.
var metrics = []metric{
	{"packets_total", "Packets read, TCP or not.", counter, nil, func(m *Moment, put put) { put(float64(m.Meta.Packets)) }},
	{"tcp_packets_total", "TCP packets read.", counter, nil, func(m *Moment, put put) { put(float64(m.Meta.TCPPackets)) }},
	{"kernel_dropped_packets_total", "Packets that the capturing kernel dropped; left out if it does not say.", counter, nil, func(m *Moment, put put) {
		if n := m.Meta.KernelDropped; n != nil {
			put(float64(*n))
		}
	}},
	{"flagged_packets_total", "TCP packets with that flag; syn is without ACK.", counter, []string{"flag"}, func(m *Moment, put put) {
		t := &m.Snapshot.Result.Totals
		put(float64(t.SYN), "syn")
		put(float64(t.SYNACK), "syn_ack")
		put(float64(t.FIN), "fin")
		put(float64(t.RST), "rst")
	}},
	number("retransmissions_total", "Segments sent again.", counter, func(t *analyze.Totals) int64 { return t.Retransmissions }),
	{"probes_total", "TCP keep-alive probes by the side that sent them.", counter, []string{"side"}, func(m *Moment, put put) {
		t := &m.Snapshot.Result.Totals
		put(float64(t.ClientProbes.Sent), "client")
		put(float64(t.ServerProbes.Sent), "server")
	}},
	{"answered_probes_total", "TCP keep-alive probes that were answered, by the side that sent them.", counter, []string{"side"}, func(m *Moment, put put) {
		t := &m.Snapshot.Result.Totals
		put(float64(t.ClientProbes.Answered), "client")
		put(float64(t.ServerProbes.Answered), "server")
	}},

	number("connections_total", "Connections seen, open ones too.", counter, func(t *analyze.Totals) int64 { return t.Connections }),
	number("requests_total", "HTTP requests, on open connections too.", counter, func(t *analyze.Totals) int64 { return t.Requests }),
	number("responses_total", "Final HTTP responses, on open connections too.", counter, func(t *analyze.Totals) int64 { return t.Responses }),
	{"responses_by_class_total", "HTTP responses by the class of their status, interim ones too; left out while none can be read.", counter, []string{"class"}, func(m *Moment, put put) {
		for class, n := range m.Snapshot.Result.Totals.ByClass {
			put(known(n), strconv.Itoa(class+1)+"xx")
		}
	}},
	{"server_seconds", "Last byte of a request to first byte of its response, of the slowest server with 20 or more responses; left out without.", gauge, []string{"percentile"}, func(m *Moment, put put) {
		n := gate.NumbersOf(m.Snapshot.Result, m.Snapshot.Diagnosis)
		for _, at := range []string{"p50", "p90", "p95", "p99", "max"} {
			put(n("server_seconds."+at), at)
		}
	}},
	streams("http2_streams_total", "Streams of HTTP/2 that clients opened, on open connections too; left out without HTTP/2.",
		func(n *analyze.StreamCount) (int64, bool) { return n.Opened, n.Connections > 0 }),
	streams("http2_streams_refused_total", "HTTP/2 streams that the server refused unprocessed; left out without HTTP/2.",
		func(n *analyze.StreamCount) (int64, bool) { return n.Refused, n.Connections > 0 }),
	streams("grpc_calls_total", "Calls of gRPC that were answered; left out without gRPC.",
		func(n *analyze.StreamCount) (int64, bool) { return n.GRPCCalls, n.GRPCCalls > 0 }),
	streams("grpc_failed_total", "gRPC calls that ended with a status other than 0; left out without gRPC.",
		func(n *analyze.StreamCount) (int64, bool) { return n.GRPCFailed, n.GRPCCalls > 0 }),
	number("reused_requests_total", "HTTP requests other than the first on their connection.", counter, func(t *analyze.Totals) int64 { return t.ReusedRequests }),

	{"ended_connections_total", "Connections that have ended and whose TIME_WAIT is over, by how they were opened.", counter, []string{"handshake"}, func(m *Moment, put put) {
		t := &m.Snapshot.Result.Settled
		put(float64(t.HandshakesComplete), "complete")
		put(float64(t.Refused), "refused")
		put(float64(t.Unanswered), "unanswered")
		put(float64(t.Midstream), "midstream")
		put(float64(t.Connections-t.HandshakesComplete-t.Refused-t.Unanswered-t.Midstream), "incomplete")
	}},
	{"closed_connections_total", "Connections that have ended and whose TIME_WAIT is over, by the side that closed first.", counter, []string{"side"}, func(m *Moment, put put) {
		c := &m.Snapshot.Result.Settled.ClosedFirst
		put(float64(c.Client), "client")
		put(float64(c.Server), "server")
		put(float64(c.Both), "both")
		put(float64(c.None), "none")
		put(float64(c.Unknown), "unknown")
	}},
	{"time_wait_closes_total", "Connections that have ended and whose TIME_WAIT is over, by the side that held it; none is after an RST.", counter, []string{"holder"}, func(m *Moment, put put) {
		w := &m.Snapshot.Result.Settled.TimeWait
		put(float64(w.Client), "client")
		put(float64(w.Server), "server")
		put(float64(w.Both), "both")
		put(float64(w.None), "none")
		put(float64(w.Unknown), "unknown")
	}},

	number("open_connections", "Connections that are open or half-closed.", gauge, func(t *analyze.Totals) int64 { return t.Unfinished }),
	number("time_wait_entries", "TIME_WAIT entries that the packets leave, of all hosts.", gauge, func(t *analyze.Totals) int64 { return t.TimeWait.AtEnd }),
	number("time_wait_entries_peak", "The most TIME_WAIT entries at once since the capture began.", gauge, func(t *analyze.Totals) int64 { return t.TimeWait.Peak }),
	{"kernel_time_wait_entries", "TIME_WAIT entries by the kernel of this host; left out but for live capture.", gauge, nil, func(m *Moment, put put) {
		if m.Host != nil {
			put(known(m.Host.Sockets.TimeWait))
		}
	}},
	number("pool_need_connections", "Connections that a perfect pool would have opened.", gauge, func(t *analyze.Totals) int64 { return t.PoolNeed }),
	judged("failed_requests", "Requests without a whole response, or refused while they were sent; a gauge because what comes later may tell of another cause."),
	judged("abandoned_requests", "Requests whose client chose to drop the response; a gauge, like failed_requests."),
	judged("requests_estimated", "Requests over TLS without keys, or whose heads are cut, estimated, not among requests_total; left out if none is."),
	judged("failed_requests_estimated", "Failed requests of connections whose requests are estimated, not among failed_requests; left out as requests_estimated."),
	judged("avoidable_connections_estimated", "Connections beyond what a perfect pool would have opened, with those whose requests are estimated; left out as requests_estimated."),
	{"cause_connections", "Connections seen by why they carried no further request, and who did it; a gauge because what comes later may tell of another cause.",
		gauge, []string{"cause", "by"}, func(m *Moment, put put) {
			for _, c := range m.Snapshot.Diagnosis.Causes {
				put(float64(c.Connections), c.Cause.String(), cmp.Or(c.By.String(), "none"))
			}
		}},
	recent("window_problem", "1 if what happened last, in the window of --window, is a problem, else 0; left out without it, and while it does not suffice for a verdict.",
		func(x *live.Recent, put put) {
			switch x.Diagnosis.Verdict.Level {
			case rules.Problem:
				put(1)
			case rules.OK:
				put(0)
			}
		}),
	recent("window_seconds", "How long what is judged as the window has gone on; left out without --window.", func(x *live.Recent, put put) {
		put(float64(x.Result.Last-x.Result.First) / 1e9)
	}),
	recent("window_failed_requests", "Failed requests in the window; left out without --window.", func(x *live.Recent, put put) {
		put(gate.NumbersOf(x.Result, x.Diagnosis)("failed_requests"))
	}),
	recent("window_findings", "Findings of the window by severity; left out without --window.", func(x *live.Recent, put put) {
		n := gate.NumbersOf(x.Result, x.Diagnosis)
		for s := rules.Info; s <= rules.Grave; s++ {
			put(n("findings."+s.String()), s.String())
		}
	}, "severity"),
	{"findings", "Findings by severity; left out while the capture is not enough for a verdict.", gauge, []string{"severity"}, func(m *Moment, put put) {
		n := gate.NumbersOf(m.Snapshot.Result, m.Snapshot.Diagnosis)
		for s := rules.Info; s <= rules.Grave; s++ {
			put(n("findings."+s.String()), s.String())
		}
	}},
	{"rule_findings", "Findings by rule; left out for rules that the capture does not allow to judge.", gauge, []string{"rule"}, ruleFindings},
	{"capture_start_time_seconds", "Time of the first packet.", gauge, nil, func(m *Moment, put put) {
		if m.Meta.Packets > 0 {
			put(float64(m.Meta.First) / 1e9)
		}
	}},
	{"last_packet_time_seconds", "Time of the last packet.", gauge, nil, func(m *Moment, put put) {
		if m.Meta.Packets > 0 {
			put(float64(m.Meta.Last) / 1e9)
		}
	}},
}

// ruleFindings counts findings by rule.
func ruleFindings(m *Moment, put put) {
	d, n := m.Snapshot.Diagnosis, map[*rules.Rule]int{}
	for i := range d.Findings {
		n[d.Findings[i].Rule]++
	}
	for i := range d.Judged {
		if j := &d.Judged[i]; j.Lacks == "" || n[j.Rule] > 0 {
			put(float64(n[j.Rule]), j.Rule.ID)
		}
	}
}

// known returns n, NaN if it is Unknown.
func known(n int64) float64 {
	if n == analyze.Unknown {
		return math.NaN()
	}
	return float64(n)
}

// prefix is what the names of all metrics begin with.
const prefix = "kaanalyze_"

// buildInfo is the metric that tells the program's version.
const buildInfo = prefix + "build_info"

// timesMetric is the gauge that has the label of servers, too.
const timesMetric = "server_seconds"

// collector makes metrics of the latest moment. It is safe for concurrent use.
type collector struct {
	latest func() *Moment
	build  prometheus.Metric
	descs  []*prometheus.Desc // of metrics

	mu      sync.Mutex
	highest map[string]float64 // of each counter that was ever shown
	servers *serverLabels      // nil without the label
}

// newCollector returns one whose metrics have a label for so many servers at a time.
func newCollector(version string, latest func() *Moment, servers int) *collector {
	c := &collector{latest: latest, highest: map[string]float64{}, servers: newServerLabels(servers)}
	labels := prometheus.Labels{"version": version, "goversion": runtime.Version()}
	c.build = prometheus.MustNewConstMetric(prometheus.NewDesc(buildInfo, "The program's version; always 1.", nil, labels), gauge, 1)
	for i := range metrics {
		m := &metrics[i]
		labels := m.labels
		if c.servers != nil && (byServer[m.name] != nil || m.name == timesMetric) {
			labels = append(slices.Clone(labels), serverLabel)
		}
		c.descs = append(c.descs, prometheus.NewDesc(prefix+m.name, m.help, labels, nil))
	}
	return c
}

// Describe sends the descriptions of all metrics.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.build.Desc()
	for _, d := range c.descs {
		to <- d
	}
}

// Collect sends the values of the latest moment.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	to <- c.build
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.latest()
	if m == nil {
		return
	}
	if c.servers != nil {
		c.servers.look(m.Snapshot.Result.Servers)
	}
	for i := range metrics {
		x := &metrics[i]
		send := func(v float64, labels ...string) {
			if !math.IsNaN(v) {
				to <- prometheus.MustNewConstMetric(c.descs[i], x.kind, v, labels...)
			}
		}
		x.read(m, func(v float64, labels ...string) { c.put(x, v, labels, send) })
	}
}

// put sends a value of a metric, or those of the servers. A counter never goes down: where
// a connection turns out not to be HTTP, its requests still count until others make up
// for them.
func (c *collector) put(x *metric, v float64, labels []string, send put) {
	if x.kind != counter {
		if c.servers != nil && x.name == timesMetric {
			c.servers.times(labels[0], send)
			return
		}
		send(v, labels...)
		return
	}
	key := x.name + "\xff" + strings.Join(labels, "\xff")
	if before, ok := c.highest[key]; ok && !(v > before) { // maybe not known any more
		v = before
	} else if !math.IsNaN(v) {
		c.highest[key] = v
	}
	if of := reader(x.name, labels); c.servers != nil && of != nil && !math.IsNaN(v) {
		c.servers.share(key, v, of, func(v float64, server ...string) { send(v, append(slices.Clone(labels), server...)...) })
		return
	}
	send(v, labels...)
}
