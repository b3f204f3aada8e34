package gate

import (
	"math"
	"strconv"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// leastResponses is how many a server needs for its times to be judged: of fewer the
// highest quantiles are single responses.
const leastResponses = 20

// Why metrics of responses may not be known.
const (
	noStatus     = "no response can be read"
	fewResponses = "no server has 20 responses whose time is known"
)

// responseMetrics are about responses by status, and how long servers took for them.
func responseMetrics() (list []Metric) {
	for class := range analyze.StatusClasses {
		name := strconv.Itoa(class+1) + "xx"
		m := count("responses_by_class."+name, "responses with status "+name, func(t *totals) int64 { return t.ByClass[class] })
		m.Unknown, m.Seldom = noStatus, true
		if class == analyze.StatusClasses-1 {
			m = m.told(LessIsBetter, PerSecond)
		}
		list = append(list, m)
	}
	for _, q := range []struct {
		name, help string
		of         func(*analyze.ServerTimes) int64
	}{
		{"p50", "median", func(x *analyze.ServerTimes) int64 { return x.P50 }},
		{"p90", "the 90th percentile", func(x *analyze.ServerTimes) int64 { return x.P90 }},
		{"p95", "the 95th percentile", func(x *analyze.ServerTimes) int64 { return x.P95 }},
		{"p99", "the 99th percentile", func(x *analyze.ServerTimes) int64 { return x.P99 }},
		{"max", "the longest", func(x *analyze.ServerTimes) int64 { return x.Max }},
	} {
		list = append(list, Metric{Name: "server_seconds." + q.name, Unit: Seconds, Unknown: fewResponses,
			Help:  "last byte of a request to first byte of its response: " + q.help + ", of the slowest server with 20 or more responses",
			value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return slowest(r.Servers, q.of) }})
	}
	return list
}

// slowest returns the highest of a quantile among servers with enough responses, in
// seconds; NaN if there is none.
func slowest(servers []analyze.ServerSummary, of func(*analyze.ServerTimes) int64) float64 {
	highest := math.NaN()
	for i := range servers {
		if x := &servers[i].Times; x.Count >= leastResponses {
			if v := float64(of(x)) / 1e9; !(v <= highest) {
				highest = v
			}
		}
	}
	return highest
}
