package flows

const (
	slabBits = 9
	slabLen  = 1 << slabBits
)

// Slab holds values without pointers at addresses that do not change, by number
// from 1. Those given back are used again. A [Consumer] can keep its own part
// of each connection in one, with the number in [Conn.User]. The zero Slab is
// empty. It is not safe for concurrent use.
type Slab[T any] struct {
	chunks []*[slabLen]T
	used   uint32 // highest number
	free   []uint32
	left   []uint16         // values in use, by chunk, once one was dropped
	fresh  chan *[slabLen]T // brings the next chunk
}

// At returns the value with that number.
func (s *Slab[T]) At(i uint32) *T { return &s.chunks[i>>slabBits][i&(slabLen-1)] }

// Take returns a zero value and its number.
func (s *Slab[T]) Take() (uint32, *T) {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		x := s.At(i)
		*x = *new(T)
		return i, x
	}
	s.used++
	if int(s.used>>slabBits) == len(s.chunks) {
		s.grow()
	}
	return s.used, s.At(s.used)
}

// Give takes a value back.
func (s *Slab[T]) Give(i uint32) { s.free = append(s.free, i) }

// Drop takes a value back for good. The memory of values that stand together is
// given up when all of them have been dropped: none may be taken any more.
func (s *Slab[T]) Drop(i uint32) {
	if s.left == nil {
		s.left = make([]uint16, len(s.chunks))
		for i := uint32(1); i <= s.used; i++ {
			s.left[i>>slabBits]++
		}
		for _, i := range s.free {
			s.left[i>>slabBits]--
		}
	}
	at := i >> slabBits
	if s.left[at]--; s.left[at] == 0 {
		s.chunks[at] = nil
	}
}

// Len returns how many values are in use.
func (s *Slab[T]) Len() int { return int(s.used) - len(s.free) }

// grow adds a chunk and has the next one made. The kernel gives memory page by
// page when it is touched, which with many connections takes as long as all the
// rest: so that is left to another goroutine.
func (s *Slab[T]) grow() {
	if s.fresh == nil {
		s.fresh = make(chan *[slabLen]T, 1)
		s.chunks = append(s.chunks, newChunk[T]())
	} else {
		s.chunks = append(s.chunks, <-s.fresh)
	}
	fresh := s.fresh
	go func() { fresh <- newChunk[T]() }()
}

// newChunk writes to the memory, because a page that is read first costs two
// page faults, and the second one stops the other cores for a moment.
func newChunk[T any]() *[slabLen]T {
	c := new([slabLen]T)
	clear(c[:])
	return c
}
