package pcapfile

import (
	"math"
	"math/bits"
)

// latest is the latest time that a packet is given, in the year 2116: the
// difference of two times fits, and so does a time after one of them. What a pcap
// file can say is earlier.
const latest = 1<<62 - 1

// A clock turns an interface's time stamps into nanoseconds.
type clock struct {
	times  int64  // nanoseconds a unit, or 0
	per    uint64 // units a nanosecond, or 0
	shift  uint   // a unit is 2^-shift seconds, if neither is set
	offset int64  // nanoseconds to add, at most latest either way
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

// setOffset reads if_tsoffset, in seconds (4.2).
func (c *clock) setOffset(seconds int64) {
	const second = int64(1e9)
	c.offset = min(max(seconds, -latest/second), latest/second) * second
}

// nanoseconds returns a stamp's time since the Unix epoch. What no file means,
// times before it and after the latest, becomes the one or the other.
func (c *clock) nanoseconds(stamp uint64) int64 {
	return min(max(int64(min(c.units(stamp), latest))+c.offset, 0), latest)
}

// units returns a stamp in nanoseconds, or more than the latest time for more.
func (c *clock) units(stamp uint64) uint64 {
	switch {
	case c.times != 0:
		hi, lo := bits.Mul64(stamp, uint64(c.times))
		if hi != 0 {
			return math.MaxUint64
		}
		return lo
	case c.per != 0:
		return stamp / c.per
	}
	hi, lo := bits.Mul64(stamp, 1e9)
	switch {
	case c.shift >= 64:
		return hi >> (c.shift - 64)
	case hi>>c.shift != 0:
		return math.MaxUint64
	}
	return hi<<(64-c.shift) | lo>>c.shift
}
