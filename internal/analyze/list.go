package analyze

import (
	"slices"
	"sort"

	"github.com/kaanalyze/kaanalyze/flows"
)

// list holds values in order, in pieces: it grows without a copy of what there
// is, which with a million connections would take as much memory again.
type list[T any] struct {
	pieces [][]T // all but the last are full
	stored *flows.Vault[T]
}

// store has values that are added from now on kept in less room, until load.
func (l *list[T]) store() { l.stored = new(flows.Vault[T]) }

// load makes a list again of what was stored.
func (l *list[T]) load() {
	stored := l.stored
	if stored == nil {
		return
	}
	l.stored = nil
	stored.Drain(func(v *T) { l.add(*v) })
}

const pieceLen = 1 << 10

// add appends a value.
func (l *list[T]) add(v T) {
	if l.stored != nil {
		l.stored.Put(&v)
		return
	}
	if n := len(l.pieces); n == 0 || len(l.pieces[n-1]) == pieceLen {
		l.pieces = append(l.pieces, make([]T, 0, pieceLen))
	}
	last := &l.pieces[len(l.pieces)-1]
	*last = append(*last, v)
}

// at returns the value at i.
func (l *list[T]) at(i uint32) *T { return &l.pieces[i/pieceLen][i%pieceLen] }

// len returns how many there are.
func (l *list[T]) len() int {
	n := len(l.pieces)
	if n == 0 {
		return 0
	}
	return (n-1)*pieceLen + len(l.pieces[n-1])
}

// cut keeps the first n values.
func (l *list[T]) cut(n int) {
	full := (n + pieceLen - 1) / pieceLen
	clear(l.pieces[full:])
	l.pieces = l.pieces[:full]
	if full > 0 {
		last := &l.pieces[full-1]
		*last = (*last)[:n-(full-1)*pieceLen]
	}
}

// remove takes out the values for which out reports true.
func (l *list[T]) remove(out func(v *T) bool) {
	n := uint32(0)
	for _, piece := range l.pieces {
		for i := range piece {
			if !out(&piece[i]) {
				*l.at(n) = piece[i]
				n++
			}
		}
	}
	l.cut(int(n))
}

// clone returns a list of its own.
func (l *list[T]) clone() list[T] {
	x := list[T]{pieces: slices.Clone(l.pieces)}
	for i, piece := range x.pieces {
		x.pieces[i] = append(make([]T, 0, pieceLen), piece...)
	}
	if l.stored != nil {
		for i := range uint32(l.stored.Len()) {
			x.add(*l.stored.At(i + 1))
		}
	}
	return x
}

// sort orders the values.
func (l *list[T]) sort(less func(a, b *T) bool) { sort.Sort(sorter[T]{l, less}) }

// sorter is a list as package sort wants it.
type sorter[T any] struct {
	list *list[T]
	less func(a, b *T) bool
}

func (s sorter[T]) Len() int           { return s.list.len() }
func (s sorter[T]) Less(i, j int) bool { return s.less(s.list.at(uint32(i)), s.list.at(uint32(j))) }
func (s sorter[T]) Swap(i, j int) {
	a, b := s.list.at(uint32(i)), s.list.at(uint32(j))
	*a, *b = *b, *a
}
