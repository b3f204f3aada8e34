package flows

import "testing"

// unheardSYNs plays SYNs of many clients, some of which are sent again, and then packets
// for some of them. It returns what is kept at the end, and how many connections were
// packed before and after those packets.
func unheardSYNs(evict bool) (kept []Conn, before, after int) {
	e := NewEngine(Options{Evict: evict}, nil)
	now, num := int64(1e18), uint64(0)
	play := func(wait int64, port uint16, from Side, flags Flags, seq, ack uint32) {
		now, num = now+wait, num+1
		s := Segment{Time: now, Num: num, SrcIP: [16]byte{1}, DstIP: [16]byte{2}, SrcPort: port, DstPort: 80, Seq: seq, Ack: ack,
			Flags: flags, Window: 100, WindowScale: 7, TTL: 64, Hash: uint32(port / 2), Print: num}
		if from == Responder {
			s.SrcIP, s.DstIP, s.SrcPort, s.DstPort = s.DstIP, s.SrcIP, s.DstPort, s.SrcPort
		}
		e.Segment(&s)
		e.Sweep(now)
	}
	const ports = 1000
	for again := range uint32(3) {
		for port := range uint16(ports) {
			if uint32(port)%5 >= again {
				play(1e6, port, Initiator, SYN, 10*uint32(port), 0)
			}
		}
		play(2*synPackAfter, 1<<15, Responder, ACK, 1, 1) // of another connection
	}
	before = e.store.syns.Len()
	for port := range uint16(20) {
		seq := 10 * uint32(port)
		switch port % 5 {
		case 0: // it is opened
			play(1e6, port, Responder, SYN|ACK, 20, seq+1)
			play(1e6, port, Initiator, ACK, seq+1, 21)
		case 1: // refused
			play(1e6, port, Responder, RST|ACK, 0, seq+1)
		case 2: // given up for another one
			play(1e6, port, Initiator, SYN, seq+1000, 0)
		case 3: // asked once more
			play(1e6, port, Initiator, SYN, seq, 0)
		case 4: // cut off
			play(1e6, port, Initiator, RST, seq+1, 0)
		}
	}
	play(2*synPackAfter, 1<<15, Responder, ACK, 1, 1)
	after = e.store.syns.Len()
	unfinished, unordered := 0, 0
	e.EachUnfinished(func(c *Conn) {
		if !c.Midstream() {
			unfinished++
		}
	})
	e.EachUnordered(func(*Conn) { unordered++ })
	if evict && (unfinished < ports-12 || unordered != e.Kept()) {
		panic("some are not told of")
	}
	e.Finish()
	each := e.Each
	if evict {
		each = e.Drain
	}
	each(func(c *Conn) {
		c.facts &^= factEvictLater | factPackLater
		c.self, c.prev, c.next = 0, 0, 0
		kept = append(kept, *c)
	})
	return kept, before, after
}

// That SYNs without an answer are packed changes nothing but memory.
func TestPackedSYNs(t *testing.T) {
	want, none, _ := unheardSYNs(false)
	got, before, after := unheardSYNs(true)
	// 20 of the 1,000 went on: of five each two opened, refused or were cut off, one begins
	// another life, and one waits as before.
	if none != 0 || before != 1000 || after != 1000-16 {
		t.Errorf("got %d, %d and %d packed connections, want 0, 1000 and %d", none, before, after, 1000-16)
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

// Those that nobody answers are forgotten in time, packed or not.
func TestPackedSYNsLeave(t *testing.T) {
	e := NewEngine(Options{Evict: true}, nil)
	for i := range int64(3 * unpackedSYNs) {
		s := Segment{Time: 1e18 + i, Num: uint64(i + 1), SrcIP: [16]byte{1, byte(i >> 16)}, DstIP: [16]byte{2}, SrcPort: uint16(i), DstPort: 80,
			Seq: uint32(i), Flags: SYN, WindowScale: NoScale, Hash: uint32(i), Print: uint64(i)}
		e.Segment(&s)
		e.Sweep(s.Time)
	}
	if n := e.store.syns.Len(); n != 2*unpackedSYNs {
		t.Errorf("%d are packed, want %d", n, 2*unpackedSYNs)
	}
	if s := e.Shed(100, 0, nil); s.HalfOpen != 100 || e.Kept() != 3*unpackedSYNs-100 {
		t.Errorf("%+v shed, %d kept", s, e.Kept())
	}
	e.Sweep(1e18 + 2*synWait)
	if e.Kept() != 0 || e.store.syns.Len() != 0 || e.table.used != 0 {
		t.Errorf("%d are kept, %d packed, %d in the table", e.Kept(), e.store.syns.Len(), e.table.used)
	}
}
