package capture

import (
	"io"
	"os"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// regions hands out the regions of one plain file, which is neither compressed
// nor a pipe: so all workers read it side by side, each a region of its own into
// its own block. Only the search for records goes in the order of the file,
// because where a region's first record begins is known when the region before
// has been searched.
type regions struct {
	active  atomic.Bool // the fields below are set
	file    *os.File
	start   int64 // offset of the first region in the file
	size    int64 // of a region, in bytes
	done    *atomic.Int64
	claimed atomic.Int64 // how many regions workers have claimed
	next    atomic.Int64 // number of the region to be searched next
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

// begin switches to regions if only one file is left, a plain one, and all that
// has been read of it but a partial record has been passed on.
func (r *regions) begin(m *merger) {
	if len(m.waiting) > 0 || len(m.active) != 1 {
		return
	}
	f := m.active[0]
	if f.ended || f.hasBuffered() || !f.in.plain() {
		return
	}
	at, err := f.in.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	r.file, r.start, r.size, r.done = f.in.file, at, int64(m.size), &f.done
	r.active.Store(true)
}

// claim claims the next region for b and reads it, if regions are active.
func (r *regions) claim(b *block) {
	if !r.active.Load() {
		return
	}
	if b.regionBuf == nil {
		b.regionBuf = make([]byte, regionHeadroom+r.size)
	}
	x := region{number: r.claimed.Add(1) - 1, claimed: true}
	x.n, x.err = r.file.ReadAt(b.regionBuf[regionHeadroom:], r.start+x.number*r.size)
	r.done.Add(int64(x.n))
	x.err = pcapfile.TrimPath(x.err)
	b.region = x
}

// isNext reports whether b's region is the one to be searched next.
func (r *regions) isNext(b *block) bool { return r.next.Load() == b.region.number }

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
