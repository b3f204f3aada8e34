package flows_test

import (
	"runtime"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
)

// ignore is a Consumer that does nothing.
type ignore struct{}

func (ignore) Open(*flows.Conn)                           {}
func (ignore) Data(*flows.Conn, flows.Side, *flows.Data)  {}
func (ignore) Gap(*flows.Conn, flows.Side, uint64)        {}
func (ignore) End(*flows.Conn, flows.Side, int64, uint64) {}
func (ignore) Evict(*flows.Conn)                          {}

// player sends the segments of many connections through an Engine.
type player struct {
	e   *flows.Engine
	s   flows.Segment
	num uint64
	now int64
}

func newPlayer(opt flows.Options) *player {
	p := &player{e: flows.NewEngine(opt, ignore{}), now: 1e18}
	p.s = flows.Segment{SrcIP: [16]byte{1}, DstIP: [16]byte{2}, Window: 500, WindowScale: flows.NoScale, TTL: 64}
	return p
}

// send plays a segment of the connection with that number.
func (p *player) send(conn uint32, fromServer bool, flags flows.Flags, seq, ack, n uint32) {
	p.num++
	p.now += 10e3
	s := &p.s
	s.Time, s.Num, s.Flags, s.Seq, s.Ack, s.Len = p.now, p.num, flags, seq, ack, n
	s.SrcIP, s.DstIP = [16]byte{1, byte(conn >> 16)}, [16]byte{2}
	s.SrcPort, s.DstPort = uint16(conn), 80
	if fromServer {
		s.SrcIP, s.DstIP, s.SrcPort, s.DstPort = s.DstIP, s.SrcIP, s.DstPort, s.SrcPort
	}
	s.Hash, s.Print = conn*0x9e3779b1, p.num*0x9e3779b97f4a7c15
	p.e.Segment(s)
}

// BenchmarkKeepAlive is of a segment of 1000 connections that carry one exchange
// after the other.
func BenchmarkKeepAlive(b *testing.B) {
	const conns, exchange = 1000, 4
	p := newPlayer(flows.Options{})
	for c := range uint32(conns) {
		p.send(c, false, flows.SYN, 0, 0, 0)
		p.send(c, true, flows.SYN|flows.ACK, 0, 1, 0)
		p.send(c, false, flows.ACK, 1, 1, 0)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c, round := uint32(i/exchange%conns), uint32(i/exchange/conns)
		seq, ack := 1+round*100, 1+round*1000
		switch i % exchange {
		case 0:
			p.send(c, false, flows.ACK|flows.PSH, seq, ack, 100)
		case 1:
			p.send(c, true, flows.ACK, ack, seq+100, 0)
		case 2:
			p.send(c, true, flows.ACK|flows.PSH, ack, seq+100, 1000)
		case 3:
			p.send(c, false, flows.ACK, seq+100, ack+1000, 0)
		}
	}
}

// once is how many segments sendOnce sends.
const once = 10

// sendOnce plays segment i of a connection that carries one exchange.
func (p *player) sendOnce(c uint32, i int) {
	switch i {
	case 0:
		p.send(c, false, flows.SYN, 0, 0, 0)
	case 1:
		p.send(c, true, flows.SYN|flows.ACK, 0, 1, 0)
	case 2:
		p.send(c, false, flows.ACK, 1, 1, 0)
	case 3:
		p.send(c, false, flows.ACK|flows.PSH, 1, 1, 100)
	case 4:
		p.send(c, true, flows.ACK, 1, 101, 0)
	case 5:
		p.send(c, true, flows.ACK|flows.PSH, 1, 101, 1000)
	case 6:
		p.send(c, false, flows.ACK, 101, 1001, 0)
	case 7:
		p.send(c, false, flows.ACK|flows.FIN, 101, 1001, 0)
	case 8:
		p.send(c, true, flows.ACK|flows.FIN, 1001, 102, 0)
	case 9:
		p.send(c, false, flows.ACK, 102, 1002, 0)
	}
}

// BenchmarkChurn is of a segment of connections that carry one exchange each,
// and are forgotten after their TIME_WAIT.
func BenchmarkChurn(b *testing.B) {
	p := newPlayer(flows.Options{Evict: true})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.sendOnce(uint32(i/once), i%once)
		if i%1000 == 0 {
			p.e.Sweep(p.e.Now())
		}
	}
}

// BenchmarkTimeWait is of 250,000 connections that have ended and are kept for
// their TIME_WAIT: the time of all their segments, and the memory of each. With
// eviction they are packed.
func BenchmarkTimeWait(b *testing.B) {
	const conns = 250_000
	for _, x := range []struct {
		name  string
		evict bool
	}{{"packed", true}, {"not packed", false}} {
		b.Run(x.name, func(b *testing.B) {
			var kept float64
			for b.Loop() {
				b.StopTimer()
				before := heap()
				b.StartTimer()
				p := newPlayer(flows.Options{Evict: x.evict})
				for i := range conns * once {
					p.sendOnce(uint32(i/once), i%once)
				}
				b.StopTimer()
				kept += float64(heap() - before)
				if p.e.Kept() != conns {
					b.Fatalf("got %d connections, want %d", p.e.Kept(), conns)
				}
				b.StartTimer()
			}
			b.ReportMetric(kept/float64(b.N)/conns, "B/connection")
		})
	}
}

// heap returns the memory in use after a garbage collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
