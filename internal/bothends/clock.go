package bothends

import "math"

// clocks gathers how far the times of packets at both points are apart. A packet arrives
// after it was sent: the offset of the clocks is at most what the fastest packets from
// here to there show, and at least what the fastest ones back do. How the time between
// these bounds is shared by the two ways nobody can tell from two captures.
type clocks struct {
	from, width float64 // of the bins, ns here
	base        int64   // what all differences are told from
	begun       bool
	bins        [2][clockBins]bin // by way
	transit     [2]Transit
	late        [2][64]uint64 // pairs, by the logarithm of how much longer they took than the fastest so far
}

// clockBins is into how many parts the time of a capture is cut to find the drift.
const clockBins = 128

// way is where a packet goes.
const (
	out  = 0 // from here to there
	back = 1
)

// bin is the fastest packet of a part of the time.
type bin struct {
	n     uint64
	at    float64 // ns after clocks.from
	least float64 // of out the smallest difference, of back the largest
}

func newClocks(l *Log) *clocks {
	return &clocks{from: 0, width: math.Max(float64(l.last-l.first)/clockBins, 1)}
}

// add takes a pair: since is the time here since the first packet, difference what the
// clock there showed more.
func (c *clocks) add(way int, since, difference int64) {
	if !c.begun {
		c.begun, c.base = true, difference
	}
	t := &c.transit[way]
	if t.Pairs == 0 {
		t.Min, t.Max = difference, difference
	}
	t.Pairs++
	t.Min, t.Max = min(t.Min, difference), max(t.Max, difference)
	over := difference - t.Min
	if way == back {
		over = t.Max - difference
	}
	c.late[way][bitsOf(over)]++
	b := &c.bins[way][min(max(int(float64(since)/c.width), 0), clockBins-1)]
	d := float64(difference - c.base)
	if b.n == 0 || way == out && d < b.least || way == back && d > b.least {
		b.at, b.least = float64(since), d
	}
	b.n++
}

// bitsOf returns how many bits n takes, 0 of what is below 1.
func bitsOf(n int64) int {
	k := 0
	for ; n > 0; n >>= 1 {
		k++
	}
	return k
}

// usual returns how much longer than the fastest all but one of a thousand packets took
// that went that way, rounded up to a power of two.
func (c *clocks) usual(way int) int64 {
	rest := c.transit[way].Pairs / 1000
	for k := 63; k > 0; k-- {
		n := c.late[way][k]
		if n > rest {
			return 1 << min(k, 61)
		}
		rest -= n
	}
	return 0
}

// maxDrift is the largest drift that is looked for: clocks of computers are good to some
// tens of parts per million.
const maxDrift = 1000e-6

// upper returns the largest offset at the time at that the way out allows with some drift,
// lower the smallest that the way back does.
func (c *clocks) upper(drift, at float64) float64 {
	most := math.Inf(1)
	for i := range c.bins[out] {
		if b := &c.bins[out][i]; b.n > 0 {
			most = math.Min(most, b.least+drift*(at-b.at))
		}
	}
	return most
}

func (c *clocks) lower(drift, at float64) float64 {
	least := math.Inf(-1)
	for i := range c.bins[back] {
		if b := &c.bins[back][i]; b.n > 0 {
			least = math.Max(least, b.least+drift*(at-b.at))
		}
	}
	return least
}

// maxNoise is by how much packets may seem to arrive before they are sent, in ns: what
// time stamps of two captures are wrong by.
const maxNoise = 2e6

// solve tells the offset at the time at, ns after the first packet here.
func (c *clocks) solve(at float64) Clock {
	k := Clock{Pairs: [2]uint64{c.transit[out].Pairs, c.transit[back].Pairs}}
	if k.Pairs[out] == 0 || k.Pairs[back] == 0 {
		return k
	}
	room := func(drift float64) float64 { return c.upper(drift, at) - c.lower(drift, at) } // concave
	best := highest(room, -maxDrift, maxDrift)
	if room(0) >= room(best) {
		best = 0
	}
	if most := room(best); most < 0 {
		if -most > maxNoise {
			k.Stepped = true
			return k
		}
		k.Noise = int64(-most)
	}
	least := math.Min(room(best), 0) // so much disagreement has to be allowed
	fits := func(drift float64) bool { return room(drift) >= least-1 }
	low, high := edge(fits, best, -maxDrift), edge(fits, best, maxDrift)
	// With any drift that is possible, the offset is between these.
	top := c.upper(highest(func(d float64) float64 { return c.upper(d, at) }, low, high), at)
	bottom := c.lower(highest(func(d float64) float64 { return -c.lower(d, at) }, low, high), at)
	if top < bottom {
		top, bottom = bottom, top
	}
	k.Known = true
	k.Low, k.High = c.base+int64(math.Floor(bottom)), c.base+int64(math.Ceil(top))
	k.Offset = k.Low + (k.High-k.Low)/2
	k.DriftLow, k.DriftHigh = low*1e6, high*1e6
	return k
}

// highest returns where a concave function is largest between two places.
func highest(f func(float64) float64, low, high float64) float64 {
	for range 100 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if f(a) < f(b) {
			low = a
		} else {
			high = b
		}
	}
	return (low + high) / 2
}

// edge returns how far from a place where it is so something is so, in the direction of
// another.
func edge(is func(float64) bool, from, to float64) float64 {
	if is(to) {
		return to
	}
	for range 60 {
		if middle := (from + to) / 2; is(middle) {
			from = middle
		} else {
			to = middle
		}
	}
	return from
}
