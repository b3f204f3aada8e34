package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// WriteText writes r for a person on call at night: the first five lines stand
// alone when pasted in a chat, and what is unusual comes before what is not.
func WriteText(w io.Writer, r *Report) error {
	out := bufio.NewWriter(w)
	newPage(out, r).write()
	if err := out.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}

// write writes all of the report.
func (p *page) write() {
	if s := p.r.Story; s != nil {
		p.story(s)
		p.evidence()
		return
	}
	p.header()
	p.verdict()
	p.gates()
	p.comparison()
	if p.r.Result.Totals.Connections > 0 {
		s := takeSurvey(p.r)
		p.numbers()
		p.overTime()
		p.causes()
		p.closes()
		p.servers()
		p.pairs()
		p.policies()
		p.probes(s)
		p.handshakes(s)
		p.example()
	}
	p.evidence()
	p.host()
	p.trust()
	p.provenance()
}

// sources names what was read.
func (p *page) sources() string {
	list := p.r.Meta.Sources
	switch len(list) {
	case 0:
		return "no capture"
	case 1:
		return plain(list[0].Name)
	}
	return fmt.Sprintf("%s and %s more", plain(list[0].Name), count(int64(len(list)-1)))
}

// header writes what the report is about.
func (p *page) header() { p.on.title(p.sources(), p.facts(), p.r.Meta.Narrowed.words(p)) }

// facts says how much was read.
func (p *page) facts() string {
	m := &p.r.Meta
	var facts []string
	var bytes int64
	for i := range m.Sources {
		if m.Sources[i].Size < 0 {
			bytes = -1
			break
		}
		bytes += m.Sources[i].Size
	}
	if bytes >= 0 && len(m.Sources) > 0 {
		facts = append(facts, size(bytes))
	}
	facts = append(facts, plural(int64(m.Packets), "packet", "packets"))
	if m.Packets > 0 {
		facts = append(facts, p.span(m.times()))
	}
	return strings.Join(facts, ", ")
}

// numbers writes the numbers beside those of a perfect pool.
func (p *page) numbers() {
	t := &p.r.Result.Totals
	http := t.Requests > 0
	tab := table{align: "lrr", heads: []string{"", "this capture", "with a perfect pool"}}
	perfect := func(s string) string { return s }
	if !http {
		tab.heads[2] = ""
		perfect = func(string) string { return "" }
	}
	tab.row("connections", count(t.Connections), perfect(count(t.Connections-t.AvoidableConnections)))
	if http {
		if t.ConnectionsWithRequests != t.Connections {
			tab.row("  with a request", count(t.ConnectionsWithRequests), count(t.PoolNeed))
		}
		tab.row("  with one request alone", count(t.SingleRequestConnections), "")
		p.requestNumbers(&tab, t)
	}
	w := &t.TimeWait
	peak := count(w.Peak)
	if w.Peak > 0 {
		peak += " at " + p.clock(w.PeakAt)
	}
	tab.row("TIME_WAIT, peak", peak, perfect(count(w.PerfectPool)))
	tab.row("TIME_WAIT, at the end", count(w.AtEnd), "")
	if level := p.headingFor(&w.Population); level != "" {
		tab.row("TIME_WAIT, heading for", level, "")
	}
	if http {
		tab.row("avoidable handshakes", duration(t.AvoidableHandshake), "0 s")
	}
	tab.row("retransmissions", count(t.Retransmissions), "")
	p.section("NUMBERS")
	p.table(&tab)
}

// requestNumbers adds the rows about requests.
func (p *page) requestNumbers(tab *table, t *analyze.Totals) {
	tab.row("requests", count(t.Requests), count(t.Requests))
	again := count(t.ReusedRequests)
	if !math.IsNaN(t.ReuseRatio) {
		again += " (" + percent(t.ReuseRatio) + ")"
	}
	tab.row("  on a reused connection", again, "")
	tab.row("responses", count(t.Responses), "")
	if t.Interim > 0 {
		tab.row("interim responses", count(t.Interim), "")
	}
	perPool := ""
	if t.PoolNeed > 0 {
		perPool = decimal(float64(t.Requests) / float64(t.PoolNeed))
	}
	q := &t.PerConnection
	tab.row("requests per connection", fmt.Sprintf("mean %s  p50 %s", decimal(q.Mean), count(q.P50)), perPool)
	tab.row("", fmt.Sprintf("p90 %s  max %s", count(q.P90), count(q.Max)), "")
}

// overTime draws the shape over time.
func (p *page) overTime() {
	s := &p.r.Result.Series
	n := len(s.NewConnections)
	if n < 2 {
		return
	}
	// What stands beside the columns: a name, and the largest value.
	value := count(max(sum(s.NewConnections), sum(s.Requests)))
	columns := p.width - len("  new connections || at most "+value+" in 9,999 days")
	per := (n + columns - 1) / columns
	step := steps(int64(per) * s.Step)
	_, last := p.r.Meta.times()
	p.section("OVER TIME")
	var curves []curve
	for _, c := range []curve{
		{"new connections", gather(s.NewConnections, per, sum), " in " + step},
		{"requests", gather(s.Requests, per, sum), " in " + step},
		{"TIME_WAIT", gather(s.TimeWait, per, largest), " at once"},
	} {
		if largest(c.values) > 0 {
			curves = append(curves, c)
		}
	}
	p.on.shape(fmt.Sprintf("from %s to %s, one column is %s", p.clock(s.Start), p.clock(last), step), curves)
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

func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

func largest(values []int64) (n int64) {
	for _, v := range values {
		n = max(n, v)
	}
	return n
}
