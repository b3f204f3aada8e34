package analyze

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// TestReusedAmongRequests holds each step of the series to have at least as many
// requests as were not the first on their connection, whatever the clock does.
func TestReusedAmongRequests(t *testing.T) {
	segs := capturetest.Segments(t, `
2.0 > P. 1:19(18) ack 1    "GET / HTTP/1.1\r\n\r\n"
1.0 > P. 19:37(18) ack 1   "GET / HTTP/1.1\r\n\r\n"
5.0 > P. 37:55(18) ack 1   "GET / HTTP/1.1\r\n\r\n"
`)
	a := New(Options{})
	a.Apply(segs)
	s := a.Finish(segs[1].Time, segs[2].Time).Series
	if diff := cmp.Diff([][]int64{s.Requests, s.Reused}, [][]int64{{0, 2, 0, 0, 1}, {0, 1, 0, 0, 1}}); diff != "" {
		t.Errorf("requests and those of them that were reused: got, then want\n%s", diff)
	}
}

// TestBesideWhenWide joins bins at the same places.
func TestBesideWhenWide(t *testing.T) {
	var all, part bins
	for i, s := range []int64{3, 7, 12, 250_000, 19, 2_500_000, 250_007, 12} {
		all.add(s * 1e9)
		if i > 0 {
			part.addBeside(&all)
		}
	}
	if part.start != all.start || part.width != all.width || all.width != 100 {
		t.Fatalf("got bins of %d s from %d, want those of %d s from %d", part.width, part.start, all.width, all.start)
	}
	for i, n := range part.n {
		if n > all.n[i] {
			t.Errorf("bin %d: got %d of %d", i, n, all.n[i])
		}
	}
	if got, want := all.sum()-part.sum(), int64(1); got != want {
		t.Errorf("got %d events beside, want %d", got, want)
	}
}
