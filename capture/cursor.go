package capture

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A run is consecutive frames from one source.
type run struct {
	source      int
	frames      int
	packet      uint64 // number of the first one within the source
	first, last int64  // earliest and latest time; the worker finds them
}

// A block is what a worker takes at once: whole records and the frames in
// them, and then what it has decoded. Blocks are reused.
type block struct {
	pcapfile.Records
	damage  *Damage // of the file, behind the records
	runs    []run
	stretch stretch
	space   []byte // for stretches
	first   uint64 // number of the first frame
	ticket  uint64 // its turn

	segs  []flows.Segment
	n     int // how many of segs are in use
	late  []lateFrame
	whole []joined // of late, those that complete a segment
	tally tally
	err   error // the filter does not compile for a link type
}

// clear empties the block and keeps its memory, but for that of a giant.
func (b *block) clear(size int) {
	if cap(b.Buf) > 4*size+pcapfile.MaxSnapLen {
		b.Buf = nil
	}
	b.Buf, b.Frames, b.Side, b.damage = b.Buf[:0], b.Frames[:0], pcapfile.SideRecords{}, nil
	b.runs, b.stretch = b.runs[:0], stretch{}
	b.n, b.late, b.whole, b.tally, b.err = 0, b.late[:0], b.whole[:0], tally{}, nil
}

// takeNews moves what from has beside its frames to b.
func (b *block) takeNews(from *block) {
	b.Side.Take(&from.Side)
	if b.damage == nil {
		b.damage = from.damage
	}
	from.damage = nil
}

// quiet reports whether b says nothing beside its frames.
func (b *block) quiet() bool { return b.Side.Empty() && b.damage == nil }

// A cursor reads one file, front to back.
type cursor struct {
	name   string
	source int
	stdin  io.Reader
	first  int64        // time of the first packet, or noTime
	done   atomic.Int64 // bytes read, as they lie on disk

	mu      sync.Mutex // for who closes the file while it is read
	in      *input     // nil while closed; only its reader sets it
	format  pcapfile.Format
	carry   []byte // read, and not yet walked
	need    int    // how much of it is to be had before the walk goes on, if that is known
	offset  int64  // of carry in the uncompressed file
	packets uint64 // found so far
	ended   bool

	lane  uint32 // tells interfaces of files apart that overlap in time
	ahead block  // frames that wait for those of other files
	next  int    // the first of them that still waits
}

// open opens the file and reads its header.
func (c *cursor) open() error {
	c.done.Store(0)
	in, head, err := openInput(c.name, c.stdin, &c.done)
	if err != nil {
		return err
	}
	c.format, c.carry, err = pcapfile.Open(in.r, head, c.source)
	if err != nil {
		if _, ok := errors.AsType[*pcapfile.NotCaptureError](err); ok && in.suffix != "" {
			err = fmt.Errorf("inside %s: %w", in.suffix, err)
		}
		in.close()
		return err
	}
	c.set(in)
	c.offset, c.packets, c.ended = c.format.HeaderLen(), 0, false
	return nil
}

// close closes the file.
func (c *cursor) close() {
	if c.in != nil {
		c.in.close()
		c.set(nil)
	}
}

func (c *cursor) set(in *input) {
	c.mu.Lock()
	c.in = in
	c.mu.Unlock()
}

// abandon closes the file under a reader that may be waiting for it.
func (c *cursor) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in != nil && c.in.file != nil {
		c.in.file.Close()
	}
}

// probe reads on until the first packet or, if that is all that is wanted, the
// first link type is known. What it reads waits in c.ahead.
func (c *cursor) probe(onlyLink bool) {
	found := pcapfile.SideRecords{Links: c.format.LinkTypes()}
	for !c.ended && !c.waiting() && !(onlyLink && len(found.Links) > 0) {
		c.read(&c.ahead, probeSize)
		found.Take(&c.ahead.Side)
	}
	c.ahead.Side = found
	c.first = noTime
	if c.waiting() {
		c.first = c.ahead.Frames[0].Time
	}
}

