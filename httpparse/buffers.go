package httpparse

import "math/bits"

// MaxBuffered bounds the bytes that a [Buffers] takes for heads that straddle
// segments. A head that has no room is answered with [Lost].
const MaxBuffered = 64 << 20

const (
	minBuffer  = 512     // bytes of the smallest buffer
	keptBuffer = 8 << 10 // a buffer above this is given back when done with
	maxIdle    = 64      // buffers kept for reuse
)

// Buffers holds the heads that straddle segments for the parsers of one
// engine. A parser gives its buffer back with the Next after the head is done, or
// with [Parser.Close]. The zero value is ready. It is not safe for concurrent use.
type Buffers struct {
	list  [][]byte // by index; nil for one that is free and was given back
	free  []int32  // indexes that are not in use
	idle  int      // free buffers that still have memory
	bytes int      // capacity of all buffers
	limit int      // in place of MaxBuffered; for tests
}

// Bytes returns the memory that the buffers take, in bytes, free ones included.
func (s *Buffers) Bytes() int { return s.bytes }

// InUse returns the number of heads that are held.
func (s *Buffers) InUse() int { return len(s.list) - len(s.free) }

// hold copies b to a buffer and returns its handle, or 0 if memory is out.
func (s *Buffers) hold(b []byte) int32 {
	id := int32(len(s.list))
	if n := len(s.free); n > 0 {
		id = s.free[n-1]
		s.free = s.free[:n-1]
		if s.list[id] != nil {
			s.idle--
		}
	} else {
		s.list = append(s.list, nil)
	}
	if !s.add(id+1, b) {
		s.release(id + 1)
		return 0
	}
	return id + 1
}

// get returns the bytes of a buffer, valid until the next call of add or
// release with that handle.
func (s *Buffers) get(handle int32) []byte { return s.list[handle-1] }

// add appends b to a buffer and reports whether there was room.
func (s *Buffers) add(handle int32, b []byte) bool {
	old := s.list[handle-1]
	need := len(old) + len(b)
	if need > cap(old) {
		size := max(minBuffer, 1<<bits.Len(uint(need-1)))
		limit := s.limit
		if limit == 0 {
			limit = MaxBuffered
		}
		if s.bytes-cap(old)+size > limit {
			return false
		}
		s.bytes += size - cap(old)
		old = append(make([]byte, 0, size), old...)
	}
	s.list[handle-1] = append(old, b...)
	return true
}

// release gives a buffer back.
func (s *Buffers) release(handle int32) {
	id := handle - 1
	b := s.list[id]
	switch {
	case b == nil:
	case cap(b) > keptBuffer || s.idle >= maxIdle:
		s.bytes -= cap(b)
		s.list[id] = nil
	default:
		s.list[id] = b[:0]
		s.idle++
	}
	s.free = append(s.free, id)
}
