package rules

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestSavingsOnce holds that what the findings spare is no more, all together, than the
// connections that a perfect pool would not have opened.
func TestSavingsOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawTrouble(t)
		d := s.judged(t)
		sum, avoidable := int64(0), int64(0)
		for i := range d.Findings {
			sum += d.Findings[i].Saves.Connections
		}
		for _, p := range d.Pairs() {
			avoidable += max(0, p.AvoidableConnections)
		}
		if sum > avoidable {
			t.Errorf("the findings spare %d connections of %d that are avoidable:\n%s", sum, avoidable, summary(d))
		}
	})
}

// TestSavingsOfPiles holds it where a pile of TIME_WAIT is told beside what makes it.
func TestSavingsOfPiles(t *testing.T) {
	s := &scene{}
	s.add(1, 1, pile+200, 0, 0.001, closesAlways)
	d := s.judged(t)
	if len(d.Findings) != 2 || d.Findings[0].Saves.Connections+d.Findings[1].Saves.Connections > pile+200 {
		t.Errorf("got %s", fmt.Sprint(d.Findings))
	}
}
