package rules

import (
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var streamsReset = &Rule{
	ID:      "KA1070",
	Title:   "server resets streams of HTTP/2",
	Who:     analyze.Server,
	SetWhen: "the server sends RST_STREAM for requests whose response is missing or not complete, and with a code other than REFUSED_STREAM",
	Why:     "a handler panics, times out or is cut off by its backend; the connection goes on, so nothing shows in TCP",
	Advice:  products.Advise("look in the server's log at these times").Noting("gRPC and proxies tell the code of RST_STREAM there"),
	Filter:  "http2.type == 3 && http2.rst_stream.error != 7",
	Needs:   HTTP | BothSides,
	Check:   checkStreamsReset,
}

func checkStreamsReset(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.streams(cause.AnomalyStreamsReset) {
		f := v.told(r, x.group, "%s reset %s of HTTP/2 before the response was complete", x.server.Name, cause.Plural(x.count, "stream", "streams"))
		f.Failed, f.Confidence = x.count, cause.High
		f.Severity = ofFailed(x.stakes.list(func(uint32) int64 { return math.MaxInt64 }), true)
		out = append(out, f)
	}
	return out
}

// streamGroup is a server with connections of which something is unusual, so many times.
type streamGroup struct {
	group
	count  int64
	stakes *stakes
}

// streams returns the servers with connections that have an anomaly whose Duration is a
// count.
func (v *view) streams(kind cause.AnomalyKind) (out []*streamGroup) {
	by := map[uint32]*streamGroup{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		r := v.Record(uint64(m.ID))
		s := v.PairOf(r).To
		x := by[s.Num]
		if x == nil {
			x = &streamGroup{group: group{subject: subject{server: s}}, stakes: newStakes()}
			by[s.Num] = x
		}
		x.records = append(x.records, r)
		x.count += m.Duration
		x.stakes.of(r.Pair, v.requests[r.Pair]).cost += m.Duration
	}, kind)
	for _, s := range v.Servers() {
		if x := by[s.Num]; x != nil {
			slices.SortFunc(x.records, cause.ByID)
			out = append(out, x)
		}
	}
	return out
}
