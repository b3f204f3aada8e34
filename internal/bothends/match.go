package bothends

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// match is two connections that are one.
type match struct {
	here, there int // places in Log.conns; there is -1 for one that did not arrive
	means       Means
	swapped     bool   // the initiator there is the responder here
	shift       uint32 // what something added to the sequence numbers of the responder, there
	clientHere  bool   // here is nearer to the client
}

// matcher finds which connections are the same.
type matcher struct {
	here, there *Log
	used        []bool // connections there
	taken       []bool // connections here: matched or ambiguous
	found       []match
	ambiguous   int
}

// isnOf is a connection by the initial sequence number of its client.
type isnOf struct {
	isn   uint32
	place int32
}

// clients returns the connections of l that begin with a SYN, in order of its number.
func (l *Log) clients() []isnOf {
	var list []isnOf
	for i := range l.conns {
		if l.conns[i].hasISN(flows.Initiator) {
			list = append(list, isnOf{l.conns[i].isn[flows.Initiator], int32(i)})
		}
	}
	slices.SortFunc(list, func(a, b isnOf) int { return cmp.Or(cmp.Compare(a.isn, b.isn), cmp.Compare(a.place, b.place)) })
	return list
}

func newMatcher(here, there *Log) *matcher {
	return &matcher{here: here, there: there, used: make([]bool, len(there.conns)), taken: make([]bool, len(here.conns))}
}

// candidate reports whether connection y there may be x here, by their sequence numbers
// alone, and whether both numbers say so.
func candidate(x, y *connection) (may, both bool) {
	if x.isn[flows.Initiator] != y.isn[flows.Initiator] {
		return false, false
	}
	if x.hasISN(flows.Responder) && y.hasISN(flows.Responder) {
		same := x.isn[flows.Responder] == y.isn[flows.Responder]
		return same || x.sameHead(y), same
	}
	return true, false
}

// sameHead reports whether the client's first payload is the same, where both captures
// have it.
func (x *connection) sameHead(y *connection) bool {
	return x.head != 0 && x.head == y.head
}

// bySequences matches connections by both initial sequence numbers. What has several
// candidates stays unmatched.
func (m *matcher) bySequences(index []isnOf) {
	m.each(index, func(x, y *connection) bool {
		_, both := candidate(x, y)
		return both
	}, BySequences)
}

// byClient matches what is left by the client's number, if within returns that the times
// fit.
func (m *matcher) byClient(index []isnOf, within func(x, y *connection) bool) {
	m.each(index, func(x, y *connection) bool {
		may, both := candidate(x, y)
		return may && !both && within(x, y)
	}, ByClient)
}

// maxAlike is how many connections there are looked at that begin with the same number:
// honest hosts draw them at random.
const maxAlike = 64

// each matches those connections of which is says so, one to one.
func (m *matcher) each(index []isnOf, is func(x, y *connection) bool, means Means) {
	first := len(m.found)
	times := map[int]int{} // connections there, how many want them
	for i := range m.here.conns {
		x := &m.here.conns[i]
		if m.taken[i] || !x.hasISN(flows.Initiator) {
			continue
		}
		at, _ := slices.BinarySearchFunc(index, x.isn[flows.Initiator], func(e isnOf, isn uint32) int { return cmp.Compare(e.isn, isn) })
		n, found := 0, 0
		for most := at + maxAlike; at < len(index) && index[at].isn == x.isn[flows.Initiator]; at++ {
			if at == most {
				n = 2
				break
			}
			if j := int(index[at].place); !m.used[j] && is(x, &m.there.conns[j]) {
				n, found = n+1, j
			}
		}
		if n > 1 {
			m.taken[i] = true
			m.ambiguous++
		}
		if n == 1 {
			times[found]++
			y := &m.there.conns[found]
			p := match{here: i, there: found, means: means}
			if x.hasISN(flows.Responder) && y.hasISN(flows.Responder) {
				p.shift = y.isn[flows.Responder] - x.isn[flows.Responder]
			}
			m.found = append(m.found, p)
		}
	}
	kept := m.found[:first]
	for _, p := range m.found[first:] {
		m.taken[p.here], m.used[p.there] = true, true
		if times[p.there] > 1 { // this capture has it twice, before and after a translation
			m.ambiguous++
			continue
		}
		kept = append(kept, p)
	}
	m.found = kept
}

// A midstream connection is known by its packets with data: the numbers of some of them
// are looked for among so many of the other capture.
const (
	keysThere = 64
	keysHere  = 4096
)

// dataKey is what packets with data have in common at both points.
type dataKey struct{ seq, ack, size uint32 }

// byPackets matches what is left and has no SYN in one of the captures.
func (m *matcher) byPackets() {
	index := map[dataKey]int{}
	keys := func(l *Log, c *connection, most int, f func(k dataKey, side flows.Side) bool) {
		for i, n := c.first, 0; i != 0 && n < most; {
			p := l.at(i)
			if p.len() > 0 {
				n++
				if !f(dataKey{p.seq, p.ack, p.size >> 8}, p.side()) {
					return
				}
			}
			i = p.next
		}
	}
	sides := map[dataKey]flows.Side{}
	for j := range m.there.conns {
		if m.used[j] {
			continue
		}
		keys(m.there, &m.there.conns[j], keysThere, func(k dataKey, side flows.Side) bool {
			if other, ok := index[k]; ok && other != j {
				index[k] = -1 // of two
			} else {
				index[k], sides[k] = j, side
			}
			return true
		})
	}
	if len(index) == 0 {
		return
	}
	for i := range m.here.conns {
		if m.taken[i] {
			continue
		}
		x := &m.here.conns[i]
		keys(m.here, x, keysHere, func(k dataKey, side flows.Side) bool {
			j, ok := index[k]
			if !ok || j < 0 || m.used[j] || x.hasISN(flows.Initiator) && m.there.conns[j].hasISN(flows.Initiator) {
				return true
			}
			m.taken[i], m.used[j] = true, true
			m.found = append(m.found, match{here: i, there: j, means: ByPackets, swapped: side != sides[k]})
			return false
		})
	}
}
