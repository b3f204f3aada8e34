package analyze

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kaanalyze/kaanalyze/flows"
)

// How servers answer: by class of status, and how long they take from the last byte of a
// request to the first byte of its final response. A request that is not whole by then has
// no such time.

// StatusClasses is how many classes of responses there are: 1xx to 5xx.
const StatusClasses = 5

const (
	// MostTimed is how many servers have times at most: those of all take 13 MB.
	MostTimed = 1000
	// TimesBytes is what the times of one server take at most.
	TimesBytes = int64(unsafe.Sizeof(timeCounts{}))
	// timesAtOnce is how many times of a server are kept one by one: most servers of a
	// capture with many have fewer.
	timesAtOnce = 256
	// longestTime is the longest that is told from longer ones, in µs.
	longestTime = 3_600_000_000
	// timesDigits are how many decimal digits of a time are kept.
	timesDigits = 2
	// noMicros stands for a time that is not known.
	noMicros = math.MaxUint32
)

// ServerTimes are how long a server took to answer, in ns. All are Unknown without a
// Count. Quantiles are at most 1 % or 1 µs too high; Max is so to 1 µs.
type ServerTimes struct {
	Count                   int64 // responses whose time is known
	P50, P90, P95, P99, Max int64
}

// quantilesTold are those of ServerTimes, in percent.
var quantilesTold = []float64{50, 90, 95, 99}

// noTimes are those of a server without.
var noTimes = ServerTimes{P50: Unknown, P90: Unknown, P95: Unknown, P99: Unknown, Max: Unknown}

// timeCounts are how many times there are of each length in µs: of each below 256, and of 128
// ranges of the same length from each power of two to the next, as in a histogram of two
// digits. To count here takes a third of the time that [hdrhistogram.Histogram] takes, and
// half of its memory; it gets them when they are told.
type timeCounts [26 * 128]uint32

// _ holds that there is a range for the longest time.
var _ [len(timeCounts{}) - (32-8)<<7 - longestTime>>(32-8) - 1]struct{}

// add adds a time. Where there are more than can be counted, half of all stand for them.
func (x *timeCounts) add(micros uint32) {
	shift := max(0, bits.Len32(micros)-8)
	n := &x[shift<<7+int(micros>>shift)]
	if *n++; *n == math.MaxUint32 {
		for i := range x {
			x[i] /= 2
		}
	}
}

// fill adds the times to a histogram.
func (x *timeCounts) fill(h *hdrhistogram.Histogram) {
	for i, n := range x {
		if n > 0 {
			shift := max(0, i>>7-1)
			_ = h.RecordValues(int64(i-shift<<7)<<shift, int64(n)) // it is in range
		}
	}
}

// answers are responses that the servers' rows do not have yet: many at once take a third
// of the time that they would take one by one.
type answers struct {
	n    int
	list [512]answerNote
}

// answerNote is a response: the number of its server, times 8, and its class, from 0; and
// how long it took in µs.
type answerNote struct{ serverClass, micros uint32 }

// noteAnswer counts a response, interim ones too, and notes how long it took, in ns.
func (a *Analyzer) noteAnswer(c *flows.Conn, t *httpState, from flows.Side, status uint16, took int64) {
	class := uint32(status/100 - 1)
	if class >= StatusClasses || !a.wanted(c) {
		return // a status has no other first digit
	}
	p := &a.pools
	n := p.pairs.At(t.pair).server
	if t.pair == 0 && !t.has(paired) { // no request was seen
		n = p.serverOf(c.Endpoint(from))
	}
	x := answerNote{n<<3 | class, noMicros}
	if took != Unknown {
		x.micros = uint32(min((took+500)/1000, longestTime))
	}
	w := &p.answers
	w.list[w.n] = x
	if w.n++; w.n == len(w.list) {
		p.addAnswers()
	}
}

// addAnswers adds the responses to the rows of their servers.
func (p *pools) addAnswers() {
	for _, x := range p.answers.list[:p.answers.n] {
		n := x.serverClass >> 3
		s := p.servers.At(n)
		s.byClass[x.serverClass&7]++
		if x.micros == noMicros || n == 0 { // 0: it was left out
			continue
		}
		y := &p.timings.slots[s.times]
		if y.many == nil {
			p.addTime(s, x.micros)
			continue
		}
		y.n++
		y.max = max(y.max, x.micros)
		y.many.add(x.micros)
	}
	p.answers.n = 0
}

