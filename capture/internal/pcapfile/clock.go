package pcapfile

import (
	"math"
	"math/bits"
)

// A clock turns an interface's time stamps into nanoseconds.
type clock struct {
	times  int64  // nanoseconds a unit, or 0
	per    uint64 // units a nanosecond, or 0
	shift  uint   // a unit is 2^-shift seconds, if neither is set
	offset int64  // nanoseconds to add
}

// newClock reads if_tsresol: a negative power of 10, or of 2 if the upper bit
// is set (4.2).
func newClock(resolution byte) clock {
	n := int(resolution & 0x7f)
	switch {
	case resolution&0x80 != 0:
		return clock{shift: uint(n)}
	case n <= 9:
		return clock{times: int64(power10(9 - n))}
	case n <= 9+19:
		return clock{per: power10(n - 9)}
	}
	return clock{per: math.MaxUint64}
}

// power10 returns 10^n, for n up to 19.
func power10(n int) uint64 {
	x := uint64(1)
	for range n {
		x *= 10
	}
	return x
}

// nanoseconds returns a stamp's time since the Unix epoch. What no file means,
// times beyond the year 2262, wrap.
func (c *clock) nanoseconds(stamp uint64) int64 {
	switch {
	case c.times != 0:
		return int64(stamp)*c.times + c.offset
	case c.per != 0:
		return int64(stamp/c.per) + c.offset
	}
	hi, lo := bits.Mul64(stamp, 1e9)
	if c.shift >= 64 {
		return int64(hi>>(c.shift-64)) + c.offset
	}
	return int64(hi<<(64-c.shift)|lo>>c.shift) + c.offset
}
