// Package picture draws the verdict of a report and its curves over time, as SVG
// or PNG.
package picture

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// A picture holds the verdict and, one below the other, panels that share their
// axis of time. This file says what is on it, draw.go draws it.

// panel is a part of a picture: curves over time, or a sentence in their place.
type panel struct {
	title    string
	titleEnd string // how the title goes on if there are curves
	share    bool   // values are parts of 100
	curves   []trace
	instead  string // the sentence where there are no curves
}

// trace is one curve: a value for each step, NaN for none.
type trace struct {
	name   string
	values []float64
	filled bool
}

// picture is what a picture shows.
type picture struct {
	verdict, fix string // fix is "" for none
	level        rules.Level
	name, facts  string
	narrowed     string // what the numbers are of, "" for the whole capture
	doubts       string // why the numbers may be too low, "" for none
	panels       []panel
	start, step  int64 // of the steps, ns
	from, to     int64 // the time shown, ns: the first and the last step may be whole in part
	version      string
	zone         report.Zone
}

// newPicture says what the picture of r shows.
func newPicture(r *report.Report) *picture {
	s := &r.Result.Series
	first, last := r.Meta.Times()
	x := &picture{
		zone: r.Meta.Zone, name: r.Meta.Title(), facts: r.Meta.Extent(), doubts: r.Meta.Doubts(), version: report.ToolName + " " + report.Plain(r.Version),
	}
	curves, without := x.within(s, first, last), "too few seconds for a curve"
	if !curves && len(s.NewConnections) > 1 && first < last {
		without = "the times are too far apart for a curve"
	}
	if part := r.Meta.Narrowed.Words(); part != "" {
		x.narrowed = "Only " + part
	}
	if r.Story != nil {
		x.verdict = fmt.Sprintf("Connection %d", r.Story.Connection.ID)
		x.panels = []panel{{title: "One connection is told in text, Markdown, HTML and JSON", instead: "A picture shows a whole capture: the same command without --conn."}}
		return x
	}
	d := r.Diagnosed()
	x.level, x.verdict = d.Verdict.Level, d.Verdict.Words()
	if x.level == rules.Problem && len(d.Findings) > 0 {
		x.fix = "Fix: " + r.Advice(&d.Findings[0]).Fix
	}
	x.panels = []panel{openedPanel(r, without), reusePanel(r), waitPanel(r, without)}
	if !curves {
		for i := range x.panels {
			x.panels[i].curves = nil
		}
	}
	return x
}

// within sets the time that is shown: from the first to the last packet, and no
// more than s. It reports whether curves can be drawn: s has several steps, and
// the time is one that a count of nanoseconds holds, for a capture may give any.
func (x *picture) within(s *analyze.Series, first, last int64) bool {
	const second = int64(1e9)
	n := int64(len(s.NewConnections))
	if n < 2 || s.Step <= 0 || s.Step > math.MaxInt64/second/n || s.Start > math.MaxInt64-n*s.Step*second {
		return false
	}
	x.start, x.step = s.Start, s.Step*second
	x.from, x.to = max(s.Start, first), min(s.Start+n*x.step, last)
	return x.from < x.to && x.to-x.from > 0
}

// perStep says what the values of a series are counted in.
func perStep(s *analyze.Series) string {
	if s.Step > 1 {
		return "in each " + report.WholeSeconds(s.Step)
	}
	return "in each second"
}

// openedPanel shows how many connections began, and requests were sent; without
// says why there is no curve where there is none.
func openedPanel(r *report.Report, without string) panel {
	s, t := &r.Result.Series, &r.Result.Totals
	if t.Connections == 0 {
		return panel{title: "Connections", instead: "No TCP connection was captured."}
	}
	x := panel{
		title:    "New connections and requests",
		titleEnd: ", " + perStep(s),
		instead:  fmt.Sprintf("%s and %s: %s.", report.Connections(t.Connections), cause.Plural(t.Requests, "request", "requests"), without),
		curves:   []trace{{"new connections", floats(s.NewConnections), true}, {"requests", floats(s.Requests), false}},
	}
	switch {
	case t.Requests <= 0:
		x.title = "New connections"
		x.instead = report.Connections(t.Connections) + ": " + without + "."
		x.curves = x.curves[:1]
	case t.HTTPUnknown > 0:
		x.titleEnd += fmt.Sprintf("; the requests of %s are unknown", report.Connections(t.HTTPUnknown))
	}
	return x
}

// reusePanel shows which part of the requests were not the first on their
// connection.
func reusePanel(r *report.Report) panel {
	s, t := &r.Result.Series, &r.Result.Totals
	x := panel{title: "Reuse: requests that were not the first on their connection", share: true}
	switch {
	case t.Requests <= 0 && t.Estimated.Known():
		x.instead = fmt.Sprintf("%s, estimated", cause.Plural(t.Estimated.Requests, "request", "requests"))
		if !math.IsNaN(t.Estimated.ReuseRatio) {
			x.instead += ": " + cause.Percent(t.Estimated.ReuseRatio) + " of them on a reused connection"
		}
		x.instead += "."
	case t.Requests <= 0 && t.HTTPUnknown > 0:
		x.instead = fmt.Sprintf("Requests are unknown: %s with TLS, HTTP/2 or cut heads.", report.Connections(t.HTTPUnknown))
	case t.Requests <= 0:
		x.instead = "No HTTP request was captured."
	case t.ReusedRequests == 0:
		x.instead = fmt.Sprintf("None of %s.", cause.Plural(t.Requests, "request", "requests"))
	default:
		x.instead = fmt.Sprintf("%s of %s.", cause.Count(t.ReusedRequests), cause.Plural(t.Requests, "request", "requests"))
		if !math.IsNaN(t.ReuseRatio) {
			x.title += ", " + cause.Percent(t.ReuseRatio) + " in all"
		}
		values := make([]float64, len(s.Requests))
		for i, n := range s.Requests {
			values[i] = math.NaN() // without requests
			if n > 0 {
				values[i] = min(100, 100*float64(s.Reused[i])/float64(n))
			}
		}
		x.curves = []trace{{"reused, % of the requests", values, true}}
	}
	return x
}

