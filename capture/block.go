package capture

import (
	"math"

	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A block is what a worker reads at once: whole records, the frames in them, and
// then the segments that it has decoded from these. Blocks are reused, with
// their memory.
type block struct {
	pcapfile.Records
	damage    *Damage // of the file, behind the records
	runs      []run   // which files the frames come from
	region    region  // what has been read for it of a plain file, if claimed
	regionBuf []byte  // memory of regions
	first     uint64  // number of the first frame, from 1
	seq       uint64  // its place in the order of delivery

	segs        []flows.Segment
	n           int // how many of segs are in use
	fragments   []fragmentFrame
	reassembled []reassembledFrame
	answers     [][]byte // of DNS, if somebody wants them
	counts      counts
	err         error // the filter does not compile for a link type
}

// A region is what a block has claimed and read of a plain file.
type region struct {
	number  int64
	n       int // bytes read, which lie in regionBuf behind regionHeadroom
	err     error
	claimed bool
}

// regionHeadroom is the room in front of a region's bytes for the partial record
// that the region before ends with. No packet that tcpdump captures is longer;
// for one that is, memory is allocated.
const regionHeadroom = pcapfile.MaxSnapLen + 64

// A run is consecutive frames from one file.
type run struct {
	source      int // index of the file as named
	frames      int
	packet      uint64 // number of the first one within the file
	first, last int64  // earliest and latest time; the worker finds them
}

// noTime is the time of the first packet of a file that has none.
const noTime = math.MaxInt64

// counts are what a worker has counted in its block.
type counts struct {
	bytes               uint64 // on the wire
	cut, tcp, undecoded uint64 // packets
	clock               ClockFaults
}

// A fragmentFrame is an IP fragment. The segment that it may complete is found
// when the block is delivered, and belongs before the segment at index at.
type fragmentFrame struct{ at, frame int }

// A reassembledFrame is a frame that completed a segment from fragments, with the
// segment's headers. The IP header is the last fragment's.
type reassembledFrame struct {
	num uint64
	decode.Headers
}

// clear empties the block and keeps its memory, but for a giant record's.
func (b *block) clear(size int) {
	if cap(b.Buf) > 4*size+pcapfile.MaxSnapLen {
		b.Buf = nil
	}
	b.Buf, b.Frames, b.Side, b.damage = b.Buf[:0], b.Frames[:0], pcapfile.SideRecords{}, nil
	b.runs, b.region = b.runs[:0], region{}
	b.n, b.fragments, b.reassembled, b.counts, b.err = 0, b.fragments[:0], b.reassembled[:0], counts{}, nil
	b.answers = nil
}

// takeSide moves from's side records and damage to b.
func (b *block) takeSide(from *block) {
	b.Side.Take(&from.Side)
	if b.damage == nil {
		b.damage = from.damage
	}
	from.damage = nil
}

// sideEmpty reports whether b has neither side records nor damage.
func (b *block) sideEmpty() bool { return b.Side.Empty() && b.damage == nil }

// truncate drops the frames from the n-th on, and the damage after them, which a
// reader who stops there has not met.
func (b *block) truncate(n int) {
	b.damage = nil
	b.Frames = b.Frames[:n]
	for i := range b.runs {
		r := &b.runs[i]
		if n <= r.frames {
			r.frames = n
			b.runs = b.runs[:i+1]
			return
		}
		n -= r.frames
	}
}

// regionBytes returns what has been read of b's region.
func (b *block) regionBytes() []byte { return b.regionBuf[regionHeadroom : regionHeadroom+b.region.n] }

// joinPartial makes b.Buf of partial, the bytes in front of b's region, and the
// region. It returns partial's memory for reuse, or nil if b.Buf is in it now.
func (b *block) joinPartial(partial []byte) []byte {
	if len(partial) <= regionHeadroom {
		b.Buf = b.regionBuf[regionHeadroom-len(partial) : regionHeadroom+b.region.n]
		copy(b.Buf, partial)
		return partial[:0]
	}
	b.Buf = append(partial, b.regionBytes()...)
	return nil
}
