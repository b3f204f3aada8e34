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

// begin switches to regions of size bytes of f, which has been read up to a partial
// record.
func (r *regions) begin(f *fileReader, size int) {
	at, err := f.in.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	r.file, r.start, r.size, r.done = f.in.file, at, int64(size), &f.done
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
