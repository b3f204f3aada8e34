package tui

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

// curve is one of the four numbers that are drawn over time.
type curve struct {
	name   string
	total  int64
	values []int64 // one for each column
	top    int64   // the value that fills a column
	note   string  // what the values come to
}

// frame is how a curve is drawn: two stand beside each other.
type frame struct {
	wide bool // there is room for the total
	cell int  // columns of the whole curve
	bars int  // columns of the values
}

// curveName is how many columns the name of a curve takes.
const curveName = len("new conns ")

// frame returns how curves are drawn in this window.
func (m *model) frame() frame {
	f := frame{cell: (m.width - 2) / 2}
	f.bars = f.cell - curveName - len(" 1,234, max 1,234")
	if f.wide = f.cell >= 80; f.wide {
		f.bars -= curveName + len("0,000, 0,000")
	}
	return f
}

// drawCurves draws new connections, requests, reuse and TIME_WAIT over time.
func (m *model) drawCurves() []string {
	if m.width < 76 {
		return nil
	}
	f := m.frame()
	var list [4]string
	for i, c := range m.curves(f.bars) {
		list[i] = pad(c.name, curveName)
		if f.wide {
			list[i] += fmt.Sprintf("%*s ", curveName-1, countCell(c.total))
		}
		list[i] += pad(text.Bars(c.values, c.top, m.opt.ASCII), f.bars) + " " + c.note
		list[i] = pad(cut(list[i], f.cell, m.style), f.cell)
	}
	return []string{list[0] + "  " + list[1], list[2] + "  " + list[3]}
}

// scale returns how many steps of the series a column stands for, and how many
// columns a step takes; one of them is 1. A live capture shows its last steps.
func (m *model) scale(columns int) (steps, wide int) {
	n := len(m.result().Series.Requests)
	if m.opt.Live || n == 0 {
		return 1, 1
	}
	return (n + columns - 1) / columns, max(1, columns/n)
}

// stepNote says how long a step of the curves is.
func (m *model) stepNote() string {
	steps, _ := m.scale(m.frame().bars)
	return "a step above is " + cause.Count(int64(steps)*m.result().Series.Step) + " s"
}

// curves returns the four curves, each of at most that many columns.
func (m *model) curves(columns int) [4]curve {
	s, t := &m.result().Series, &m.result().Totals
	steps, wide := m.scale(columns)
	join := func(values []int64, by func(a, b int64) int64) []int64 {
		if m.opt.Live {
			values = values[max(0, len(values)-columns):]
		}
		return group(values, steps, by)
	}
	most := func(a, b int64) int64 { return max(a, b) }
	sum := func(a, b int64) int64 { return a + b }
	connections, requests, reused, waits := join(s.NewConnections, sum), join(s.Requests, sum), join(s.Reused, sum), join(s.TimeWait, most)
	percent := make([]int64, len(requests))
	for i := range requests {
		if requests[i] > 0 {
			percent[i] = 100 * reused[i] / requests[i]
		}
	}
	fastest := func(values []int64) string { return fastest(highest(values), int64(steps)*max(1, s.Step)) }
	asked, again := fastest(requests)+besides(&t.Estimated), reuseCell(t.ReuseRatio, &t.Estimated)+" of all"
	if t.Requests == analyze.Unknown && !t.Estimated.Known() {
		asked, again = "unknown", "unknown"
	}
	return [4]curve{
		{"new conns", t.Connections, widen(connections, wide), highest(connections), fastest(connections)},
		{"requests", t.Requests, widen(requests, wide), highest(requests), asked},
		{"reused", t.ReusedRequests, widen(percent, wide), 100, again},
		{"TIME_WAIT", t.TimeWait.Closes, widen(waits, wide), highest(waits), countCell(m.timeWaits()) + ", max " + countCell(t.TimeWait.Peak)},
	}
}

// leastRate is the lowest rate per second that is told as such: below it would be rounded
// to nothing.
const leastRate = 0.1

// fastest tells how many there are in a column of so many seconds at most.
func fastest(n, seconds int64) string {
	if rate := float64(n) / float64(seconds); n == 0 || rate >= leastRate {
		return "max " + cause.Decimal(rate) + "/s"
	}
	length := cause.Count(seconds) + " s"
	switch {
	case seconds >= 2*24*3600:
		length = cause.Count(seconds/(24*3600)) + " d"
	case seconds >= 2*3600:
		length = cause.Count(seconds/3600) + " h"
	}
	return "max " + cause.Count(n) + " in " + length
}

// timeWaits returns how many TIME_WAIT entries there are now: those of the snapshot
// but for those that have ended since.
func (m *model) timeWaits() int64 {
	x := m.snapshot()
	n := x.Result.Totals.TimeWait.AtEnd
	if m.now == x.At {
		return n
	}
	var scratch analyze.Connection
	for i := range x.Len() {
		c := x.ConnectionAt(i, &scratch)
		was, _ := live.StateOf(c, x.At, int64(m.opt.TimeWait))
		if now, _ := live.StateOf(c, m.now, int64(m.opt.TimeWait)); was == live.TimeWait && now == live.Closed {
			n--
			if c.Close.TimeWait == analyze.TimeWaitBoth { // an entry on each side
				n--
			}
		}
	}
	return max(0, n)
}

// group joins each n values that follow each other into one.
func group(values []int64, n int, by func(a, b int64) int64) []int64 {
	var out []int64
	for i, v := range values {
		if i%n == 0 {
			out = append(out, v)
		} else {
			out[len(out)-1] = by(out[len(out)-1], v)
		}
	}
	return out
}

// widen repeats each value n times.
func widen(values []int64, n int) []int64 {
	out := make([]int64, 0, len(values)*n)
	for _, v := range values {
		out = append(out, slices.Repeat([]int64{v}, n)...)
	}
	return out
}

// highest returns the greatest of values, 0 if there are none.
func highest(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Max(values)
}
