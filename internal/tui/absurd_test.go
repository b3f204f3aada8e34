package tui

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestAbsurdCurves draws series that no capture should give.
func TestAbsurdCurves(t *testing.T) {
	s := whole(t, "demo.pcap")
	for _, n := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 / 2, math.MaxInt64} {
		for _, part := range []int64{math.MinInt64, 0, 1, math.MaxInt64} {
			for _, step := range []int64{math.MinInt64, 0, math.MaxInt64} {
				series := analyze.Series{Step: step, Start: n, NewConnections: make([]int64, 500), Requests: make([]int64, 500), Reused: make([]int64, 500), TimeWait: make([]int64, 500)}
				series.NewConnections[3], series.Requests[3], series.Reused[3], series.TimeWait[3] = n, n, part, n
				series.NewConnections[4], series.Requests[4], series.Reused[4], series.TimeWait[4] = n, n, part, n
				s.Result.Series = series
				for _, live := range []bool{false, true} {
					x := newScreen(200, 50, Options{Live: live})
					x.Update(snapshotMsg{s, !live})
					x.want(t, "new conns", "TIME_WAIT")
				}
			}
		}
	}
}
