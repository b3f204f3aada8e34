package compact

// Pool hands out values by number, from 1, and uses those given back again as
// they were left: their buffers serve the next user. The zero Pool is empty. It
// is not safe for concurrent use.
type Pool[T any] struct {
	values []T
	free   []int32
}

// At returns the value with that number, which must be in use, until the next
// Take: that may move all of them.
func (p *Pool[T]) At(i int32) *T { return &p.values[i-1] }

// Take returns the number of a value: a zero one, or one that was given back.
func (p *Pool[T]) Take() int32 {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		return i
	}
	p.values = append(p.values, *new(T))
	return int32(len(p.values))
}

// Give takes back a value that is in use.
func (p *Pool[T]) Give(i int32) { p.free = append(p.free, i) }

// Len returns how many values there are, whether in use or not.
func (p *Pool[T]) Len() int { return len(p.values) }
