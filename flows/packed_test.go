package flows

import (
	"math/rand/v2"
	"testing"
)

// late plays short connections that end one after the other, and then packets
// that come late for some of them. It returns what is kept at the end, and how
// many connections were packed before those packets.
func late(evict bool) (kept []Conn, packed int) {
	e := NewEngine(Options{Evict: evict}, nil)
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
	const ports = 3 * unpackedConns
	for port := uint16(1000); port < 1000+ports; port++ {
		send(port, SYN, 10, 0)
		answer(port, SYN|ACK, 20, 11)
		send(port, ACK, 11, 21)
		send(port, FIN|ACK, 11, 21)
		answer(port, FIN|ACK, 21, 12)
		send(port, ACK, 12, 22)
	}
	packed = e.store.packed.Len()
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
		c.facts &^= factEvictLater | factPackLater
		c.self, c.prev, c.next = 0, 0, 0
		kept = append(kept, *c)
	})
	return kept, packed
}

// Whether connections are packed changes nothing but memory.
func TestPacked(t *testing.T) {
	want, none := late(false)
	got, packed := late(true)
	if none != 0 || packed != 2*unpackedConns {
		t.Errorf("got %d and %d packed connections, want 0 and %d", none, packed, 2*unpackedConns)
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

// random plays packets of many connections in any order, most of them as they
// come in real life. It returns what is kept, and how many were packed at most.
func random(evict bool, seed uint64) (kept []Conn, packed int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	e := NewEngine(Options{Evict: evict}, nil)
	type life struct{ step, seq, ack uint32 }
	lives := make([]life, 4*unpackedConns)
	now := int64(1e18)
	for num := uint64(1); num <= 40_000; num++ {
		now += rnd.Int64N(1e6)
		i := rnd.IntN(len(lives))
		l := &lives[i]
		if l.step == 0 {
			l.seq, l.ack = rnd.Uint32(), rnd.Uint32()
		}
		s := Segment{Time: now, Num: num, SrcIP: [16]byte{1}, DstIP: [16]byte{2}, SrcPort: uint16(1000 + i), DstPort: 80,
			Window: uint16(rnd.IntN(3) * 100), WindowScale: NoScale, TTL: 64, Hash: uint32(i / 2), Print: num, Seq: l.seq, Ack: l.ack}
		fromServer := false
		switch step := l.step; {
		case step > 3 && rnd.IntN(6) == 0: // late, lost or of a new life
			s.Flags = []Flags{RST, ACK, FIN | ACK, SYN, RST | ACK}[rnd.IntN(5)]
			s.Seq += uint32(rnd.IntN(3)) * 70_000
			fromServer = rnd.IntN(2) == 0
		case step%6 == 0:
			s.Flags, s.Ack = SYN, 0
		case step%6 == 1:
			s.Flags, fromServer = SYN|ACK, true
			l.seq++
		case step%6 == 2:
			s.Flags = ACK
			l.ack++
			s.Ack++
		case step%6 == 3:
			s.Flags = FIN | ACK
			l.seq++
		case step%6 == 4:
			s.Flags, fromServer = FIN|ACK, true
		case step%6 == 5:
			s.Flags = ACK
			l.ack++
			s.Ack++
			if rnd.IntN(4) != 0 { // else the next life begins
				l.step--
			}
		}
		l.step++
		if fromServer {
			s.SrcIP, s.DstIP, s.SrcPort, s.DstPort, s.Seq, s.Ack = s.DstIP, s.SrcIP, s.DstPort, s.SrcPort, s.Ack, l.seq
		}
		e.Segment(&s)
		packed = max(packed, e.store.packed.Len())
	}
	e.Finish()
	e.Each(func(c *Conn) {
		c.facts &^= factEvictLater | factPackLater
		c.self, c.prev, c.next = 0, 0, 0
		kept = append(kept, *c)
	})
	return kept, packed
}

// As [TestPacked], with packets of any kind at any time.
func TestPackedRandom(t *testing.T) {
	for seed := range uint64(10) {
		want, _ := random(false, seed)
		got, packed := random(true, seed)
		if packed < unpackedConns {
			t.Errorf("seed %d: got %d packed connections, too few to show anything", seed, packed)
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: got %d connections, want %d", seed, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("seed %d, connection %d: got %+v, want %+v", seed, i+1, got[i], want[i])
			}
		}
	}
}
