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
	Seldom  bool   // known of few captures: nobody misses it in a comparison of others

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

// MetricByName returns the metric of that name. Its error names one that may be meant.
func MetricByName(name string) (*Metric, error) {
	if m, ok := metrics[name]; ok {
		return m, nil
	}
	var names []string
	for i := range Metrics {
		names = append(names, Metrics[i].Name)
	}
	return nil, fmt.Errorf("there is no metric %q%s", rules.Shorten(name), rules.DidYouMean(name, names))
}

// Why metrics may not be known.
const (
	noHTTP     = "no connection can be read as HTTP"
	noRequest  = "no connection has a request"
	longEnough = "the capture is as long as TIME_WAIT and shows the level itself: see time_wait.peak"
	noEstimate = "no connection has requests that are estimated"
	noHTTP2    = "no connection can be read as HTTP/2"
	noGRPC     = "no call of gRPC was answered"
	noVerdict  = "the capture is not enough for a verdict"
)

type (
	totals    = analyze.Totals
	timeWait  = analyze.TimeWaitTotals
	estimates = analyze.Estimates
	streams   = analyze.StreamCount
)

// count is a number of totals, unknown where it is analyze.Unknown.
func count(name, help string, of func(t *totals) int64) Metric {
	return Metric{Name: name, Help: help, value: func(r *analyze.Result, _ *rules.Diagnosis) float64 { return known(of(&r.Totals)) }}
}

// http is a count that takes HTTP that can be read.
func http(name, help string, of func(t *totals) int64) Metric {
	m := count(name, help, of)
	m.Unknown = noHTTP
	return m
}

// lost is a count of requests without a whole response.
func lost(name, help string, of func(cause.Lost) int64) Metric {
	return Metric{Name: name, Help: help, Unknown: noHTTP, value: func(r *analyze.Result, d *rules.Diagnosis) float64 {
		lost := d.TotalLost()
		if r.Totals.LossUnknown() && lost == (cause.Lost{}) {
			return math.NaN()
		}
		return float64(of(lost))
	}}
}

// ofStreams is a number of streams of HTTP/2, unknown where there are none of what it is of.
func ofStreams(name, help, unknown string, value func(n *streams) (count, of int64)) Metric {
	return Metric{Name: name, Help: help, Unknown: unknown, Seldom: true, value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
		if count, of := value(&r.Totals.Streams); of > 0 {
			return float64(count)
		}
		return math.NaN()
	}}
}

// guess is a number that rests on requests that are estimated.
func guess(name, help string, of func(x *estimates) int64) Metric {
	return Metric{Name: name, Help: help, Unknown: noEstimate, Seldom: true, value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
		if x := &r.Totals.Estimated; x.Known() {
			return float64(of(x))
		}
		return math.NaN()
	}}
}

// guessedLost is lost for requests that are estimated.
func guessedLost(name, help string, of func(cause.Lost) int64) Metric {
	return Metric{Name: name, Help: help, Unknown: noEstimate, Seldom: true, value: func(r *analyze.Result, d *rules.Diagnosis) float64 {
		if !r.Totals.Estimated.Known() {
			return math.NaN()
		}
		return float64(of(d.EstimatedLost()))
	}}
}

// perConnection is a number of the requests that connections carry.
func perConnection(name, help string, of func(t *totals) float64) Metric {
	return Metric{Name: "requests_per_connection." + name, Help: help, Unknown: noRequest,
		value: func(r *analyze.Result, _ *rules.Diagnosis) float64 {
			if r.Totals.ConnectionsWithRequests <= 0 { // none, or Unknown
				return math.NaN()
			}
			return of(&r.Totals)
		}}
}

// waits is a count of TIME_WAIT.
func waits(name, help string, of func(w *timeWait) int64) Metric {
	return count("time_wait."+name, help, func(t *totals) int64 { return of(&t.TimeWait) })
}

// findings counts the findings from one severity to another.
func findings(name, help string, least, most rules.Severity) Metric {
	return Metric{Name: name, Help: help, Unknown: noVerdict,
		value: func(_ *analyze.Result, d *rules.Diagnosis) float64 { return found(d, least, most) }}
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
