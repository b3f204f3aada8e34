package tui

import (
	"math"
	"slices"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

func TestCells(t *testing.T) {
	const day = int64(24 * 3600e9)
	for _, c := range []struct{ got, want string }{
		{countCell(1234), "1,234"}, {countCell(analyze.Unknown), "-"},
		{ratioCell(0.5), "50.0%"}, {ratioCell(math.NaN()), "-"},
		{durationCell(analyze.Unknown), "-"}, {durationCell(2e9), "2.000 s"},
		{seconds(0), "0.0 s"}, {seconds(9.94e9), "9.9 s"}, {seconds(10e9), "10 s"}, {seconds(3*3600e9 - 1), "10,799 s"}, {seconds(3 * 3600e9), "3 h"},
		{timeSpan(report.Zone{}, 0, 90e9), "00:00:00-00:01:30 UTC (90 s)"},
		{timeSpan(report.Zone{}, day-1e9, day+1e9), "1970-01-01 23:59:59-1970-01-02 00:00:01 UTC (2.0 s)"},
		{printable("a\nb\x1b[m\u202e"), "a\nb?[m?"}, {oneLine("a\nb\t"), "a?b?"},
		{cut("abcdef", 4, newStyle(false, true)), "abc~"}, {cut("abcd", 4, newStyle(false, false)), "abcd"}, {pad("ab", 4), "ab  "}, {pad("abc", 2), "abc"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestColumns joins steps where there are more of them than columns, and repeats them
// where there are fewer.
func TestColumns(t *testing.T) {
	sum := func(a, b int64) int64 { return a + b }
	for _, c := range []struct{ got, want []int64 }{
		{group([]int64{1, 2, 3, 4, 5}, 2, sum), []int64{3, 7, 5}},
		{group([]int64{1, 2}, 1, sum), []int64{1, 2}},
		{group(nil, 3, sum), nil},
		{widen([]int64{1, 2}, 3), []int64{1, 1, 1, 2, 2, 2}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	x := many(10)
	s := newScreen(80, 24, Options{})
	s.Update(snapshotMsg{x, true})
	for _, c := range []struct{ n, columns, steps, wide int }{{0, 30, 1, 1}, {10, 30, 1, 3}, {30, 30, 1, 1}, {31, 30, 2, 1}, {300, 30, 10, 1}} {
		x.Result.Series.Requests = make([]int64, c.n)
		if steps, wide := s.scale(c.columns); steps != c.steps || wide != c.wide {
			t.Errorf("%d steps in %d columns: got %d steps a column and %d columns a step, want %d and %d", c.n, c.columns, steps, wide, c.steps, c.wide)
		}
	}
}

// TestFastest tells rates, and how many there are in a column where a rate is next to
// nothing.
func TestFastest(t *testing.T) {
	for _, c := range []struct {
		n, seconds int64
		want       string
	}{
		{0, 1, "max 0/s"}, {14, 1, "max 14/s"}, {1, 10, "max 0.1/s"}, {1, 11, "max 1 in 11 s"},
		{3, 3 * 3600, "max 3 in 3 h"}, {15, 226 * 24 * 3600, "max 15 in 226 d"}, {0, 226 * 24 * 3600, "max 0/s"},
	} {
		if got := fastest(c.n, c.seconds); got != c.want {
			t.Errorf("%d in %d s: got %q, want %q", c.n, c.seconds, got, c.want)
		}
	}
}

// TestNamesGiveWay shows numbers beside long addresses, which keep their ends.
func TestNamesGiveWay(t *testing.T) {
	type row struct{ name string }
	x := &table[row]{
		sortBy: -1, rows: []int32{0}, count: func() int { return 1 }, item: func(int) *row { return &row{"2001:db8:1234::1 -> [2001:db8:ffff::2]:8443"} },
		columns: []column[row]{{head: "client -> server", text: func(r *row) string { return r.name }}, {head: "conns", right: true, text: func(*row) string { return "37" }}},
	}
	s := &style{dots: "..."}
	if got, want := ansi.Strip(x.draw(s, 40, 3)[1]), "> 2001:db8:1234::...:ffff::2]:8443    37"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, width := range []int{1, 20, 200} {
		x.draw(s, width, 3)
	}
}
