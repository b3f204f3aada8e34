package bothends

import (
	"cmp"
	"slices"
)

// Hosts cut a stream into segments in their own ways: the capture at the sender has what
// its network card still cuts (TSO, GSO), the one at the receiver what was put together
// again (LRO, GRO). Sequence numbers say what was sent and what arrived all the same.

// span is sequence numbers of one side, as places that do not wrap around, with the packet
// that has them.
type span struct {
	from, to int64
	packet   int32
	mult     int32 // of a deficit: how often it was sent more than it arrived
}

// deficits returns what was sent more often than it arrived, in order, each part of it of
// the same packets.
func deficits(sent, arrived []span) []span {
	type edge struct {
		at int64
		by int32
		in int32 // arrived
	}
	edges := make([]edge, 0, 2*(len(sent)+len(arrived)))
	for _, s := range sent {
		edges = append(edges, edge{s.from, 1, 0}, edge{s.to, -1, 0})
	}
	for _, s := range arrived {
		edges = append(edges, edge{s.from, 0, 1}, edge{s.to, 0, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var list []span
	var n, got int32
	for i := 0; i < len(edges); {
		at := edges[i].at
		for ; i < len(edges) && edges[i].at == at; i++ {
			n += edges[i].by
			got += edges[i].in
		}
		if n > got && i < len(edges) {
			list = append(list, span{from: at, to: edges[i].at, mult: n - got})
		}
	}
	return list
}

// take removes from the deficits once what of s is in them, and calls f with each run that
// lies together. It returns how many deficits it looked at.
func take(deficits []span, s span, f func(from, to int64)) (n int) {
	i, _ := slices.BinarySearchFunc(deficits, s.from, func(d span, at int64) int { return cmp.Compare(d.to, at+1) })
	var from, to int64
	run := false
	for ; i < len(deficits) && deficits[i].from < s.to; i++ {
		d := &deficits[i]
		n++
		if d.mult <= 0 || d.from < s.from {
			continue
		}
		d.mult--
		if run && d.from == to {
			to = d.to
			continue
		}
		if run {
			f(from, to)
		}
		run, from, to = true, d.from, d.to
	}
	if run {
		f(from, to)
	}
	return n
}

// set is places that were seen, in order, with gaps between its spans: at most maxGaps of
// them, as who makes packets up could send any number.
type set []span

const maxGaps = 1 << 10

// covers reports whether all of s was seen.
func (t set) covers(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(t, from, func(d span, at int64) int { return cmp.Compare(d.to, at+1) })
	return i < len(t) && t[i].from <= from && t[i].to >= to
}

// add adds what was seen.
func (t *set) add(from, to int64) {
	list := *t
	if n := len(list); n > 0 && from >= list[n-1].from && from <= list[n-1].to {
		list[n-1].to = max(list[n-1].to, to)
		return
	}
	i, _ := slices.BinarySearchFunc(list, from, func(d span, at int64) int { return cmp.Compare(d.to, at) })
	j := i
	for ; j < len(list) && list[j].from <= to; j++ {
		from, to = min(from, list[j].from), max(to, list[j].to)
	}
	if i == j && len(list) >= maxGaps {
		return
	}
	*t = slices.Replace(list, i, j, span{from: from, to: to})
}
