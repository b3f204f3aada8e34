package analyze

import (
	"slices"
	"testing"
)

// TestBinsWiden counts an event per second for longer than there are bins.
func TestBinsWiden(t *testing.T) {
	const start, seconds = 1_700_000_000e9, 2 * maxBins
	var b bins
	var peaks peakBins
	b.add(start - 10e9) // the first event sets the beginning
	for i := range int64(seconds) {
		at := start + i*1e9
		b.add(at)
		peaks.begin(at)
		if i%10 != 9 { // the tenth of each ten stays open for as long
			peaks.end(at + 5e8)
		}
	}
	b.add(start - 60e9) // an earlier one is counted in the first bin
	if b.width != 10 || int64(len(b.n)) != seconds/10+1 || b.sum() != seconds+2 {
		t.Errorf("got %d bins of %d s with %d events, want %d of 10 s with %d", len(b.n), b.width, b.sum(), seconds/10+1, seconds+2)
	}
	steps := b.steps(start, seconds/2, 2)
	if want := []int64{seconds/2 + 2, seconds / 2}; !slices.Equal(steps, want) {
		t.Errorf("got steps %v, want %v", steps, want)
	}
	if peaks.width != 10 || peaks.open != seconds/10 {
		t.Errorf("got bins of %d s and %d open, want 10 s and %d", peaks.width, peaks.open, seconds/10)
	}
	if got := peaks.steps(start, seconds/2, 2); got[1] != seconds/10 || got[0] != seconds/20 {
		t.Errorf("got peaks %v, want %d and %d", got, seconds/20, seconds/10)
	}
}

func TestStepFor(t *testing.T) {
	for _, tc := range []struct{ seconds, want int64 }{
		{0, 1}, {599, 1}, {600, 2}, {1200, 5}, {3000, 10}, {86400, 200}, {1 << 33, 20_000_000},
	} {
		if got := stepFor(tc.seconds * 1e9); got != tc.want {
			t.Errorf("%d s: got steps of %d s, want %d", tc.seconds, got, tc.want)
		}
	}
}
