package analyze

import (
	"math"
	"sync"

	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// foldedTotals are what TIME_WAIT entries, ports and spared connections come to,
// in order of time up to a moment. What is folded need not be kept any more.
type foldedTotals struct {
	until int64 // what happened before is folded
	last  int64 // when the capture ends

	all, withoutSpared level   // TIME_WAIT entries: all, and those of connections that a perfect pool would make
	hosts              []level // of them, by the host that holds them
	servers            []level // those that a server itself holds, by server
	ports              []level // client ports, by pair
	curve              peakBins
	made               []int64 // connections with requests, by pair
	spared             idSet   // connections that a perfect pool would not have made, of the last fold
	sparedHandshakes   []int64 // of spared connections, in ns, by pair
}

// fold counts what happened until then, and forgets it. Entries that come later
// than a fold that they belong to are cut at it.
func (s *totals) fold(until int64) {
	t := &s.folded
	until = max(until, t.until)
	t.hosts = grown(t.hosts, len(s.held))
	t.servers = grown(t.servers, s.pools.servers.Len())
	t.ports = grown(t.ports, s.pools.pairs.Len())
	t.made = grown(t.made, s.pools.pairs.Len())
	t.sparedHandshakes = grown(t.sparedHandshakes, s.pools.pairs.Len())
	s.foldReusable()
	s.foldEstimates(until)
	s.half.fold(t.until, until, t.last)
	var jobs sync.WaitGroup
	if !s.portUses.Packed() {
		jobs.Go(func() { s.foldPorts(until) })
		s.foldTimeWaits(until)
	} else { // to unpack both at once would take twice the memory
		s.foldTimeWaits(until)
		s.foldPorts(until)
	}
	jobs.Wait()
	t.until = until
}

// grown returns x with room for n values.
func grown[T any](x []T, n int) []T {
	if n > len(x) {
		x = append(x, make([]T, n-len(x))...)
	}
	return x
}

// foldReusable counts the connections that a perfect pool would have made, and
// notes the IDs of the others.
func (s *totals) foldReusable() {
	t := &s.folded
	t.spared = idSet{}
	s.reusable.Unpack()
	s.reusable.Sort(func(x, y *reusable) bool { return x.id < y.id })
	for i := range uint32(s.reusable.Len()) {
		c := s.reusable.At(i)
		if c.pair == 0 {
			continue // its pair was left out
		}
		if t.made[c.pair]++; t.made[c.pair] > s.pools.pairs.At(c.pair).need() {
			t.sparedHandshakes[c.pair] += c.handshake
			t.spared.add(uint64(c.id))
		}
	}
	s.reusable.Cut(0)
}

// foldTimeWaits counts TIME_WAIT entries, also without those of spared connections.
func (s *totals) foldTimeWaits(until int64) {
	t := &s.folded
	s.timeWaits.Unpack()
	n := 0
	for i := range uint32(s.timeWaits.Len()) {
		if e := s.timeWaits.At(i); !e.begun && e.from <= until || e.to <= until {
			n++
		}
	}
	line := newTimeline(n)
	for i := range uint32(s.timeWaits.Len()) {
		e := s.timeWaits.At(i)
		if !e.begun {
			e.spared = e.spared || t.spared.has(uint64(e.id))
		}
		line.add(i, max(e.from, t.until), e.to, until, &e.begun)
	}
	line.sort()
	line.sweep(func(i uint32, at int64) {
		e := s.timeWaits.At(i)
		t.all.begin(at, t.last)
		t.curve.begin(at)
		t.hosts[e.host].begin(at, t.last)
		if e.byServer {
			t.servers[e.server].begin(at, t.last)
		}
		if !e.spared {
			t.withoutSpared.begin(at, t.last)
		}
	}, func(i uint32, at int64) {
		e := s.timeWaits.At(i)
		t.all.end(at, t.last)
		t.curve.end(at)
		t.hosts[e.host].end(at, t.last)
		if e.byServer {
			t.servers[e.server].end(at, t.last)
		}
		if !e.spared {
			t.withoutSpared.end(at, t.last)
		}
	})
	s.timeWaits.Remove(func(e *timeWait) bool { return e.to <= until })
}

// foldPorts counts the client's ports. A port that was taken for an instant
// counts as taken for a time.
func (s *totals) foldPorts(until int64) {
	s.portUses.Unpack()
	sweepUses(&s.portUses, s.folded.ports, s.folded.until, until, s.folded.last)
}

// sweepUses counts uses from one time until another, by pair, and removes those that have
// ended; last is when the capture ends.
func sweepUses(uses *compact.List[portUse], levels []level, since, until, last int64) {
	n := 0
	for i := range uint32(uses.Len()) {
		if u := uses.At(i); !u.begun && u.from <= until || u.to <= until {
			n++
		}
	}
	line := newTimeline(n)
	for i := range uint32(uses.Len()) {
		u := uses.At(i)
		u.to = max(u.to, u.from+1)
		line.add(i, max(u.from, since), u.to, until, &u.begun)
	}
	line.sort()
	line.sweep(func(i uint32, at int64) {
		levels[uses.At(i).pair].begin(at, last)
	}, func(i uint32, at int64) {
		levels[uses.At(i).pair].end(at, last)
	})
	uses.Remove(func(u *portUse) bool { return u.to <= until && u.to != math.MaxInt64 })
}