// rewind closes a file that can be opened again, and forgets what was read.
func (c *cursor) rewind() {
	if c.in.regular {
		c.close()
		c.done.Store(0)
		c.ahead = block{}
	}
}

// probeSize is how much of a file is read at once when it waits for others.
const probeSize = 64 << 10

// waiting reports whether frames wait in c.ahead.
func (c *cursor) waiting() bool { return c.next < len(c.ahead.Frames) }

// read fills b, which is empty, with the next records that hold a frame or
// news; if b is a stretch, with what that brings. After the last ones, c.ended
// is set.
func (c *cursor) read(b *block, size int) {
	direct := b.stretch.claimed
	switch {
	case direct && b.stretch.err == nil && len(c.carry)+b.stretch.n < c.need:
		c.carry = append(c.carry, b.stretchBytes()...)
		return
	case direct:
		c.carry = b.join(c.carry)
	default:
		b.Buf = append(b.Buf[:0], c.carry...)
		c.carry = c.carry[:0]
	}
	for c.need = 0; !c.ended; {
		err := b.stretch.err
		if !direct {
			target := max(size, min(c.need, 2*len(b.Buf)))
			b.Buf, err = c.in.more(b.Buf, target)
		}
		c.ended = err != nil
		at, n, damage := c.format.Walk(&b.Records, 0)
		switch {
		case damage != nil:
			c.damaged(b, at, damage)
		case c.ended && err != io.EOF && err != io.ErrUnexpectedEOF:
			c.damaged(b, at, fmt.Errorf("read: %w", err))
		case c.ended && (at < len(b.Buf) || err == io.ErrUnexpectedEOF):
			c.damaged(b, at, errCut)
		}
		c.need = n
		c.offset += int64(at)
		if direct || len(b.Frames) > 0 || !b.quiet() {
			c.carry = append(c.carry, b.Buf[at:]...)
			break
		}
		b.Buf = b.Buf[:copy(b.Buf, b.Buf[at:])] // only other records: make room
	}
	c.packets += uint64(len(b.Frames))
}

var errCut = errors.New("the file ends inside a record")

// damaged notes that the file cannot be read beyond b.buf[at:].
func (c *cursor) damaged(b *block, at int, err error) {
	c.ended = true
	if b.damage == nil {
		b.damage = &Damage{
			Source: c.name,
			Packet: c.packets + uint64(len(b.Frames)) + 1,
			Offset: c.offset + int64(at),
			Reason: err.Error(),
		}
	}
}

// keep moves the frames of b from the i-th on to c.ahead: other files have
// frames that come before them.
func (c *cursor) keep(b *block, i int) {
	a := &c.ahead
	from := b.Frames[i].Off
	a.Buf = append(a.Buf[:0], b.Buf[from:]...)
	a.Frames = append(a.Frames[:0], b.Frames[i:]...)
	for j := range a.Frames {
		a.Frames[j].Off -= from
	}
	if b.Frames = b.Frames[:i]; i == 0 {
		b.Buf = b.Buf[:0]
	}
	c.next = 0
}

// refill makes frames wait in c.ahead if the file has more, and adds what
// else it reads to b. It reports false at the end of the file.
func (c *cursor) refill(b *block) bool {
	if c.waiting() {
		return true
	}
	for !c.waiting() && !c.ended {
		c.ahead.clear(probeSize)
		c.next = 0
		c.read(&c.ahead, probeSize)
		b.takeNews(&c.ahead)
	}
	return c.waiting()
}

// packet is the number within the source of the first frame that waits.
func (c *cursor) packet() uint64 {
	return c.packets - uint64(len(c.ahead.Frames)-c.next) + 1
}

// cut returns how many of the frames come, in order, before the first one
// that is later than limit.
func cut(frames []pcapfile.Frame, limit int64) int {
	if limit == math.MaxInt64 {
		return len(frames)
	}
	for i := range frames {
		if frames[i].Time > limit {
			return i
		}
	}
	return len(frames)
}
