package compact

import (
	"slices"
	"sort"
	"unsafe"
)

// List holds values in order, in pieces: it grows without copying what it
// holds, which with a million connections would take as much memory again.
// Until they are read, new values can be kept packed, see [List.Pack]. The zero
// List is empty. It is not safe for concurrent use.
type List[T any] struct {
	pieces [][]T // all but the last are full
	spare  [][]T // empty ones, to be used again
	packed *Vault[T]
}

// Pack has the values that are added from now on kept in a [Vault], with its
// demands on T. Until Unpack, no other method but Add, Clone and Packed takes
// them into account.
func (l *List[T]) Pack() { l.packed = new(Vault[T]) }

// Packed reports whether new values are kept packed.
func (l *List[T]) Packed() bool { return l.packed != nil }

// Unpack appends the values that were kept packed, in the order in which they
// were added, and ends what [List.Pack] began.
func (l *List[T]) Unpack() {
	packed := l.packed
	if packed == nil {
		return
	}
	l.packed = nil
	packed.Drain(func(v *T) { l.Add(*v) })
}

// Add appends a copy of v.
func (l *List[T]) Add(v T) {
	if l.packed != nil {
		l.packed.Put(&v)
		return
	}
	if n := len(l.pieces); n == 0 || len(l.pieces[n-1]) == pieceLen {
		l.addPiece()
	}
	last := &l.pieces[len(l.pieces)-1]
	*last = append(*last, v)
}

// addPiece adds an empty piece.
func (l *List[T]) addPiece() {
	if k := len(l.spare); k > 0 {
		l.pieces, l.spare = append(l.pieces, l.spare[k-1]), l.spare[:k-1]
		return
	}
	l.pieces = append(l.pieces, make([]T, 0, pieceLen))
}

// At returns the value at index i, from 0, which must be below Len. It stays
// where it is until Cut, Remove or Sort.
func (l *List[T]) At(i uint32) *T { return &l.pieces[i/pieceLen][i%pieceLen] }

// Len returns how many values there are, without those that are kept packed.
func (l *List[T]) Len() int {
	n := len(l.pieces)
	if n == 0 {
		return 0
	}
	return (n-1)*pieceLen + len(l.pieces[n-1])
}

// Cut keeps the first n values; n is at most Len.
func (l *List[T]) Cut(n int) {
	full := (n + pieceLen - 1) / pieceLen
	clear(l.pieces[full:])
	l.pieces = l.pieces[:full]
	if full > 0 {
		last := &l.pieces[full-1]
		*last = (*last)[:n-(full-1)*pieceLen]
	}
}

// Keep is Cut, but holds on to the memory of the others for values to come: where many
// come and go, what the garbage collector has not found yet would come on top.
func (l *List[T]) Keep(n int) {
	full := (n + pieceLen - 1) / pieceLen
	for _, piece := range l.pieces[full:] {
		l.spare = append(l.spare, piece[:0])
	}
	l.Cut(n)
}

// Remove takes out the values for which out reports true. The order of the
// others stays.
func (l *List[T]) Remove(out func(v *T) bool) {
	n := uint32(0)
	for _, piece := range l.pieces {
		for i := range piece {
			if !out(&piece[i]) {
				*l.At(n) = piece[i]
				n++
			}
		}
	}
	l.Cut(int(n))
}

// Clone returns a List that shares no memory with l, with nothing kept packed.
func (l *List[T]) Clone() List[T] {
	x := List[T]{pieces: slices.Clone(l.pieces)}
	for i, piece := range x.pieces {
		x.pieces[i] = append(make([]T, 0, pieceLen), piece...)
	}
	if l.packed != nil {
		for i := range uint32(l.packed.Len()) {
			x.Add(*l.packed.At(i + 1))
		}
	}
	return x
}

// Sort puts the values in the order of less, equal ones in any order.
func (l *List[T]) Sort(less func(a, b *T) bool) { sort.Sort(sorter[T]{l, less}) }

// sorter is a List as package sort wants it.
type sorter[T any] struct {
	list *List[T]
	less func(a, b *T) bool
}

func (s sorter[T]) Len() int           { return s.list.Len() }
func (s sorter[T]) Less(i, j int) bool { return s.less(s.list.At(uint32(i)), s.list.At(uint32(j))) }
func (s sorter[T]) Swap(i, j int) {
	a, b := s.list.At(uint32(i)), s.list.At(uint32(j))
	*a, *b = *b, *a
}

// Bytes returns about how much memory the values take.
func (l *List[T]) Bytes() int64 {
	n := int64(len(l.pieces)+len(l.spare)) * pieceLen * int64(unsafe.Sizeof(*new(T)))
	if l.packed != nil {
		n += l.packed.Bytes()
	}
	return n
}
