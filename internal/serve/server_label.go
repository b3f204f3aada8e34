package serve

import (
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
)

// Metrics may have a label for the server, which is not one of a small fixed set, so only
// whoever asks for it gets it. What keeps it bounded, and counters from going down:
//
//   - The servers with the most connections have a label of their own, all others share
//     one. A server keeps its label, though others overtake it.
//   - What counted for the others stays theirs: a server that gets its label later begins
//     with what has come since.
//   - The sum over the label is at any time what the metric would say without it.

// MaxServerLabels is how many servers ever get a label of their own, whatever is asked for.
const MaxServerLabels = 100

// serverLabel is the label's name, and otherServers its value for those without their own.
const (
	serverLabel  = "server"
	otherServers = "other"
)

// serverLabels are the servers that have a label. A nil one gives none.
type serverLabels struct {
	most   int // how many get one at a time
	list   []*labelled
	byAddr map[netip.AddrPort]*labelled
	before []analyze.ServerSummary // when it was asked last
	others []analyze.ServerSummary // now
	shown  map[string]float64      // of the others, by metric and the values of its other labels
}

// labelled is a server with a label.
type labelled struct {
	name  string
	now   *analyze.ServerSummary // nil if it is not listed any more
	base  *analyze.ServerSummary // what counted for the others before it got the label; nil for nothing
	shown map[string]float64
}

// newServerLabels gives labels to the first most servers, nil if that is none.
func newServerLabels(most int) *serverLabels {
	if most <= 0 {
		return nil
	}
	return &serverLabels{most: min(most, MaxServerLabels), byAddr: map[netip.AddrPort]*labelled{}, shown: map[string]float64{}}
}

// look takes the servers of a moment, most connections first.
func (l *serverLabels) look(servers []analyze.ServerSummary) {
	for i := range servers[:min(l.most, len(servers))] {
		at := servers[i].Server
		if l.byAddr[at] != nil || len(l.list) == MaxServerLabels {
			continue
		}
		x := &labelled{name: strings.ToValidUTF8(at.String(), "\uFFFD"), shown: map[string]float64{}}
		if i := slices.IndexFunc(l.before, func(s analyze.ServerSummary) bool { return s.Server == at }); i >= 0 {
			base := l.before[i]
			x.base = &base
		}
		l.list, l.byAddr[at] = append(l.list, x), x
	}
	for _, x := range l.list {
		x.now = nil
	}
	l.others = l.others[:0]
	for i := range servers {
		if x := l.byAddr[servers[i].Server]; x != nil {
			x.now = &servers[i]
		} else {
			l.others = append(l.others, servers[i])
		}
	}
	l.before = servers
}

// share tells how much of a counter that has come to total is whose. key is the metric and
// the values of its other labels, of reads it of a server.
func (l *serverLabels) share(key string, total float64, of func(*analyze.ServerSummary) float64, put put) {
	left := total - l.shown[key]
	for _, x := range l.list {
		left -= x.shown[key]
	}
	for _, x := range l.list {
		if x.now != nil {
			more := of(x.now) - x.shown[key]
			if x.base != nil {
				more -= of(x.base)
			}
			more = max(0, min(more, left)) // one that is not HTTP after all takes its requests back
			x.shown[key] += more
			left -= more
		}
		put(x.shown[key], x.name)
	}
	l.shown[key] += left
	put(l.shown[key], otherServers)
}

// times tells how long each server with a label takes, and the slowest of the others.
func (l *serverLabels) times(percentile string, put put) {
	of := func(servers []analyze.ServerSummary) float64 {
		return gate.NumbersOf(&analyze.Result{Servers: servers}, nil)("server_seconds." + percentile)
	}
	for _, x := range l.list {
		if x.now != nil {
			put(of([]analyze.ServerSummary{*x.now}), percentile, x.name)
		}
	}
	put(of(l.others), percentile, otherServers)
}

// byServer reads the counters of single servers that get the label: by the metric's name,
// what it comes to for one, with that value of the metric's own label.
var byServer = map[string]func(s *analyze.ServerSummary, label string) int64{
	"connections_total":           func(s *analyze.ServerSummary, _ string) int64 { return s.Connections },
	"requests_total":              func(s *analyze.ServerSummary, _ string) int64 { return s.Requests },
	"reused_requests_total":       func(s *analyze.ServerSummary, _ string) int64 { return s.ReusedRequests },
	"http2_streams_total":         func(s *analyze.ServerSummary, _ string) int64 { return s.Streams.Opened },
	"http2_streams_refused_total": func(s *analyze.ServerSummary, _ string) int64 { return s.Streams.Refused },
	"grpc_calls_total":            func(s *analyze.ServerSummary, _ string) int64 { return s.Streams.GRPCCalls },
	"grpc_failed_total":           func(s *analyze.ServerSummary, _ string) int64 { return s.Streams.GRPCFailed },
	"responses_by_class_total": func(s *analyze.ServerSummary, class string) int64 {
		return s.ByClass[class[0]-'1']
	},
	"closed_connections_total": func(s *analyze.ServerSummary, side string) int64 {
		c := &s.SettledClosers
		return map[string]int64{"client": c.Client, "server": c.Server, "both": c.Both, "none": c.None, "unknown": c.Unknown}[side]
	},
}

// reader returns what reads a counter of one server, nil if it has no label.
func reader(metric string, labels []string) func(*analyze.ServerSummary) float64 {
	of := byServer[metric]
	if of == nil {
		return nil
	}
	own := ""
	if len(labels) > 0 {
		own = labels[0]
	}
	return func(s *analyze.ServerSummary) float64 {
		return math.Max(0, float64(of(s, own))) // Unknown is below
	}
}
