package flows

import "testing"

// nobody is a Consumer that looks at nothing.
type nobody struct{}

func (nobody) Open(*Conn)                     {}
func (nobody) Data(*Conn, Side, *Data)        {}
func (nobody) Gap(*Conn, Side, uint64)        {}
func (nobody) End(*Conn, Side, int64, uint64) {}
func (nobody) Evict(*Conn)                    {}

// late plays short connections that end one after the other, and then packets
// that come late for some of them. It returns what is kept at the end, and how
// many connections were dormant before those packets.
func late(evict bool) (kept []Conn, dormant int) {
	e := NewEngine(Options{Evict: evict}, nobody{})
	now, num := int64(1e18), uint64(0)
	play := func(port uint16, from Side, flags Flags, seq, ack uint32) {
		now, num = now+1e6, num+1
		s := Segment{Time: now, Num: num, SrcIP: [16]byte{1}, DstIP: [16]byte{2}, SrcPort: port, DstPort: 80, Seq: seq, Ack: ack,
			Flags: flags, Window: 100, WindowScale: NoScale, TTL: 64, Hash: uint32(port), Print: num}
		if from == Responder {
			s.SrcIP, s.DstIP, s.SrcPort, s.DstPort = s.DstIP, s.SrcIP, s.DstPort, s.SrcPort
		}
		e.Segment(&s)
	}
	send := func(port uint16, flags Flags, seq, ack uint32) { play(port, Initiator, flags, seq, ack) }
	answer := func(port uint16, flags Flags, seq, ack uint32) { play(port, Responder, flags, seq, ack) }
	const ports = 3 * cooling
	for port := uint16(1000); port < 1000+ports; port++ {
		send(port, SYN, 10, 0)
		answer(port, SYN|ACK, 20, 11)
		send(port, ACK, 11, 21)
		send(port, FIN|ACK, 11, 21)
		answer(port, FIN|ACK, 21, 12)
		send(port, ACK, 12, 22)
	}
	dormant = e.slabs.dormant.Len()
	send(1000, RST, 12, 0)        // removes TIME_WAIT
	answer(1001, FIN|ACK, 21, 12) // is sent again
	send(1002, SYN, 70000, 0)     // begins the next life
	answer(1002, SYN|ACK, 90000, 70001)
	send(1002, ACK, 70001, 90001)
	for range 2 { // which ends by an RST
		answer(1002, RST, 90001, 0)
	}
	e.Sweep(e.Now())
	e.Finish()
	each := e.Each
	if evict {
		each = e.Drain
	}
	each(func(c *Conn) {
		c.facts &^= factOver | factCooling
		c.self, c.prev, c.next = 0, 0, 0
		kept = append(kept, *c)
	})
	return kept, dormant
}

// Whether connections become dormant changes nothing but memory.
func TestDormant(t *testing.T) {
	want, none := late(false)
	got, dormant := late(true)
	if none != 0 || dormant != 2*cooling {
		t.Errorf("got %d and %d dormant connections, want 0 and %d", none, dormant, 2*cooling)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d connections, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("connection %d: got %+v, want %+v", i+1, got[i], want[i])
		}
	}
}
