package decode

import (
	"container/list"
	"slices"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// The defragmenter's bounds. What goes over one costs the oldest datagram.
const (
	maxDatagrams      = 256
	maxFragmentBytes  = 4 << 20 // of all datagrams, with what holding them takes
	maxPieces         = 1024    // of a datagram, of at least 64 bytes each if nothing is odd
	maxDatagram       = 65535
	fragmentTimeout   = 30e9 // nanoseconds of packet time; the order of Linux's 30 s
	datagramOverhead  = 256
	fragmentOverhead  = 64
	noSize            = -1
	fragmentAlignment = 8
)

// fragmentKey is what fragments of one datagram have in common (RFC 791, 3.2;
// RFC 8200, 4.5). A copy seen on another link is another datagram: each becomes
// a segment, as copies of whole packets do.
type fragmentKey struct {
	src, dst   [16]byte
	id, linkID uint32
	proto      uint8 // 0 for IPv6
	v6         bool
}

// A datagram is one that is being put together.
type datagram struct {
	key   fragmentKey
	since int64 // time of its first fragment
	size  int   // on the wire, noSize until the last fragment is seen
	have  int   // bytes on the wire that the spans cover
	bytes int   // of memory
	proto uint8 // of its first fragment
	spans []span
}

// A span is a part of a datagram, of which data, perhaps less, was captured.
type span struct {
	off, end int
	data     []byte
}

// A Defragmenter puts IP datagrams together, within bounds of time and memory that
// are constants of this file. It is not safe for concurrent use.
type Defragmenter struct {
	decoder *Decoder
	waiting map[fragmentKey]*list.Element
	order   *list.List // of *datagram, oldest first
	bytes   int
}

// NewDefragmenter returns a defragmenter in which no datagram waits.
func NewDefragmenter() *Defragmenter {
	return &Defragmenter{decoder: &Decoder{headers: &Headers{}}, waiting: make(map[fragmentKey]*list.Element), order: list.New()}
}

// Add takes a frame that Decode called a [Fragment], in the order of the frames;
// time is the frame's, in nanoseconds. If the frame completes a datagram with a
// segment in it, Add fills seg as Decode does, but with a payload in memory of its
// own, and returns [TCP]. Else it returns Fragment while the datagram waits for
// others, [NotTCP] or [Undecoded].
func (f *Defragmenter) Add(link pcapfile.LinkType, iface uint32, data []byte, wireLen uint32, time int64, seg *flows.Segment) Verdict {
	v := f.decoder.Decode(link, iface, data, wireLen, seg)
	for v == Fragment { // more than once if a tunnel's packet was a fragment, too
		p := f.decoder.fragment
		var g *datagram
		if g, v = f.insert(&p, time, seg); g == nil {
			return v
		}
		id := p.id
		if p.v6 {
			id = 0
		}
		v = f.decoder.transport(g.proto, g.payload(), g.size, id, p.linkID, seg)
	}
	return v
}

// Headers returns the headers of the segment that Add has found last.
func (f *Defragmenter) Headers() Headers { return *f.decoder.headers }

// insert adds p to its datagram, and returns that if it is complete now.
func (f *Defragmenter) insert(p *ipFragment, time int64, seg *flows.Segment) (*datagram, Verdict) {
	end := p.off + p.wire
	if p.wire <= 0 || end > maxDatagram || p.more && end%fragmentAlignment != 0 {
		return nil, Undecoded
	}
	key := fragmentKey{src: seg.SrcIP, dst: seg.DstIP, id: p.id, linkID: p.linkID, proto: p.proto, v6: p.v6}
	if p.v6 {
		key.proto = 0
	}
	f.expire(time)
	element := f.waiting[key]
	if element == nil {
		element = f.order.PushBack(&datagram{key: key, since: time, size: noSize, bytes: datagramOverhead})
		f.waiting[key] = element
		f.bytes += datagramOverhead
	}
	g := element.Value.(*datagram)
	f.bytes += g.insert(p)
	if g.have == g.size {
		f.drop(element)
		return g, TCP
	}
	for f.bytes > maxFragmentBytes || len(f.waiting) > maxDatagrams {
		f.drop(f.order.Front())
	}
	return nil, Fragment
}

// expire drops the datagrams that have waited too long.
func (f *Defragmenter) expire(time int64) {
	for e := f.order.Front(); e != nil && time-e.Value.(*datagram).since > fragmentTimeout; e = f.order.Front() {
		f.drop(e)
	}
}

// drop forgets a datagram.
func (f *Defragmenter) drop(e *list.Element) {
	g := e.Value.(*datagram)
	f.bytes -= g.bytes
	f.order.Remove(e)
	delete(f.waiting, g.key)
}

// insert copies what p adds to g, and returns the memory that this took. Where
// fragments overlap the first one wins, and one that contradicts the
// datagram's end is ignored.
func (g *datagram) insert(p *ipFragment) int {
	off, end := p.off, p.off+p.wire
	last := 0
	if n := len(g.spans); n > 0 {
		last = g.spans[n-1].end
	}
	switch {
	case len(g.spans) >= maxPieces, g.size != noSize && end > g.size, !p.more && end < last:
		return 0
	case !p.more:
		g.size = end
	}
	if off == 0 && (len(g.spans) == 0 || g.spans[0].off > 0) {
		g.proto = p.proto
	}
	before := g.bytes
	i, _ := slices.BinarySearchFunc(g.spans, off, func(s span, off int) int { return s.end - off - 1 })
	for off < end { // fill the holes between the spans from i on
		stop := end
		if i < len(g.spans) {
			stop = min(stop, g.spans[i].off)
		}
		if off < stop {
			g.spans = slices.Insert(g.spans, i, span{off, stop, slices.Clone(within(p.data, off-p.off, stop-p.off))})
			g.have += stop - off
			g.bytes += fragmentOverhead + len(g.spans[i].data)
			i++
		}
		if i == len(g.spans) {
			break
		}
		off = max(off, g.spans[i].end)
		i++
	}
	return g.bytes - before
}

// within returns b[from:to], or as much of it as there is.
func within(b []byte, from, to int) []byte {
	return b[min(from, len(b)):min(to, len(b))]
}

// payload returns what was captured of the datagram up to the first byte that was not.
func (g *datagram) payload() []byte {
	b := make([]byte, 0, g.size)
	for _, s := range g.spans {
		b = append(b, s.data...)
		if len(s.data) < s.end-s.off {
			break
		}
	}
	return b
}
