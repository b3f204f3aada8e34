package analyze

import "math"

// bins count events over time, by seconds at first; when there are too many
// seconds, ten of them become one. The first event sets the beginning, an
// earlier one is counted there.
type bins struct {
	start int64 // ns, a whole number of seconds
	width int64 // seconds
	n     []int64

	from, to int64 // of the bin that was last added to: the next event is there, too
	at       int64
}

const (
	maxBins  = 100_000
	maxSteps = 600
)

func (b *bins) add(t int64) {
	if b.from <= t && t < b.to {
		b.n[b.at]++
		return
	}
	if b.width == 0 {
		b.width = 1
		b.start = t - mod(t, 1e9)
	}
	i := int64(0)
	if t > b.start {
		i = int64(uint64(t-b.start)/1e9) / b.width
	}
	for i >= maxBins {
		b.widen()
		i /= 10
	}
	for int64(len(b.n)) <= i {
		b.n = append(b.n, 0)
	}
	b.n[i]++
	b.at = i
	b.from = b.start + i*b.width*1e9
	b.to = b.from + b.width*1e9
}

// addBeside counts an event that has just been added to all, in the same bin: so
// what is a part of all is at most all of it in each bin.
func (b *bins) addBeside(all *bins) {
	if b.width == 0 {
		b.start, b.width = all.start, all.width
	}
	for b.width < all.width {
		b.widen()
	}
	for int64(len(b.n)) <= all.at {
		b.n = append(b.n, 0)
	}
	b.n[all.at]++
}

// remove takes back an event that was counted.
func (b *bins) remove(t int64) {
	if b.width == 0 {
		return
	}
	if i := int64(uint64(max(0, t-b.start))/1e9) / b.width; i < int64(len(b.n)) && b.n[i] > 0 {
		b.n[i]--
	}
}

// widen makes one bin of ten.
func (b *bins) widen() {
	for i, n := range b.n {
		if i%10 == 0 {
			b.n[i/10] = n
		} else {
			b.n[i/10] += n
		}
	}
	b.n = b.n[:(len(b.n)+9)/10]
	b.width *= 10
}

// steps returns the counts by steps of that many seconds from start.
func (b *bins) steps(start, step int64, steps int) []int64 {
	out := make([]int64, steps)
	for i, n := range b.n {
		at := (b.start-start)/1e9 + int64(i)*b.width
		out[min(max(0, at/step), int64(steps-1))] += n
	}
	return out
}

// sum returns how many events there were.
func (b *bins) sum() (n int64) {
	for _, x := range b.n {
		n += x
	}
	return n
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

// stepFor returns the shortest of 1, 2, 5, 10, ... seconds that cuts a
// duration in ns into at most maxSteps.
func stepFor(duration int64) int64 {
	for unit := int64(1); unit < math.MaxInt64/100; unit *= 10 {
		for _, k := range [...]int64{1, 2, 5} {
			if step := k * unit; duration/1e9/step < maxSteps {
				return step
			}
		}
	}
	return math.MaxInt64
}
