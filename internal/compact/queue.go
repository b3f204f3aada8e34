package compact

// pieceLen is how many values of a [List] or [Queue] stand together.
const pieceLen = 1 << 10

// Queue holds values that leave in the order in which they came. It grows
// without copying what it holds, and gives up the memory of values that left.
// The zero Queue is empty. It is not safe for concurrent use.
type Queue[T any] struct {
	pieces [][]T // all but the last are full
	head   int   // index of the oldest value in the first piece
	count  int
}

// Push adds a copy of x at the end.
func (q *Queue[T]) Push(x T) {
	n := len(q.pieces)
	if n == 0 || len(q.pieces[n-1]) == pieceLen {
		q.pieces = append(q.pieces, make([]T, 0, pieceLen))
		n++
	}
	q.pieces[n-1] = append(q.pieces[n-1], x)
	q.count++
}

// First returns the oldest value, nil if there is none. It stays valid until
// Pop.
func (q *Queue[T]) First() *T {
	if q.count == 0 {
		return nil
	}
	return &q.pieces[0][q.head]
}

// Pop drops the oldest value, which must exist.
func (q *Queue[T]) Pop() {
	q.count--
	if q.head++; q.head == pieceLen {
		q.pieces[0] = nil
		q.pieces, q.head = q.pieces[1:], 0
	}
}

// Len returns how many values are queued.
func (q *Queue[T]) Len() int { return q.count }
