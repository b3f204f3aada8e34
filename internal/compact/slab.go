package compact

const (
	slabBits = 9
	slabLen  = 1 << slabBits // values of a chunk
)

// Slab holds values at addresses that do not change, by number from 1. Numbers
// and memory of values given back are used again. T should have no pointer:
// then the garbage collector does not look at the values. The zero Slab is
// empty. It is not safe for concurrent use.
type Slab[T any] struct {
	chunks []*[slabLen]T
	used   uint32           // the highest number so far
	free   []uint32         // numbers to use again
	left   []uint16         // values in use of each chunk; set by the first Drop
	fresh  chan *[slabLen]T // brings the next chunk
}

// At returns the value with that number, which must be in use. The pointer is
// valid until Give or Drop.
func (s *Slab[T]) At(i uint32) *T { return &s.chunks[i>>slabBits][i&(slabLen-1)] }

// Take puts a zero value in use and returns its number.
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

// Give takes back a value that is in use, for a later Take.
func (s *Slab[T]) Give(i uint32) { s.free = append(s.free, i) }

// Drop takes back a value that is in use for good, at the end: there must be no
// Take or Give after the first Drop. The memory of a chunk is given up with the
// last of its values.
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

// Len returns how many values are in use, before the first Drop.
func (s *Slab[T]) Len() int { return int(s.used) - len(s.free) }

// grow adds a chunk and has another goroutine make the next one: the kernel
// provides memory page by page as it is touched, which with many values takes
// as long as all the rest.
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

// newChunk writes to the memory of the chunk: a page that is read before it is
// written costs two page faults, and the second one stops the other cores for a
// moment.
func newChunk[T any]() *[slabLen]T {
	c := new([slabLen]T)
	clear(c[:])
	return c
}

// All calls f with every value that is or was in use; f may change it.
func (s *Slab[T]) All(f func(*T)) {
	for i := uint32(1); i <= s.used; i++ {
		if s.chunks[i>>slabBits] != nil {
			f(s.At(i))
		}
	}
}
