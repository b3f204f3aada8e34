package cause

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

var ruleID = regexp.MustCompile(`^KA\d{4}$`)

// TestScripts runs the scripts of testdata/rules. Each says what becomes of every
// connection. Judged one by one, as in a live capture, they come to the same.
func TestScripts(t *testing.T) {
	for _, s := range causetest.Scripts(t) {
		t.Run(s.Archive+"/"+s.Name, func(t *testing.T) {
			p := causetest.Run(t, s.Text)
			d := Collect(p.Result, 2).Finish(p.Result)
			said := map[uint64]bool{}
			for num, text := range p.Wants {
				for _, want := range strings.Fields(text) {
					if ruleID.MatchString(want) {
						continue
					}
					c, ok := p.ConnectionOf(num)
					if !ok {
						t.Fatalf("packet %d belongs to no connection", num)
					}
					said[c.ID] = true
					if got := d.Of(c.ID).Cause.String(); got != want {
						t.Errorf("packet %d: connection %d, port %d: got %s, want %s", num, c.ID, c.Client.Port(), got, want)
					}
				}
			}
			for _, r := range d.Records() {
				if !said[uint64(r.ID)] {
					t.Errorf("connection %d, port %d: got %v, want is not said", r.ID, r.Port, r.Cause)
				}
			}

			collector := NewCollector(1)
			streamed := collector.Finish(p.OneByOne(func(c *analyze.Connection, now int64) { collector.Add(c, now) }))
			if got, want := told(&streamed), told(&d); got != want {
				t.Errorf("judged one by one:\n%s\nwant as when judged together:\n%s", got, want)
			}
			if t.Failed() {
				t.Logf("in all:\n%s", told(&d))
			}
		})
	}
}

// told writes what decisions come to.
func told(d *Decisions) string {
	var b strings.Builder
	for _, r := range d.Records() {
		fmt.Fprintf(&b, "  %d %v by %q, %v: %s\n", r.ID, r.Cause, r.By, r.Confidence, r.Observed())
	}
	for _, p := range d.Policies {
		fmt.Fprintf(&b, "  %+v\n", p)
	}
	fmt.Fprintf(&b, "  %+v\n", d.Causes)
	return b.String()
}

// TestDecisions holds what is said of connections before and after the group was
// asked.
func TestDecisions(t *testing.T) {
	p := causetest.Run(t, `
conn 40001..40003 every 3
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.010 < F.
1.011 > F.
1.012 < .
conn 40004
0.000 $open
0.002 > P. $last
0.010 < P. $bye
0.011 < F.
0.012 > F.
0.013 < .`)
	d := Collect(p.Result, 1).Finish(p.Result)
	waited := d.Late()
	if len(waited) != 3 {
		t.Fatalf("got %v to wait for their group, want 3", waited)
	}
	for _, id := range waited {
		if early, is := d.Early(id).Cause, d.Of(id).Cause; early != Undecided || is != ServerIdleTimeout {
			t.Errorf("connection %d: got %v, then %v, want %v, then %v", id, early, is, Undecided, ServerIdleTimeout)
		}
	}
	alone := slices.IndexFunc(d.Records(), func(r *Record) bool { return r.Cause == RequestConnectionClose })
	id := uint64(d.Records()[alone].ID)
	if got := d.Early(id).Cause; got != RequestConnectionClose {
		t.Errorf("got %v, want it to be known early", got)
	}
	is := d.Of(id)
	if got, want := string(is.AppendObserved(nil)), `request 1 says \"Connection: close\"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := d.Of(99); got != (NotReused{}) {
		t.Errorf("got %+v of no connection", got)
	}
	server := d.Servers()[0]
	if got := d.Limit(IdleTimeout, server.ServerSummary); got != second {
		t.Errorf("got an idle timeout of %d ns, want %d", got, second)
	}
	if got := d.Limit(MaxRequests, server.ServerSummary); got != analyze.Unknown {
		t.Errorf("got a limit of %d requests, want none", got)
	}

	var past Past
	d.Remember(&past, waited)
	if want := (Total{ServerIdleTimeout, analyze.Server, 3}); len(past.Causes) != 1 || past.Causes[0] != want {
		t.Errorf("got %+v, want %+v", past.Causes, want)
	}
	before := d.Causes
	d.AddPast(&Past{Causes: []Total{{ServerIdleTimeout, analyze.Server, 7}, {Leaked, analyze.Client, 2}}})
	if want := []Total{{ServerIdleTimeout, analyze.Server, 10}, {Leaked, analyze.Client, 2}, {RequestConnectionClose, analyze.Client, 1}}; !slices.Equal(d.Causes, want) {
		t.Errorf("got %+v, want %+v", d.Causes, want)
	}
	if before[0].Connections != 3 {
		t.Errorf("the totals that others may hold were changed: %+v", before)
	}
}

// TestNoDecisions holds that what has judged nothing answers.
func TestNoDecisions(t *testing.T) {
	var d Decisions
	if d.Of(1) != (NotReused{}) || d.Early(1) != (NotReused{}) || d.Late() != nil {
		t.Errorf("got %v, %v and %v of nothing", d.Of(1), d.Early(1), d.Late())
	}
}

// TestKeptConnections holds that records are found by ID where some were left out.
func TestKeptConnections(t *testing.T) {
	p := causetest.Run(t, "conn 40001..40009 every 1\n0.000 $open\n0.002 > P. $get\n0.010 < P. $ok")
	d := NewCollector(1)
	r := p.OneByOne(func(c *analyze.Connection, now int64) {
		if c.ID%3 == 0 {
			d.Add(c, now)
		}
	})
	x := d.Finish(r)
	for id := uint64(1); id <= 9; id++ {
		found := x.Record(id)
		if (found != nil) != (id%3 == 0) || found != nil && uint64(found.ID) != id {
			t.Errorf("connection %d: got %+v", id, found)
		}
	}
}
