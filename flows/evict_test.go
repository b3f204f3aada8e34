package flows_test

import (
	"testing"

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