// waitPanel shows the TIME_WAIT population, by who holds it.
func waitPanel(r *report.Report, without string) panel {
	s, w := &r.Result.Series, &r.Result.Totals.TimeWait
	x := panel{title: "TIME_WAIT entries"}
	if w.Peak == 0 {
		x.instead = "None was seen."
		if n := w.Unknown + w.Pending; n > 0 {
			x.instead += fmt.Sprintf(" Of %s it is not known.", report.Connections(n))
		}
		return x
	}
	x.titleEnd = ", the most at once " + perStep(s) + fmt.Sprintf(" (peak %s at %s, %s at the end)", cause.Count(w.Peak), r.Meta.Clock(w.PeakAt), cause.Count(w.AtEnd))
	var held []string
	for _, h := range w.Hosts[:min(len(w.Hosts), report.MaxHolders)] {
		held = append(held, fmt.Sprintf("%s at %s", cause.Count(h.Peak), h.Host))
	}
	x.instead = "At most " + strings.Join(held, ", ") + ", at once: " + without + "."
	x.curves = []trace{{"all", floats(s.TimeWait), true}}
	holders := slices.DeleteFunc(r.Holders(), func(h report.Holder) bool { return h.Peak() < w.Peak/50 }) // they would lie on the axis
	for _, h := range holders {
		x.curves = append(x.curves, trace{"at " + h.Host.String(), floats(h.Most), false})
	}
	if len(holders) == 1 && len(w.Hosts) == 1 {
		x.curves = []trace{{"all at " + holders[0].Host.String(), floats(s.TimeWait), true}}
	}
	if more := len(w.Hosts) - len(holders); more > 0 {
		x.titleEnd += fmt.Sprintf("; %s not drawn one by one", cause.Plural(int64(more), "host", "hosts"))
	}
	return x
}

// floats returns list as floating-point numbers.
func floats(list []int64) []float64 {
	out := make([]float64, len(list))
	for i, n := range list {
		out[i] = float64(n)
	}
	return out
}

// tick is a place on an axis.
type tick struct {
	at    float64 // share of the axis
	label string
}

// valueTicks returns the ticks of an axis that begins at 0, and the value that
// it ends with. Their distance is 1, 2 or 5 times a power of ten, and at most
// five of them are there: what is greater than any axis ends at its end.
func valueTicks(most float64) ([]tick, float64) {
	i := slices.IndexFunc(valueSteps, func(step int64) bool { return float64(step)*5 >= most })
	if i < 0 {
		i = len(valueSteps) - 1
	}
	step := valueSteps[i]
	n := int64(math.Ceil(min(max(1, most/float64(step)), 5)))
	var list []tick
	for i := range n + 1 {
		list = append(list, tick{float64(i) / float64(n), cause.Count(i * step)})
	}
	return list, float64(n * step)
}

// valueSteps are 1, 2 and 5 times the powers of ten, of which five fit in 63 bits.
var valueSteps = func() (list []int64) {
	for unit := int64(1); unit <= 1e17; unit *= 10 {
		list = append(list, unit, 2*unit, 5*unit)
	}
	return append(list, 1e18)
}()

// clockSteps are times that a clock shows well, from a millisecond to a day.
var clockSteps = func() (list []int64) {
	for unit := int64(1e6); unit < 1e9; unit *= 10 {
		list = append(list, unit, 2*unit, 5*unit)
	}
	for _, s := range []int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
		list = append(list, s*1e9)
	}
	return list
}()

// timeTicks returns round times within the time shown, at most ten or so.
func (x *picture) timeTicks() []tick {
	const most, day = 10, int64(86400e9)
	span := x.to - x.from
	i, _ := slices.BinarySearch(clockSteps, (span+most-1)/most)
	step := (span/most + day - 1) / day * day
	if i < len(clockSteps) {
		step = clockSteps[i]
	}
	form := "15:04"
	switch {
	case step >= day:
		form = time.DateOnly
	case len(x.days()) > len(time.DateOnly):
		form = "01-02 15:04"
	case step < 1e9:
		form = "15:04:05.000"
	case step < 60e9:
		form = time.TimeOnly
	}
	var list []tick
	local := x.from + x.zone.Offset(x.from)*1e9
	for at := (step - local%step) % step; at <= span; {
		list = append(list, tick{float64(at) / float64(span), x.zone.At(x.from + at).Format(form)})
		if span-at < step { // to go on might leave the range of the numbers
			break
		}
		at += step
	}
	return list
}

// days returns the day that is shown, or the first and the last one.
func (x *picture) days() string {
	from, to := x.zone.At(x.from).Format(time.DateOnly), x.zone.At(x.to).Format(time.DateOnly)
	if from == to {
		return from
	}
	return from + " to " + to
}
