package fields

import (
	"errors"
	"math"
	"net/netip"
	"unsafe"
)

// unknown stands for a number that is not known, see analyze.Unknown.
const unknown = math.MinInt64

// integer are the types of numbers.
type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// zigzag makes small numbers of those that are near zero; unzigzag makes that again.
func zigzag(x uint64) uint64   { return x<<1 ^ uint64(int64(x)>>63) }
func unzigzag(x uint64) uint64 { return x>>1 ^ -(x & 1) }

// Number codes a number that is near the one of the row before.
func Number[T integer](c *Coder, p *T) {
	k := c.next()
	if k < 0 {
		return
	}
	x := c.number(k, zigzag(uint64(*p)-c.before[k]))
	if c.err != nil {
		return
	}
	x = unzigzag(x) + c.before[k]
	c.before[k] = x
	set(c, p, x)
}

// Near codes a number that is near base.
func Near[T integer](c *Coder, p *T, base T) {
	x := unzigzag(c.number(c.next(), zigzag(uint64(*p)-uint64(base)))) + uint64(base)
	if c.err == nil {
		set(c, p, x)
	}
}

// set sets a number that was read; it must be one of its type.
func set[T integer](c *Coder, p *T, x uint64) {
	if c.r == nil {
		return
	}
	if *p = T(x); uint64(*p) != x {
		c.Wrong()
	}
}

// Times, ns since the epoch, have bounds, so that what lies between two of them has a number,
// too: three years before it and the year 2116.
const (
	earliest = -1e17
	latest   = 1 << 62
)

// errTime is that a time cannot be written.
var errTime = errors.New("a packet has a time before 1967 or after 2116")

// checkTime fails if a time is out of its bounds.
func (c *Coder) checkTime(t int64) {
	if t >= earliest && t <= latest {
		return
	}
	if c.r != nil {
		c.Wrong()
	}
	c.Fail(errTime)
}

// Time codes a time, ns since the epoch, that is near the one of the row before.
func (c *Coder) Time(p *int64) {
	Number(c, p)
	c.checkTime(*p)
}

// Count codes how many there are of something.
func (c *Coder) Count(p *int64) {
	Near(c, p, 0)
	if c.r != nil && (*p < 0 || *p > 1<<50) {
		c.Wrong()
	}
}

// How Since tells times that are not near base.
const (
	sinceUnknown = iota // analyze.Unknown
	sinceZero
	sinceForever
	sinceBase // and more: zigzagged
)

// Since codes a time that is near base, or is 0, the latest of all, or not known.
func (c *Coder) Since(p *int64, base int64) {
	var x uint64
	switch d := zigzag(uint64(*p) - uint64(base)); {
	case *p == unknown:
		x = sinceUnknown
	case *p == 0:
		x = sinceZero
	case *p == math.MaxInt64:
		x = sinceForever
	case d > math.MaxUint64-sinceBase:
		c.Fail(errTime)
		return
	default:
		x = d + sinceBase
		c.checkTime(*p)
	}
	x = c.number(c.next(), x)
	if c.r == nil || c.err != nil {
		return
	}
	switch x {
	case sinceUnknown:
		*p = unknown
	case sinceZero:
		*p = 0
	case sinceForever:
		*p = math.MaxInt64
	default:
		*p = int64(unzigzag(x-sinceBase) + uint64(base))
		c.checkTime(*p)
	}
}

// Bool codes whether something is so.
func (c *Coder) Bool(p *bool) {
	x := uint8(0)
	if *p {
		x = 1
	}
	if Enum(c, &x, 2); c.err == nil {
		*p = x == 1
	}
}

// Enum codes a number that is below n.
func Enum[T integer](c *Coder, p *T, n T) {
	x := c.number(c.next(), uint64(*p))
	if c.r == nil || c.err != nil {
		return
	}
	if x >= uint64(n) {
		c.Wrong()
		return
	}
	*p = T(x)
}

// Text codes a text. What is longer than 64 KiB is cut.
func (c *Coder) Text(p *string) {
	s := *p
	s = s[:min(len(s), maxText)]
	k := c.next()
	n := c.number(k, uint64(len(s)))
	if c.err != nil {
		return
	}
	if c.r == nil {
		c.columns[k] = append(c.columns[k], s...)
		c.size += len(s)
		return
	}
	if n > maxText || n > uint64(len(c.columns[k])) {
		c.Wrong()
		return
	}
	if c.Take(int64(n)) {
		*p, c.columns[k] = string(c.columns[k][:n]), c.columns[k][n:]
	}
}

// Bytes codes that many bytes.
func (c *Coder) Bytes(b []byte) {
	k := c.next()
	switch {
	case k < 0 || c.err != nil:
	case c.r == nil:
		c.columns[k] = append(c.columns[k], b...)
		c.size += len(b)
	case len(c.columns[k]) < len(b):
		c.Wrong()
	default:
		c.columns[k] = c.columns[k][copy(b, c.columns[k]):]
	}
}

// Addr codes an address without a zone.
func (c *Coder) Addr(p *netip.Addr) {
	kind := uint8(0)
	switch {
	case p.Is4():
		kind = 4
	case p.IsValid():
		kind = 6
	}
	if Enum(c, &kind, 7); c.err != nil {
		return
	}
	switch kind {
	case 0:
		*p = netip.Addr{}
	case 4:
		b := [4]byte{}
		if c.r == nil {
			b = p.As4()
		}
		c.Bytes(b[:])
		*p = netip.AddrFrom4(b)
	default:
		b := [16]byte{}
		if c.r == nil {
			b = p.As16()
		}
		c.Bytes(b[:])
		*p = netip.AddrFrom16(b)
	}
}

// AddrPort codes an address and a port.
func (c *Coder) AddrPort(p *netip.AddrPort) {
	addr, port := p.Addr(), p.Port()
	c.Addr(&addr)
	Number(c, &port)
	if c.r != nil && c.err == nil {
		*p = netip.AddrPortFrom(addr, port)
	}
}

// Optional codes whether *p is nil and, if it is not, what it points to.
func Optional[T any](c *Coder, p **T, code func(*T)) {
	is := *p != nil
	if c.Bool(&is); c.err != nil || !is {
		return
	}
	if c.r != nil {
		if !c.Take(int64(unsafe.Sizeof(**p))) {
			return
		}
		*p = new(T)
	}
	code(*p)
}

// One codes a row of its own.
func (c *Coder) One(row func()) {
	n := 0
	c.Rows(1, 0, func(i int) {
		if n++; n > 1 {
			c.Wrong()
			return
		}
		row()
	})
	if n != 1 && c.err == nil {
		c.Wrong()
	}
}

// Slice codes the rows of a slice.
func Slice[T any](c *Coder, s *[]T, row func(*T)) {
	c.Rows(len(*s), unsafe.Sizeof(*new(T)), func(i int) {
		if c.r != nil {
			*s = append(*s, *new(T))
		}
		row(&(*s)[i])
	})
}
