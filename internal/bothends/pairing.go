package bothends

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// none is the mate of a packet that has none.
const none = -1

// pairing is one connection at both points. It is used again for the next one.
type pairing struct {
	here, there           []packet
	hereMates, thereMates []int32 // places in the other list, or none
	lists                 [2][2][]int32
}

// load takes the packets of a match, as the sides and sequence numbers are here.
func (p *pairing) load(a, b *Log, m *match) {
	p.here, p.there = p.here[:0], p.there[:0]
	if m.here >= 0 {
		p.here = a.packets(p.here, &a.conns[m.here])
	}
	if m.there >= 0 {
		p.there = b.packets(p.there, &b.conns[m.there])
	}
	for i := range p.there {
		x := &p.there[i]
		if m.swapped {
			x.size ^= bySide
		}
		if m.shift != 0 {
			if x.side() == flows.Responder {
				x.seq -= m.shift
			} else if x.flags().Has(flows.ACK) {
				x.ack -= m.shift
			}
		}
	}
	p.hereMates, p.thereMates = fill(p.hereMates, len(p.here)), fill(p.thereMates, len(p.there))
	for side := range p.lists {
		p.lists[side][0] = ofSide(p.lists[side][0], p.here, flows.Side(side))
		p.lists[side][1] = ofSide(p.lists[side][1], p.there, flows.Side(side))
	}
}

// fill returns n times none, in memory of b if there is room.
func fill(b []int32, n int) []int32 {
	b = slices.Grow(b[:0], n)[:n]
	for i := range b {
		b[i] = none
	}
	return b
}

// ofSide returns the places of the packets of a side, in memory of b if there is room.
func ofSide(b []int32, list []packet, side flows.Side) []int32 {
	b = b[:0]
	for i := range list {
		if list[i].side() == side {
			b = append(b, int32(i))
		}
	}
	return b
}

// same reports whether two packets are one: all that a router leaves as it is agrees, where
// both captures have it.
func same(x, y *packet) bool {
	return x.seq == y.seq && x.ack == y.ack && x.size == y.size && (x.ts == y.ts || x.ts == 0 || y.ts == 0) && (x.id == y.id || x.id == 0 || y.id == 0)
}

// How far from where it is expected the mate of a packet is looked for, in packets of its
// side: what is lost in between, or comes in another order.
const (
	lookBack  = 16
	lookAhead = 64
)

// pair puts the packets of both lists that are one into pairs.
func (p *pairing) pair() {
	for side := range p.lists {
		a, b := p.lists[side][0], p.lists[side][1]
		at := 0
		for _, i := range a {
			x := &p.here[i]
			if at < len(b) && p.thereMates[b[at]] == none && same(x, &p.there[b[at]]) {
				p.join(i, b[at])
				at++
				continue
			}
			for k := max(0, at-lookBack); k < min(len(b), at+lookAhead); k++ {
				if p.thereMates[b[k]] == none && same(x, &p.there[b[k]]) {
					p.join(i, b[k])
					at = k + 1
					break
				}
			}
		}
	}
}

func (p *pairing) join(i, j int32) { p.hereMates[i], p.thereMates[j] = j, i }

// pairRest puts those that are left into pairs, in order, by what something on the path
// does not usually change.
func (p *pairing) pairRest() {
	for side := range p.lists {
		a, b := p.alone(side, 0), p.alone(side, 1)
		if len(a) == 0 || len(b) == 0 {
			continue
		}
		order := func(x, y *packet) int {
			return cmp.Or(cmp.Compare(x.seq, y.seq), cmp.Compare(x.ack, y.ack), cmp.Compare(x.size, y.size))
		}
		slices.SortStableFunc(a, func(i, j int32) int { return order(&p.here[i], &p.here[j]) })
		slices.SortStableFunc(b, func(i, j int32) int { return order(&p.there[i], &p.there[j]) })
		for len(a) > 0 && len(b) > 0 {
			switch c := order(&p.here[a[0]], &p.there[b[0]]); {
			case c < 0:
				a = a[1:]
			case c > 0:
				b = b[1:]
			default:
				p.join(a[0], b[0])
				a, b = a[1:], b[1:]
			}
		}
	}
}

// alone returns the packets of a side, here (0) or there (1), that have no mate.
func (p *pairing) alone(side, end int) (list []int32) {
	mates := p.hereMates
	if end == 1 {
		mates = p.thereMates
	}
	for _, i := range p.lists[side][end] {
		if mates[i] == none {
			list = append(list, i)
		}
	}
	return list
}

// times calls f with each pair of a side whose packets are certainly one: their times,
// here and there.
func (p *pairing) times(a, b *Log, side flows.Side, most int, f func(here, there int64)) {
	var nextHere, nextThere uint32
	begun := false
	n := 0
	for _, i := range p.lists[side][0] {
		x := &p.here[i]
		j := p.hereMates[i]
		end := x.seq + x.seqLen()
		fresh := !begun || x.seqLen() > 0 && int32(x.seq-nextHere) >= 0
		if fresh {
			nextHere = end
		}
		if j == none {
			begun = begun || fresh
			continue
		}
		if x.ts == 0 && (x.id == 0 || p.there[j].id == 0) { // a copy may look the same
			if !fresh || x.seqLen() == 0 || begun && int32(x.seq-nextThere) < 0 {
				continue
			}
		}
		if begun = true; fresh {
			nextThere = end
		}
		f(a.time(x), b.time(&p.there[j]))
		if n++; n == most {
			return
		}
	}
}
