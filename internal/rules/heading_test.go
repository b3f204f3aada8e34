package rules

import (
	"strings"
	"testing"
)

// TestHeadingFor holds that TIME_WAIT is said to be will hold more only while
// connections close.
func TestHeadingFor(t *testing.T) {
	for name, tc := range map[string]struct {
		after float64 // seconds from the last close to the end
		want  bool
	}{"closes go on": {0.9, true}, "the program has ended": {1.2, false}} {
		s := &scene{}
		s.add(1, 1, 300, 0, 0.01, closesAlways)
		s.add(9, 9, 1, 3+tc.after, 0, "0.000 > . 1:1(0) ack 1\n")
		got := strings.Contains(summary(s.judged(t)), "will hold")
		if got != tc.want {
			t.Errorf("%s: said to be will hold more: %v, want %v", name, got, tc.want)
		}
	}
}
