package analyze

import (
	"math"
	"sync"
)

// tally is what TIME_WAIT entries, ports and spared connections come to, in
// order of time up to a moment. What is counted in it need not be kept.
type tally struct {
	until int64 // what happened before is counted
	last  int64 // when the capture ends

	all, kept  level   // TIME_WAIT entries; kept without those of spared connections
	hosts      []level // by the host that holds them
	own        []level // of a server itself, by server
	ports      []level // of the client, by pair
	shape      peakBins
	made       []int64 // connections with requests, by pair
	handshakes []int64 // of spared ones, in ns, by pair
}

// fold counts what happened until then, and forgets it. Entries that come later
// than a fold that they belong to are cut at it.
func (b *books) fold(until int64) {
	t := &b.sums
	t.hosts = grown(t.hosts, len(b.addrs))
	t.own = grown(t.own, len(b.pools.servers))
	t.ports = grown(t.ports, len(b.pools.pairs))
	t.made = grown(t.made, len(b.pools.pairs))
	t.handshakes = grown(t.handshakes, len(b.pools.pairs))
	spared := b.spare()
	var jobs sync.WaitGroup
	if !b.uses.Packed() {
		jobs.Go(func() { b.foldPorts(until) })
		b.foldTimeWaits(until, &spared)
	} else { // to load both at once would take twice the memory
		b.foldTimeWaits(until, &spared)
		b.foldPorts(until)
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

// spare counts the connections that a perfect pool would have made, and returns
// the others.
func (b *books) spare() (ids idSet) {
	t := &b.sums
	b.reusable.Unpack()
	b.reusable.Sort(func(x, y *saved) bool { return x.id < y.id })
	for i := range uint32(b.reusable.Len()) {
		s := b.reusable.At(i)
		if t.made[s.pair]++; t.made[s.pair] > b.pools.pairs[s.pair].need() {
			t.handshakes[s.pair] += s.handshake
			ids.add(uint64(s.id))
		}
	}
	b.reusable.Cut(0)
	return ids
}

// foldTimeWaits counts TIME_WAIT entries; spared are the connections that a
// perfect pool would not have made.
func (b *books) foldTimeWaits(until int64, spared *idSet) {
	t := &b.sums
	b.spans.Unpack()
	line := newTimeline(b.spans.Len())
	for i := range uint32(b.spans.Len()) {
		s := b.spans.At(i)
		if !s.begun {
			s.spared = s.spared || spared.has(uint64(s.id))
		}
		line.add(i, max(s.from, t.until), s.to, until, &s.begun)
	}
	line.sort()
	line.sweep(func(i uint32, at int64) {
		s := b.spans.At(i)
		t.all.begin(at, t.last)
		t.shape.begin(at)
		t.hosts[s.host].begin(at, t.last)
		if s.own {
			t.own[b.pools.pairs[s.pair].server].begin(at, t.last)
		}
		if !s.spared {
			t.kept.begin(at, t.last)
		}
	}, func(i uint32, at int64) {
		s := b.spans.At(i)
		t.all.end(at, t.last)
		t.shape.end(at)
		t.hosts[s.host].end(at, t.last)
		if s.own {
			t.own[b.pools.pairs[s.pair].server].end(at, t.last)
		}
		if !s.spared {
			t.kept.end(at, t.last)
		}
	})
	b.spans.Remove(func(s *entry) bool { return s.to <= until })
}

// foldPorts counts the client's ports. An instant counts as a time.
func (b *books) foldPorts(until int64) {
	t := &b.sums
	b.uses.Unpack()
	line := newTimeline(b.uses.Len())
	for i := range uint32(b.uses.Len()) {
		u := b.uses.At(i)
		u.to = max(u.to, u.from+1)
		line.add(i, max(u.from, t.until), u.to, until, &u.begun)
	}
	line.sort()
	line.sweep(func(i uint32, at int64) {
		t.ports[b.uses.At(i).pair].begin(at, t.last)
	}, func(i uint32, at int64) {
		t.ports[b.uses.At(i).pair].end(at, t.last)
	})
	b.uses.Remove(func(u *use) bool { return u.to <= until && u.to != math.MaxInt64 })
}
