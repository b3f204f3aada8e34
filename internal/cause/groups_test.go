package cause

import (
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestGroups holds what rules see of two clients and two servers.
func TestGroups(t *testing.T) {
	const use = "0.000 $open\n0.002 > P. $last\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n"
	p := causetest.Run(t, "conn 40001..40003 every 1\nclient 192.0.2.1\nserver 198.51.100.1:80\n"+use+
		"conn 41001..41002 every 1\nclient 192.0.2.1\nserver 198.51.100.2:80\n"+use+
		"conn 42001\nclient 192.0.2.2\nserver 198.51.100.2:80\n0.000 $open\n0.002 > P. $get\n0.003 < .\n9.000 > . 27:27(0)\n")
	d := Collect(p.Result, 1).Finish(p.Result)
	if len(d.Servers()) != 2 || len(d.Pairs()) != 3 || len(d.Hosts()) != 2 {
		t.Fatalf("got %d servers, %d pairs and %d hosts, want 2, 3 and 2", len(d.Servers()), len(d.Pairs()), len(d.Hosts()))
	}
	for _, s := range d.Servers() {
		want := 0
		for _, pair := range s.Pairs {
			want += len(pair.Records)
			if d.Pair(pair.Num) != pair || pair.To != s {
				t.Errorf("%s: it is not found by its number, or not of %s", pair.Title(), s.Name)
			}
			for _, r := range pair.Records {
				if d.PairOf(r) != pair || d.Record(uint64(r.ID)) != r {
					t.Errorf("connection %d is not found, or not of %s", r.ID, pair.Title())
				}
			}
		}
		if s.Seen() != 3 || want != 3 || !slices.IsSortedFunc(s.Records, ByID) {
			t.Errorf("%s: got %d connections, and %d of its pairs, want 3 in order of ID", s.Name, s.Seen(), want)
		}
		if got := len(s.Having([]Cause{RequestConnectionClose, Leaked})); got != len(s.Records)-len(s.Having([]Cause{BusyAtEnd})) {
			t.Errorf("%s: got %d that said close", s.Name, got)
		}
		if got := s.Having([]Cause{StaleRace}); got != nil {
			t.Errorf("%s: got %d races, want none", s.Name, len(got))
		}
	}
	for _, h := range d.Hosts() {
		closed := Gather(h.Pairs, func(p *Pair) []*Record { return p.Having([]Cause{RequestConnectionClose}) })
		if want := map[string]int{"192.0.2.1": 5, "192.0.2.2": 0}[h.Addr.String()]; len(closed) != want || !slices.IsSortedFunc(closed, ByID) {
			t.Errorf("%s: got %d, want %d in order of ID", h.Addr, len(closed), want)
		}
	}

	sum := d.Summary()
	if sum.WithRequests != 6 || sum.WithMessages != 6 || sum.Midstream+sum.OneDirection+sum.Lossy+sum.Opaque != 0 {
		t.Errorf("got the summary %+v, want six with requests, and nothing amiss", *sum)
	}
	var kinds []AnomalyKind
	d.EachAnomaly(func(a *Anomaly) { kinds = append(kinds, a.Kind) }, AnomalyStarved, AnomalyCloseWait, AnomalyFINWait2, AnomalyLateClose, AnomalyPipelined)
	if !slices.Contains(kinds, AnomalyStarved) {
		t.Errorf("got the anomalies %v, want a request that was never answered", kinds)
	}
	for _, s := range d.Servers() {
		if got, want := d.Starved(s), map[string]int64{"198.51.100.2:80": 1}[s.Name]; got != want {
			t.Errorf("%s: got %d starved connections, want %d", s.Name, got, want)
		}
	}
}

// TestRecord holds what a record tells of its connection.
func TestRecord(t *testing.T) {
	at := func(change func(c *analyze.Connection, e *analyze.Evidence)) *Record {
		c := connection(change)
		is, k := judge(c, 100*second)
		r := newRecord(c, is, k, 100*second)
		return &r
	}
	fin := analyze.Mark{At: 12 * second, Packet: 12}
	busy := at(func(c *analyze.Connection, e *analyze.Evidence) { e.ServerFIN = fin })
	if !busy.ServerEndedBusy() || busy.CutShort() || busy.Open() || busy.RequestSent() != 11*second || busy.Measured() != second {
		t.Errorf("closed with a request under way: got %+v", busy)
	}
	cut := at(func(c *analyze.Connection, e *analyze.Evidence) {
		e.ClientFIN, e.ResponseBegun, e.FirstByteAt = fin, true, 11*second+5
	})
	if !cut.CutShort() || !cut.CutResponse() || cut.FirstByte() != 11*second+5 || cut.ServerEndedBusy() || cut.LeftEvents() {
		t.Errorf("closed in a response: got %+v", cut)
	}
	events := at(func(c *analyze.Connection, e *analyze.Evidence) {
		e.ClientFIN, e.ResponseBegun, e.FirstByteAt, e.EventStream = fin, true, 11*second, true
	})
	if !events.LeftEvents() || events.CutShort() {
		t.Errorf("closed in a stream of events: got %+v", events)
	}
	idle := at(func(c *analyze.Connection, e *analyze.Evidence) {
		e.ServerFIN, e.Outstanding, e.LastDone, c.Responses = fin, 0, 11*second, 2
	})
	if !idle.EndedIdle() || idle.age() != 12*second || idle.ConnectTime() != 1e6 || idle.Stream != NoStream {
		t.Errorf("closed while idle: got %+v", idle)
	}
	said := at(func(c *analyze.Connection, e *analyze.Evidence) {
		e.EndReason, e.EndMark, e.EndN, e.PreviousDone, e.LastStatus = analyze.EndedByResponseClose, analyze.Mark{At: 3 * second, Packet: 7}, 2, 2*second, 503
	})
	if said.Status() != 503 || said.Packet != 7 || said.persistenceEnd() != (persistenceEnd{3 * second, 2 * second}) {
		t.Errorf("a response said close: got %+v", said)
	}
}

// TestSentToClosed holds what becomes of data of another protocol than HTTP that met
// a close.
func TestSentToClosed(t *testing.T) {
	for want, change := range map[Cause]func(e *analyze.Evidence){
		UsedAfterClose: func(e *analyze.Evidence) { e.ClientSentAfterFIN = true },
		StaleRace:      func(e *analyze.Evidence) { e.ServerFINCrossedData = true },
		NotHTTP:        func(*analyze.Evidence) {},
	} {
		got := causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			c.Protocol, c.Requests, c.Responses, c.Close.ResetShape = analyze.Other, 0, 0, flows.ResetNoSocket
			e.ServerFIN, e.ServerRST = analyze.Mark{At: 12 * second, Packet: 12}, analyze.Mark{At: 13 * second, Packet: 13}
			change(e)
		})
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestLists holds which causes and kinds of policies there are.
func TestLists(t *testing.T) {
	if n := len(AllCauses()); n != int(causeCount)-1 {
		t.Errorf("got %d causes, want %d", n, causeCount-1)
	}
	for k := IdleTimeout; k < PolicyKinds; k++ {
		if k.Timed() != (k != MaxRequests && k != PoolSize && k != MaxConnections) || k.String() == "" {
			t.Errorf("%v: got timed %v", k, k.Timed())
		}
	}
}
