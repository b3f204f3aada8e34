package report

import (
	"fmt"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// numbers writes the numbers beside those of a perfect pool.
func (p *teller) numbers() {
	t := &p.r.Result.Totals
	http := t.Requests > 0
	tab := Table{Align: "lrr", Heads: []string{"", "this capture", "with a perfect pool"}}
	perfect := func(s string) string { return s }
	if !http {
		tab.Heads[2] = ""
		perfect = func(string) string { return "" }
	}
	tab.Row("connections", cause.Count(t.Connections), perfect(cause.Count(t.Connections-t.AvoidableConnections)))
	if http {
		if t.ConnectionsWithRequests != t.Connections {
			tab.Row("  with a request", cause.Count(t.ConnectionsWithRequests), cause.Count(t.PoolNeed))
		}
		tab.Row("  used for only one request", cause.Count(t.SingleRequestConnections), "")
		p.requestNumbers(&tab, t)
	}
	if x := &t.Estimated; x.Known() {
		tab.Row("requests that are estimated", cause.Count(x.Requests), "")
		if lost := p.r.EstimatedLost(); lost.Failed+lost.Abandoned > 0 {
			tab.Row("  of these failed", cause.Count(lost.Failed)+" (estimated)", perfect("0"))
			tab.Row("  of these abandoned", cause.Count(lost.Abandoned)+" (estimated)", "")
		}
		if !math.IsNaN(x.ReuseRatio) {
			tab.Row("  on a reused connection, all", cause.Percent(x.ReuseRatio)+" (estimated)", "")
		}
		tab.Row("  pool need, all", cause.Count(x.PoolNeed)+" (estimated)", "")
		tab.Row("  avoidable connections, all", cause.Count(x.AvoidableConnections)+" (estimated)", "")
		tab.Row("  their handshakes", cause.Duration(x.AvoidableHandshake)+" (estimated)", "")
	}
	w := &t.TimeWait
	peak := cause.Count(w.Peak)
	if w.Peak > 0 {
		peak += " at " + p.r.Meta.Clock(w.PeakAt)
	}
	tab.Row("TIME_WAIT, peak", peak, perfect(cause.Count(w.PerfectPool)))
	tab.Row("TIME_WAIT, at the end", cause.Count(w.AtEnd), "")
	if level := p.headingFor(&w.Population); level != "" {
		tab.Row("TIME_WAIT, projected at this rate", level, "")
	}
	p.halfClosed(&tab, "CLOSE_WAIT", &t.CloseWait)
	p.halfClosed(&tab, "FIN_WAIT_2", &t.FINWait2)
	if http {
		tab.Row("handshake time wasted", cause.Duration(t.AvoidableHandshake), "0 s")
	}
	tab.Row("retransmissions", cause.Count(t.Retransmissions), "")
	p.section("NUMBERS")
	p.table(&tab)
}

// requestNumbers adds the rows about requests.
func (p *teller) requestNumbers(tab *Table, t *analyze.Totals) {
	tab.Row("requests", cause.Count(t.Requests), cause.Count(t.Requests))
	again := cause.Count(t.ReusedRequests)
	if !math.IsNaN(t.ReuseRatio) {
		again += " (" + cause.Percent(t.ReuseRatio) + ")"
	}
	tab.Row("  on a reused connection", again, "")
	streamNumbers(tab, &t.Streams)
	responses := cause.Count(t.Responses)
	if t.Unmatched > 0 {
		responses += fmt.Sprintf(" (%s to no request)", cause.Count(t.Unmatched))
	}
	tab.Row("responses", responses, "")
	if t.Interim > 0 {
		tab.Row("interim responses", cause.Count(t.Interim), "")
	}
	lost := p.r.Lost()
	tab.Row("failed requests", cause.Count(lost.Failed), "0")
	if lost.Abandoned > 0 {
		tab.Row("abandoned requests", cause.Count(lost.Abandoned), "")
	}
	perPool := ""
	if t.PoolNeed > 0 {
		perPool = cause.Decimal(float64(t.Requests) / float64(t.PoolNeed))
	}
	q := &t.PerConnection
	tab.Row("requests per connection", fmt.Sprintf("mean %s  p50 %s", cause.Decimal(q.Mean), cause.Count(q.P50)), perPool)
	tab.Row("", fmt.Sprintf("p90 %s  max %s", cause.Count(q.P90), cause.Count(q.Max)), "")
}

// overTime draws the shape over time.
func (p *teller) overTime() {
	s := &p.r.Result.Series
	n := len(s.NewConnections)
	events := p.r.Diagnosed().Events()
	if n < 2 {
		if len(events) > 0 {
			p.section("OVER TIME")
			p.events(events)
		}
		return
	}
	// What stands beside the columns: a name, and the largest value.
	value := cause.Count(max(sum(s.NewConnections), sum(s.Requests)))
	columns := p.r.Options.Columns() - len("  new connections || at most "+value+" in 9,999 days")
	per := (n + columns - 1) / columns
	step := WholeSeconds(int64(per) * s.Step)
	_, last := p.r.Meta.Times()
	p.section("OVER TIME")
	var curves []Curve
	for _, c := range []Curve{
		{"new connections", gather(s.NewConnections, per, sum), " in " + step},
		{"requests", gather(s.Requests, per, sum), " in " + step},
		{"TIME_WAIT", gather(s.TimeWait, per, largest), " at once"},
	} {
		if largest(c.Values) > 0 {
			curves = append(curves, c)
		}
	}
	p.medium.Shape(fmt.Sprintf("from %s to %s, one column is %s", p.r.Meta.Clock(s.Start), p.r.Meta.Clock(last), step), curves)
	p.events(events)
}

// halfClosed writes how many sockets were half-closed at once, where they are more than
// come and go with single closes.
func (p *teller) halfClosed(tab *Table, state string, x *analyze.HalfClosedTotals) {
	if x.Peak < cause.MinSamples && x.AtEnd < 1 {
		return
	}
	tab.Row(state+", peak", cause.Count(x.Peak)+" at "+p.r.Meta.Clock(x.PeakAt), "")
	if len(x.Hosts) > 0 && x.Hosts[0].Peak*2 > x.Peak {
		tab.note("most of them at " + x.Hosts[0].Host.String())
	}
	tab.Row(state+", at the end", cause.Count(x.AtEnd), "")
}

// events tells at which moments one side closed several connections at once.
func (p *teller) events(events []cause.Event) {
	for i := range events[:min(len(events), p.rows)] {
		x := &events[i]
		p.para(2, "at %s %s", p.r.Meta.Clock(x.At), x.Words())
	}
	p.more(len(events))
}

// gather joins each run of per values into one.
func gather(values []int64, per int, join func([]int64) int64) []int64 {
	var out []int64
	for len(values) > 0 {
		n := min(per, len(values))
		out = append(out, join(values[:n]))
		values = values[n:]
	}
	return out
}

// sum returns the sum of values.
func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

// leastForRate is how many entries make a rate, however short the capture is.
const leastForRate = 10

// headingFor writes the level that a population is heading for; nothing if the
// capture is long enough to show it, or what it has makes no rate.
func (p *teller) headingFor(x *analyze.Population) string {
	short := p.r.Result.Last-p.r.Result.First < rules.ShortestRate
	if math.IsNaN(x.SteadyState) || short && x.Peak < leastForRate {
		return ""
	}
	return rounded(x.SteadyState)
}
