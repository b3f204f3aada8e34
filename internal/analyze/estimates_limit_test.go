package analyze_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// manyPairs is traffic of that many clients over TLS, one after the other: each opens two
// connections of which one would do, the first few come back at the end.
func manyPairs(clients int) string {
	var s strings.Builder
	for i := range clients + 3 {
		client, at := i%clients, 100*i
		for n := range 2 {
			fmt.Fprintf(&s, "conn %d\nclient 10.1.0.%d\nserver 10.0.0.2:443\n", 41000+2*i+n, 1+client)
			fmt.Fprintf(&s, "%d.0 $tls\n%d.1 > P. $request\n%d.2 < P. $response\n%d.3 > P. $request\n%d.4 < P. $response\n", at, at, at, at, at)
			for range client % 3 {
				fmt.Fprintf(&s, "%d.5 > P. $request\n%d.6 < P. $response\n", at, at)
			}
			fmt.Fprintf(&s, "%d.8 > P. $notify\n%d.8 > F.\n%d.801 < F.\n%d.802 > .\n", at, at, at, at)
			at += 2
		}
	}
	return s.String()
}

// TestEstimatesKeepToTheirPair has more pairs than there may be, so that rows are left out and
// numbered anew again and again. What is estimated of the rows that stay is what it is where
// none is left out, and so are the totals but for the pool need, which is then a bound.
func TestEstimatesKeepToTheirPair(t *testing.T) {
	p := causetest.Run(t, manyPairs(60))
	run := func(limits analyze.Limits) (r *analyze.Result, renumbered int) {
		a := analyze.New(analyze.Options{
			Fold: true, Limits: limits, OnConnection: func(*analyze.Connection) {},
			OnRenumber: func(_, _ func(uint32) uint32) { renumbered++ },
		})
		for i := range p.Segments {
			a.Apply(p.Segments[i : i+1])
			if i%97 == 0 {
				a.FoldEarly()
			}
		}
		return a.Finish(p.Segments[0].Time, p.Segments[len(p.Segments)-1].Time), renumbered
	}
	all, _ := run(analyze.Limits{})
	few, renumbered := run(analyze.Limits{Pairs: 4, Servers: 4, Hosts: 4})
	want, got := all.Totals.Estimated, few.Totals.Estimated
	if renumbered < 3 || len(few.Pairs) != 4 || want.Connections != 126 || want.AvoidableConnections != 66 || want.AvoidableHandshake == 0 {
		t.Fatalf("numbered anew %d times, %d pairs are left of %d; %+v", renumbered, len(few.Pairs), len(all.Pairs), want)
	}
	if got.PoolNeed+got.AvoidableConnections != want.PoolNeed+want.AvoidableConnections || got.PoolNeed < want.PoolNeed {
		t.Errorf("got %+v, want as many connections as %+v", got, want)
	}
	if !slices.Contains(few.AtMost, "pool_need_estimated") || !slices.Contains(few.AtLeast, "avoidable_connections_estimated") || len(all.AtMost) > 0 {
		t.Errorf("at most %v, at least %v", few.AtMost, few.AtLeast)
	}
	got.PoolNeed, got.AvoidableConnections = want.PoolNeed, want.AvoidableConnections
	want.AvoidableHandshake -= 3 * (want.AvoidableHandshake / want.AvoidableConnections) // of those who came back, whose rows are new
	if diff := cmp.Diff(want, got, sameResult); diff != "" {
		t.Errorf("with all rows (-) and with few (+):\n%s", diff)
	}
	for _, x := range few.Pairs {
		i := slices.IndexFunc(all.Pairs, func(y analyze.Pair) bool { return y.Client == x.Client })
		y := all.Pairs[i]
		if x.Estimated.Connections < y.Estimated.Connections { // it came back: what it had is left out
			continue
		}
		y.Num = x.Num
		if diff := cmp.Diff(y, x, sameResult); diff != "" {
			t.Errorf("with all rows (-) and with few (+):\n%s", diff)
		}
	}
}
