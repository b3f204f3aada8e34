package products

import (
	"strings"
	"testing"
	"time"
)

// TestAnnounced holds what Node makes of the timeout that a server announces.
func TestAnnounced(t *testing.T) {
	second := time.Second
	for _, tc := range []struct{ idle, announced, near time.Duration }{
		{3 * second, 2 * second, 0}, {6 * second, 5 * second, 0}, {3 * second, 2 * second, 40 * time.Millisecond},
	} {
		if got := MatchAnnounced(tc.idle+tc.near, tc.announced); len(got) != 1 || !strings.HasPrefix(got[0], "Node for an announced") {
			t.Errorf("a server with %v for %v: got %q", tc.idle, tc.announced, got)
		}
	}
	for _, announced := range []time.Duration{0, 2 * second, 5 * second} {
		if got := MatchAnnounced(2*second, announced); got != nil {
			t.Errorf("a server with 2 s for %v: got %q, want none", announced, got)
		}
	}
	for _, tc := range []struct {
		idle, announced time.Duration
		says            ID
		want            string
	}{
		{4 * second, 5 * second, Unknown, "Node http.Agent"},
		{3 * second, 5 * second, Node, "undici"},
		{3 * second, 5 * second, Go, ""},
		{5 * second, 5 * second, Node, ""},
		{time.Millisecond, second, Node, ""},
		{time.Millisecond, 2 * second, Node, ""},
		{4 * second, 0, Node, ""},
	} {
		got := strings.Join(MatchHeeded(tc.idle, tc.announced, tc.says), " ")
		if !strings.HasPrefix(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("a client %v with %v for %v: got %q, want %q", tc.says, tc.idle, tc.announced, got, tc.want)
		}
	}
}

// TestOfNode holds how the probes of Node's agent tell it from others.
func TestOfNode(t *testing.T) {
	five := MatchClient(5*time.Second, Unknown)
	if len(five) < 2 || len(OfNode(five)) != 1 || !strings.Contains(OfNode(five)[0], "Node") {
		t.Errorf("got %q of %q, want Node alone", OfNode(five), five)
	}
	if got := OfNode([]string{"x"}); len(got) != 1 {
		t.Errorf("got %q, want what there is", got)
	}
	if !NodeProbes(1010*time.Millisecond) || NodeProbes(15*time.Second) {
		t.Error("probes from 1 s on are Node's, from 15 s on they are not")
	}
}
