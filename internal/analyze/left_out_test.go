package analyze

import (
	"slices"
	"testing"
)

// TestLatest keeps the rows that were active last, and numbers them anew.
func TestLatest(t *testing.T) {
	for _, c := range []struct {
		active []int64
		limit  int
		want   numbers
	}{
		{[]int64{0}, 1, numbers{0}},
		{[]int64{0, 5, 3, 4}, 0, numbers{0, 1, 2, 3}},
		{[]int64{0, 5, 3, 4}, 3, numbers{0, 1, 2, 3}},
		{[]int64{0, 5, 3, 4}, 2, numbers{0, 1, 0, 2}},
		{[]int64{0, 7, 7, 7, 8}, 2, numbers{0, 1, 0, 0, 2}},
	} {
		if got := latest(c.active, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%v, at most %d: got %v, want %v", c.active, c.limit, got, c.want)
		}
	}
}

// TestRenumbered moves values to their new numbers.
func TestRenumbered(t *testing.T) {
	got := renumbered([]int{9, 10, 20, 30}, numbers{0, 0, 1, 2, 3})
	if want := []int{0, 20, 30}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := renumbered([]int{9, 10}, numbers{0, 0}); !slices.Equal(got, []int{0}) {
		t.Errorf("got %v, want the one of those left out alone", got)
	}
}

// TestThin keeps a few samples of all times, before and after it.
func TestThin(t *testing.T) {
	var s samples
	for i := range int64(100) {
		s.add(i)
	}
	if lost := s.thin(10); lost != 90 || len(s.values) != 10 || slices.Max(s.values) < 50 || slices.Min(s.values) >= 50 {
		t.Errorf("got %v and %d lost", s.values, lost)
	}
	for i := range int64(1000) {
		s.add(100 + i)
	}
	later := 0
	for _, v := range s.values {
		if v >= 100 {
			later++
		}
	}
	if len(s.values) != 10 || later < 7 {
		t.Errorf("got %v, want 10 of which most came later", s.values)
	}
}
