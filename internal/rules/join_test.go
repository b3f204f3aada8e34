package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyClients tells clients of one server that do the same together.
func TestManyClients(t *testing.T) {
	clients := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "conn %d..%d every 0.1\nclient 192.0.2.%d\n0.000 $open\n0.002 > P. $last\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n",
				40000+10*i, 40003+10*i+i%2, 10+i)
		}
		return s.String()
	}
	if got := play(t, clients(3)).Findings; len(got) != 3 {
		t.Errorf("3 clients: got %d findings, want one each", len(got))
	}
	got := play(t, clients(6)).Findings
	if len(got) != 1 {
		t.Fatalf("6 clients: got %d findings, want one", len(got))
	}
	f := got[0]
	if f.Subject != "198.51.100.1:80" || f.Connections != 27 || f.Saves.Connections != 21 || len(f.Examples) != 3 || !strings.HasPrefix(f.Title, "6 clients of 198.51.100.1:80 do the same") {
		t.Errorf("got %+v; want 27 connections of 6 clients, 21 of them avoidable", f)
	}
	if f.Examples[0].Connection == f.Examples[1].Connection {
		t.Error("two examples are the same connection")
	}
}
