package pcapfile

import (
	"math"
	"math/bits"
)

// farthest is how far from 1970 a packet's time is at most, 142 years: the
// difference of any two times fits in 63 bits, and so does a time a year after; in
// microseconds it fits in a script's numbers. What a pcap file can say is within.
const farthest = 45e17

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
// times beyond the year 2262, wrap, and are at most the farthest.
func (c *clock) nanoseconds(stamp uint64) int64 {
	return min(max(c.units(stamp)+c.offset, -farthest), farthest)
}

// units returns a stamp in nanoseconds.
func (c *clock) units(stamp uint64) int64 {
	switch {
	case c.times != 0:
		return int64(stamp) * c.times
	case c.per != 0:
		return int64(stamp / c.per)
	}
	hi, lo := bits.Mul64(stamp, 1e9)
	if c.shift >= 64 {
		return int64(hi >> (c.shift - 64))
	}
	return int64(hi<<(64-c.shift) | lo>>c.shift)
}
