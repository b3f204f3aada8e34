package tui

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

// curve is one of the four that run over time.
type curve struct {
	name   string
	total  int64
	values []int64 // one a column
	top    int64
	said   string // about the values
}

// frame is where a curve is drawn: two stand beside each other.
type frame struct {
	wide bool // the total stands there, too
	cell int  // columns of all
	bars int  // columns of the values
}

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

// curves draws new connections, requests, reuse and TIME_WAIT over time.
func (m *model) curves() []string {
	if m.width < 76 {
		return nil
	}
	f := m.frame()
	var list [4]string
	for i, c := range m.shape(f.bars) {
		list[i] = pad(c.name, curveName)
		if f.wide {
			list[i] += fmt.Sprintf("%*s ", curveName-1, countCell(c.total))
		}
		list[i] += pad(text.Bars(c.values, c.top, m.opt.ASCII), f.bars) + " " + c.said
		list[i] = pad(cut(list[i], f.cell, m.style), f.cell)
	}
	return []string{list[0] + "  " + list[1], list[2] + "  " + list[3]}
}

// pitch returns how many steps of the series a column stands for, or how many
// columns one step takes. A live capture shows its last steps.
func (m *model) pitch(columns int) (steps, wide int) {
	n := len(m.result().Series.Requests)
	if m.opt.Live || n == 0 {
		return 1, 1
	}
	return (n + columns - 1) / columns, max(1, columns/n)
}

// pitchNote says how long a step of the curves is.
func (m *model) pitchNote() string {
	steps, _ := m.pitch(m.frame().bars)
	return "a step above is " + cause.Count(int64(steps)*m.result().Series.Step) + " s"
}

// shape returns the four curves in so many columns.
func (m *model) shape(columns int) [4]curve {
	s, t := &m.result().Series, &m.result().Totals
	steps, wide := m.pitch(columns)
	join := func(values []int64, by func(a, b int64) int64) []int64 {
		if m.opt.Live {
			values = values[max(0, len(values)-columns):]
		}
		return gather(values, steps, by)
	}
	most := func(a, b int64) int64 { return max(a, b) }
	sum := func(a, b int64) int64 { return a + b }
	opened, asked, again, waits := join(s.NewConnections, sum), join(s.Requests, sum), join(s.Reused, sum), join(s.TimeWait, most)
	share := make([]int64, len(asked))
	for i := range asked {
		if asked[i] > 0 {
			share[i] = 100 * again[i] / asked[i]
		}
	}
	fastest := func(values []int64) string {
		return "max " + cause.Decimal(float64(highest(values))/float64(int64(steps)*max(1, s.Step))) + "/s"
	}
	return [4]curve{
		{"new conns", t.Connections, stretch(opened, wide), highest(opened), fastest(opened)},
		{"requests", t.Requests, stretch(asked, wide), highest(asked), fastest(asked)},
		{"reused", t.ReusedRequests, stretch(share, wide), 100, ratioCell(t.ReuseRatio) + " of all"},
		{"TIME_WAIT", t.TimeWait.Closes, stretch(waits, wide), highest(waits), countCell(m.held()) + ", max " + countCell(t.TimeWait.Peak)},
	}
}

// held returns how many TIME_WAIT entries there are: those of the snapshot, but
// for what has ended since.
func (m *model) held() int64 {
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
			if c.Close.TimeWait == analyze.TimeWaitBoth {
				n--
			}
		}
	}
	return max(0, n)
}

// gather joins each run of n values into one.
func gather(values []int64, n int, by func(a, b int64) int64) []int64 {
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

// stretch makes each value stand n times.
func stretch(values []int64, n int) []int64 {
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
