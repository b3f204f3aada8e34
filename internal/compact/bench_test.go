package compact

import (
	"runtime"
	"testing"
	"time"
)

// many is how many values the benchmarks keep: the connections that a capture
// point with many clients has in TIME_WAIT.
const many = 250_000

// connection is a value as kaanalyze keeps them: times and counters that go up,
// addresses and flags that stay, a port and sequence numbers that may be
// anything. 88 bytes.
type connection struct {
	start, end     int64
	id, stream     uint32
	server, client uint32
	port           [2]uint16
	flags          uint32
	seq            [2]uint32
	bytes, packets [2]uint32
	_              [6]uint32
}

// fill makes the connection with that number.
func fill(c *connection, i uint32) {
	*c = connection{
		start: 1.7e18 + int64(i)*40_000, id: i, stream: i, server: 1, client: i % 50,
		port: [2]uint16{uint16(32768 + i*7%28000), 443}, flags: 0x35, seq: [2]uint32{i * 2654435761, i * 40503 * 7919},
		bytes: [2]uint32{310, 1024 + i%3}, packets: [2]uint32{6, 5},
	}
	c.end = c.start + 3e6 + int64(i%1000)
}

// BenchmarkKeep shows what the containers save: 250,000 values are put in, each
// is looked at once in the order in which they came, and each is dropped. ns/op
// is of all of them, B/value the memory while all are kept, and GC-ns the time
// of a garbage collection then. A plain slice here is one that append grows.
func BenchmarkKeep(b *testing.B) {
	type container struct {
		put  func(*connection)
		look func(i uint32) *connection
		drop func(i uint32)
	}
	for _, x := range []struct {
		name string
		make func() container
	}{
		{"vault", func() container {
			var v Vault[connection]
			return container{func(c *connection) { v.Put(c) }, v.At, v.Drop}
		}},
		{"slab", func() container {
			var s Slab[connection]
			return container{func(c *connection) { _, x := s.Take(); *x = *c }, s.At, s.Give}
		}},
		{"list", func() container {
			var l List[connection]
			return container{func(c *connection) { l.Add(*c) }, func(i uint32) *connection { return l.At(i - 1) }, func(uint32) {}}
		}},
		{"queue", func() container {
			var q Queue[connection]
			return container{func(c *connection) { q.Push(*c) }, func(uint32) *connection { return q.First() }, func(uint32) { q.Pop() }}
		}},
		{"slice", func() container {
			var s []connection
			return container{func(c *connection) { s = append(s, *c) }, func(i uint32) *connection { return &s[i-1] }, func(uint32) {}}
		}},
		{"map of pointers", func() container {
			m := map[uint32]*connection{}
			return container{
				func(c *connection) { x := *c; m[uint32(len(m)+1)] = &x },
				func(i uint32) *connection { return m[i] },
				func(i uint32) { delete(m, i) },
			}
		}},
	} {
		b.Run(x.name, func(b *testing.B) {
			var kept, collected float64
			for b.Loop() {
				c := x.make()
				var v connection
				b.StopTimer()
				before := heap()
				b.StartTimer()
				for i := range uint32(many) {
					fill(&v, i+1)
					c.put(&v)
				}
				b.StopTimer()
				kept += float64(heap() - before)
				start := time.Now()
				runtime.GC()
				collected += float64(time.Since(start))
				b.StartTimer()
				for i := range uint32(many) {
					if c.look(i+1).id != i+1 {
						b.Fatalf("value %d: got %d", i+1, c.look(i+1).id)
					}
					c.drop(i + 1)
				}
			}
			b.ReportMetric(kept/float64(b.N)/many, "B/value")
			b.ReportMetric(collected/float64(b.N), "GC-ns")
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
