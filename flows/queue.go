package flows

// queue is first in, first out. It gives up the memory of what has gone.
type queue[T any] struct {
	pieces [][]T // all but the last are full
	head   int   // of the first piece
	count  int
}

const queuePiece = 1 << 10

// push adds x.
func (q *queue[T]) push(x T) {
	n := len(q.pieces)
	if n == 0 || len(q.pieces[n-1]) == queuePiece {
		q.pieces = append(q.pieces, make([]T, 0, queuePiece))
		n++
	}
	q.pieces[n-1] = append(q.pieces[n-1], x)
	q.count++
}

// first returns the oldest, nil if there is none.
func (q *queue[T]) first() *T {
	if q.count == 0 {
		return nil
	}
	return &q.pieces[0][q.head]
}

// pop drops the oldest.
func (q *queue[T]) pop() {
	q.count--
	if q.head++; q.head == queuePiece {
		q.pieces[0] = nil
		q.pieces, q.head = q.pieces[1:], 0
	}
}