// addTime adds how long a server took to answer, in µs, where they are few.
func (p *pools) addTime(s *poolServer, micros uint32) {
	if s.times == 0 {
		if s.timesLost {
			return // what is left would not be all of them
		}
		if p.timings.used >= p.mostTimed()*5/4 {
			p.leaveOutTimes()
		}
		s.times = p.timings.begin()
	}
	x := &p.timings.slots[s.times]
	x.n++
	x.max = max(x.max, micros)
	if len(x.few) < timesAtOnce {
		was := cap(x.few)
		x.few = append(x.few, micros)
		p.timings.bytes += int64(cap(x.few)-was) * 4
		return
	}
	x.many = &timeCounts{}
	x.many.add(micros)
	for _, earlier := range x.few {
		x.many.add(earlier)
	}
	p.timings.bytes += TimesBytes - int64(cap(x.few))*4
	x.few = nil
}

// mostTimed is how many servers have times.
func (p *pools) mostTimed() int { return cmp.Or(p.limits.Timed, MostTimed) }

// leaveOutTimes forgets the times of servers but the busiest. There is room for some more
// than are told of, so that a server that is new can become one of them.
func (p *pools) leaveOutTimes() {
	keep := map[uint32]bool{}
	for _, n := range p.timings.busiest(p.mostTimed()) {
		keep[n] = true
	}
	for i := range uint32(p.servers.Len()) {
		if s := p.servers.At(i); s.times != 0 && !keep[s.times] {
			p.timings.forget(s.times)
			s.times, s.timesLost = 0, true
		}
	}
}

// toldTimes tells of the busiest servers, by the number of their times.
func (p *pools) toldTimes() map[uint32]ServerTimes {
	if p.told != nil {
		return p.told
	}
	return p.timings.told(p.mostTimed())
}

// serverTimes are those of one server, in µs.
type serverTimes struct {
	few  []uint32 // all, while there are few
	many *timeCounts
	n    int64
	max  uint32
	used bool
}

// told tells of the times, and changes nothing but scratch.
func (x *serverTimes) told(scratch *hdrhistogram.Histogram) ServerTimes {
	scratch.Reset()
	if x.many != nil {
		x.many.fill(scratch)
	}
	for _, micros := range x.few {
		_ = scratch.RecordValue(int64(micros))
	}
	longest := int64(x.max)
	q := scratch.ValueAtPercentilesSlice(quantilesTold)
	ns := func(i int) int64 { return min(q[i], longest) * 1000 }
	return ServerTimes{x.n, ns(0), ns(1), ns(2), ns(3), longest * 1000}
}

// timings are the times of the servers that answer most, by number; [0] is unused.
type timings struct {
	slots []serverTimes
	free  []uint32
	used  int
	bytes int64
}

// begin returns the number of a new server's times.
func (t *timings) begin() uint32 {
	t.used++
	n := uint32(len(t.slots))
	if k := len(t.free); k > 0 {
		n, t.free = t.free[k-1], t.free[:k-1]
	} else {
		t.slots = append(t.slots, serverTimes{})
	}
	t.slots[n].used = true
	t.bytes += int64(unsafe.Sizeof(serverTimes{}))
	return n
}

// forget forgets the times with a number, if it is one.
func (t *timings) forget(n uint32) {
	if n == 0 {
		return
	}
	x := &t.slots[n]
	t.bytes -= int64(unsafe.Sizeof(*x)) + int64(cap(x.few))*4
	if x.many != nil {
		t.bytes -= TimesBytes
	}
	*x = serverTimes{}
	t.free = append(t.free, n)
	t.used--
}

// busiest returns the numbers of the times of those servers that have the most, the busiest
// first.
func (t *timings) busiest(most int) []uint32 {
	var list []uint32
	for i := range t.slots {
		if t.slots[i].used {
			list = append(list, uint32(i))
		}
	}
	slices.SortFunc(list, func(i, j uint32) int { return cmp.Or(cmp.Compare(t.slots[j].n, t.slots[i].n), cmp.Compare(i, j)) })
	return list[:min(most, len(list))]
}

// told tells of the busiest servers, by the number of their times.
func (t *timings) told(most int) map[uint32]ServerTimes {
	told := map[uint32]ServerTimes{}
	if t.used == 0 {
		return told
	}
	scratch := hdrhistogram.New(1, longestTime, timesDigits)
	for _, n := range t.busiest(most) {
		told[n] = t.slots[n].told(scratch)
	}
	return told
}

// lossUnknown reports whether no response was captured that tells what became of requests.
func (x *poolServer) lossUnknown() bool {
	return x.fatesUnknown > 0 && x.fatesUnknown == x.withRequests
}

// allClasses returns the responses by class of all servers.
func (p *pools) allClasses() [StatusClasses]int64 {
	sum := p.classesLeft
	for i := range uint32(p.servers.Len()) {
		for class, n := range p.servers.At(i).byClass {
			sum[class] += n
		}
	}
	return sum
}

// classesKnown returns the responses by class: Unknown where there are none, and none could
// be read.
func classesKnown(n [StatusClasses]int64, unreadable bool) [StatusClasses]int64 {
	if n == [StatusClasses]int64{} && unreadable {
		for i := range n {
			n[i] = Unknown
		}
	}
	return n
}
