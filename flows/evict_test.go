package flows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// leavers counts what an Engine forgets.
type leavers struct {
	recorder
	gone []uint64
}

func (l *leavers) Evict(c *flows.Conn) { l.gone = append(l.gone, c.ID) }

// A flood of SYNs that nobody answers is not remembered for ever.
func TestUnansweredLeave(t *testing.T) {
	l := &leavers{}
	e := flows.NewEngine(flows.Options{Evict: true}, l)
	syn := flows.Segment{Flags: flows.SYN, DstPort: 80, WindowScale: flows.NoScale}
	send := func(port uint16, at int64) {
		syn.SrcPort, syn.Hash, syn.Time, syn.Seq = port, uint32(port), at*1e9, uint32(port)
		syn.Num++
		syn.Print = syn.Num << 32
		e.Segment(&syn)
		e.Sweep(e.Now())
	}
	for port := range uint16(1000) {
		send(port, int64(port))
		if port >= 40 && port%20 == 0 { // the first one tries again and again
			send(0, int64(port))
		}
	}
	kept := 0
	e.Each(func(c *flows.Conn) { kept++ })
	if kept > 100 || len(l.gone) != 1000-kept {
		t.Errorf("%d connections kept and %d forgotten, want 1000 in all and at most 100 kept", kept, len(l.gone))
	}
	for _, id := range l.gone {
		if id == 1 {
			t.Error("a connection whose SYN was sent again was forgotten")
		}
	}
}

// A connection of which only the client's side was captured is no SYN without
// an answer: it is one, however long it is silent.
func TestOneDirectionStays(t *testing.T) {
	l := &leavers{}
	e := flows.NewEngine(flows.Options{Evict: true}, l)
	for i, s := range []flows.Segment{
		{Flags: flows.SYN, Seq: 10},
		{Flags: flows.ACK, Seq: 11, Ack: 21, Time: 1e6},
		{Flags: flows.ACK, Seq: 11, Ack: 21, Time: 2e6, Len: 5, Payload: []byte("hello")},
		{Flags: flows.ACK, Seq: 16, Ack: 26, Time: 200e9, Len: 5, Payload: []byte("again")},
	} {
		s.SrcPort, s.DstPort, s.Hash, s.WindowScale = 40000, 80, 1, flows.NoScale
		s.Num = uint64(i + 1)
		s.Print = s.Num << 32
		e.Sweep(s.Time)
		e.Segment(&s)
	}
	if e.Len() != 1 || len(l.gone) != 0 {
		t.Errorf("got %d connections, %d of them forgotten, want one that is kept", e.Len(), len(l.gone))
	}
}

// teller writes down each call, with the time within the script.
type teller struct{ calls []string }

func (r *teller) add(c *flows.Conn, format string, args ...any) {
	r.calls = append(r.calls, fmt.Sprintf("%d %s", c.ID, fmt.Sprintf(format, args...)))
}
func (r *teller) Open(c *flows.Conn) { r.add(c, "open") }
func (r *teller) Data(c *flows.Conn, from flows.Side, d *flows.Data) {
	r.add(c, "%v data %s", from, d.Payload)
}
func (r *teller) Gap(c *flows.Conn, from flows.Side, n uint64) { r.add(c, "%v gap %d", from, n) }
func (r *teller) End(c *flows.Conn, from flows.Side, _ int64, num uint64) {
	r.add(c, "%v end %d", from, num)
}
func (r *teller) Evict(c *flows.Conn) { r.add(c, "evict") }

// What is told of a connection that ended, from its first packet until it is
// forgotten after its TIME_WAIT.
func TestSweep(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         []string // with the calls when TIME_WAIT and a second are over
	}{
		{"closed", closed, []string{"1 open", "1 initiator end 4", "1 responder end 5", "sweep", "1 evict"}},
		{"closed, and used again", closed + `
2.0 > S  70000:70000(0)
2.1 < S. 70000:70000(0) ack 70001
2.2 > .  70001:70001(0) ack 70001`,
			[]string{"1 open", "1 initiator end 4", "1 responder end 5", "2 open", "sweep", "1 evict"}},
		{"reset with payload behind a hole", opening + `
1.0 > P. 4:7(3) ack 1 "def"
1.1 < R  1:1(0)`,
			[]string{"1 open", "1 initiator gap 3", "1 initiator data def", "1 initiator end 5", "1 responder end 5", "sweep", "1 evict"}},
		{"used again while it was open", opening + `
2.0 > S  70000:70000(0)
2.1 < R. 0:0(0) ack 70001`,
			[]string{"1 open", "2 open", "1 initiator end 0", "1 responder end 0", "2 initiator end 5", "2 responder end 5", "sweep", "1 evict", "2 evict"}},
		{"refused, and used all the same", `
0.00 > S
0.01 < R.
1.00 > P. "abc"
1.01 < P. "def"
1.02 > .`,
			[]string{"1 open", "1 initiator end 2", "1 responder end 2", "1 initiator data abc", "1 responder data def", "sweep"}},
		{"open", opening, []string{"1 open", "sweep"}},
		{"a RST that may be disproved", opening + `
1.0 < R  9:9(0)`, []string{"1 open", "sweep"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var told teller
			e := flows.NewEngine(flows.Options{Evict: true}, &told)
			for _, s := range capturetest.Segments(t, tc.script) {
				e.Segment(&s)
				e.Sweep(e.Now())
			}
			e.Sweep(e.Now() + 58e9)
			told.calls = append(told.calls, "sweep")
			e.Sweep(e.Now() + 61e9)
			if diff := cmp.Diff(told.calls, tc.want); diff != "" {
				t.Errorf("got, then want\n%s", diff)
			}
			gone := 0
			for _, call := range told.calls {
				if strings.HasSuffix(call, "evict") {
					gone++
				}
			}
			if e.Kept() != e.Len()-gone {
				t.Errorf("got %d kept of %d, want %d forgotten", e.Kept(), e.Len(), gone)
			}
			var ids []uint64
			e.Drain(func(c *flows.Conn) { ids = append(ids, c.ID) })
			if len(ids) != e.Len()-gone || !slices.IsSorted(ids) || e.Kept() != 0 {
				t.Errorf("drained %v, and %d are left", ids, e.Kept())
			}
		})
	}
}

// A packet that comes after its connection was forgotten begins another one,
// which uses its memory again.
func TestAfterEviction(t *testing.T) {
	var told teller
	e := flows.NewEngine(flows.Options{Evict: true}, &told)
	segments := capturetest.Segments(t, closed+`
90.0 < F. 1:1(0) ack 2`)
	for _, s := range segments {
		e.Sweep(s.Time)
		e.Segment(&s)
	}
	want := []string{"1 open", "1 initiator end 4", "1 responder end 5", "1 evict", "2 open"}
	if diff := cmp.Diff(told.calls[:min(5, len(told.calls))], want); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
	e.Each(func(c *flows.Conn) {
		if c.ID != 2 || !c.Midstream() || c.Packets(flows.Initiator) != 1 {
			t.Errorf("got connection %d, midstream %v, %d packets, want 2, true, 1", c.ID, c.Midstream(), c.Packets(flows.Initiator))
		}
	})
	if e.Len() != 2 || e.Kept() != 1 {
		t.Errorf("got %d connections and %d kept, want 2 and 1", e.Len(), e.Kept())
	}
}
