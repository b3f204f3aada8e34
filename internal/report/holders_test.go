package report

import (
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestHighest(t *testing.T) {
	const noon, ms = 1795176800_000000000, int64(1e6)
	s := &analyze.Series{Step: 1, Start: noon, NewConnections: make([]int64, 5)}
	got := highest([]growth{{noon + 500*ms, 1}, {noon + 600*ms, 1}, {noon + 700*ms, -1}, {noon + 2000*ms, -1}, {noon + 3100*ms, 1}, {noon + 99_000*ms, -1}}, s)
	if want := []int64{2, 1, 0, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
