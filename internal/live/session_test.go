package live_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// closing is a client that says close on n connections, four a second.
func closing(n int) string {
	var s strings.Builder
	for i := range n {
		at := float64(i) / 4
		fmt.Fprintf(&s, "conn %d\n%.3f > S 0:0(0)\n%.3f < S. 0:0(0) ack 1\n%.3f > . ack 1\n", 2000+i, at, at+.001, at+.002)
		fmt.Fprintf(&s, "%.3f > P. \"GET / HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n\"\n", at+.003)
		fmt.Fprintf(&s, "%.3f < P. \"HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n\"\n", at+.004)
		fmt.Fprintf(&s, "%.3f < F.\n%.3f > F.\n%.3f < .\n", at+.005, at+.006, at+.007)
	}
	return s.String()
}

// TestSession keeps few connections of many; the sums are those of all.
func TestSession(t *testing.T) {
	const n, keep = 4000, 500
	segs := capturetest.Segments(t, closing(n))
	s := live.NewSession(analyze.Options{}, keep, 0)
	most := 0
	for from := 0; from < len(segs); from += 200 {
		part := segs[from:min(from+200, len(segs))]
		s.Apply(part)
		if from%4000 == 0 {
			most = max(most, s.Peek().Snapshot(segs[0].Time, part[len(part)-1].Time).Len())
		}
	}
	x := s.Finish(segs[0].Time, segs[len(segs)-1].Time)
	if got := x.Result.Totals.Connections; got != n {
		t.Errorf("got %d connections, want %d", got, n)
	}
	if len(x.Diagnosis.Causes) != 1 || x.Diagnosis.Causes[0].Cause != cause.RequestConnectionClose || x.Diagnosis.Causes[0].Connections != n {
		t.Errorf("causes: got %+v, want %d times %v", x.Diagnosis.Causes, n, cause.RequestConnectionClose)
	}
	if kept := int64(x.Len()); kept+x.Left != n || kept < keep {
		t.Errorf("%d connections kept and %d not, want %d in all, at least %d kept", kept, x.Left, n, keep)
	}
	if bound := 2*keep + 70*4 + 200; most > bound {
		t.Errorf("up to %d connections kept, want at most %d", most, bound)
	}
	if len(x.Diagnosis.Findings) == 0 || x.Diagnosis.Findings[0].Rule.ID != "KA1001" || x.Diagnosis.Verdict.Level != rules.Problem {
		t.Errorf("verdict %+v, findings %+v; want a problem by KA1001", x.Diagnosis.Verdict, x.Diagnosis.Findings)
	}
}

// TestEarlier forgets no finding of connections that are not kept any more.
func TestEarlier(t *testing.T) {
	script := closing(400)
	for i := range 900 { // a good one, then
		at := 110 + float64(i)/4
		if i == 0 {
			script += fmt.Sprintf("conn 1\n%.3f > S 0:0(0)\n%.3f < S. 0:0(0) ack 1\n%.3f > . ack 1\n", at-.003, at-.002, at-.001)
		}
		script += fmt.Sprintf("%.3f > P. \"GET / HTTP/1.1\\r\\n\\r\\n\"\n%.3f < P. \"HTTP/1.1 204 No Content\\r\\n\\r\\n\"\n", at, at+.001)
	}
	// Others of another client push the first ones out.
	for i := range 400 {
		at := 340 + float64(i)/10
		script += fmt.Sprintf("conn %d\nclient 192.0.2.77\n%.3f > S 0:0(0)\n%.3f < R. 0:0(0) ack 1\n", 9000+i, at, at+.0005)
	}
	for i := range 100 { // until these are forgotten, too
		script += fmt.Sprintf("1: %d > P. \"GET / HTTP/1.1\\r\\n\\r\\n\"\n1: %d.001 < P. \"HTTP/1.1 204 No Content\\r\\n\\r\\n\"\n", 400+i, 400+i)
	}
	segs := capturetest.Segments(t, script)
	s := live.NewSession(analyze.Options{}, 100, 0)
	for from := 0; from < len(segs); from += 50 {
		s.Apply(segs[from:min(from+50, len(segs))])
	}
	x := s.Finish(segs[0].Time, segs[len(segs)-1].Time)
	found := false
	for _, f := range x.Diagnosis.Findings {
		found = found || f.Rule.ID == "KA1001" && strings.HasPrefix(f.Title, "earlier: ")
	}
	if !found {
		t.Errorf("findings %+v; want KA1001 as an earlier one", x.Diagnosis.Findings)
	}
}

// TestWhole finds the same in the snapshot of a finished analysis, which keeps
// connections packed, as in that of a session, which keeps them as they are.
func TestWhole(t *testing.T) {
	segs := capturetest.Segments(t, closing(20)+"conn 1\n25.0 > S 0:0(0)\n25.1 < S. 0:0(0) ack 1\n25.2 > . ack 1\n")
	first, last := segs[0].Time, segs[len(segs)-1].Time
	a := analyze.New(analyze.Options{Exchanges: true})
	a.Apply(segs)
	r := a.Finish(first, last)
	whole := live.Whole(r, rules.Run(r, 1))
	var ended []uint64
	s := live.NewSession(analyze.Options{OnConnection: func(c *analyze.Connection) { ended = append(ended, c.ID) }}, live.DefaultKeep, 0)
	s.Apply(segs)
	if c := s.Counts(last); c.Connections != 21 || c.Requests != 20 || c.Open != 1 || c.TimeWait != 20 {
		t.Errorf("got counts %+v, want 21 connections, 20 requests, 1 open, 20 in TIME_WAIT", c)
	}
	kept := s.Finish(first, last)
	if len(ended) != 21 {
		t.Errorf("got connections %v handed on, want 21", ended)
	}
	if whole.Len() != 21 || kept.Len() != 21 || whole.At != last || kept.At != last {
		t.Fatalf("got %d and %d connections at %d and %d, want 21 at %d", whole.Len(), kept.Len(), whole.At, kept.At, last)
	}
	for i := range kept.Len() {
		var want, got, scratch analyze.Connection
		whole.Connection(i, &want)
		kept.Connection(i, &got)
		if got.ID != want.ID || got.Client != want.Client || got.Requests != want.Requests || got.Close != want.Close {
			t.Errorf("connection %d: got %+v, want %+v", i, got, want)
		}
		if c := whole.ConnectionAt(i, &scratch); c != &scratch || c.ID != want.ID {
			t.Errorf("connection %d of the whole: got %p with ID %d, want the scratch with %d", i, c, c.ID, want.ID)
		}
		if c := kept.ConnectionAt(i, nil); c != &kept.Connections[i] {
			t.Errorf("connection %d of those kept: got a copy", i)
		}
	}
	if got := len(whole.Exchanges()); got != 20 {
		t.Errorf("got %d exchanges of the whole, want 20", got)
	}
	if got := kept.Exchanges(); got != nil {
		t.Errorf("got %d exchanges of a session, want none", len(got))
	}
	for _, x := range []*live.Snapshot{whole, kept} {
		var c analyze.Connection
		if !x.ByID(21, &c) || c.ID != 21 || x.ByID(0, &c) || x.ByID(22, &c) {
			t.Errorf("want connection 21 to be found, and neither 0 nor 22")
		}
		id, why, ok := x.Example()
		if !ok || why == "" || !x.ByID(id, &c) {
			t.Errorf("got example %d %q, %v; want one that is kept", id, why, ok)
		}
	}
	gone := *kept
	gone.Connections = nil
	if id, _, ok := gone.Example(); ok {
		t.Errorf("got example %d, which is not kept any more", id)
	}
}
