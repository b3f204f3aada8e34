package capture

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/flows"
)

// maxRecord bounds the length of a record: more is taken for damage. A
// pcapng block of 16 MiB is the most that libpcap reads, too.
const maxRecord = 16 << 20

// A frame is one packet of a block.
type frame struct {
	time    int64  // nanoseconds since the Unix epoch
	off     uint32 // of its bytes in the block's buffer
	capLen  uint32
	wireLen uint32 // at least capLen
	link    linkType
	iface   uint32
	kind    frameKind
}

// frameKind tells what a frame lacks, if anything.
type frameKind uint8

const (
	timedPacket frameKind = iota
	untimed               // its time is that of the packet before
	notPacket             // a record that has a number and nothing else
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
	buf     []byte
	frames  []frame
	runs    []run
	news    news
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
	if cap(b.buf) > 4*size+maxPlain {
		b.buf = nil
	}
	b.buf, b.frames, b.runs, b.news, b.stretch = b.buf[:0], b.frames[:0], b.runs[:0], news{}, stretch{}
	b.n, b.late, b.whole, b.tally, b.err = 0, b.late[:0], b.whole[:0], tally{}, nil
}

// maxPlain is the longest packet that tcpdump captures unless told otherwise
// (MAXIMUM_SNAPLEN of libpcap).
const maxPlain = 256 << 10

// A format finds the records of one capture file. It is told the bytes in
// pieces and keeps what earlier records have declared.
type format interface {
	// name is what [SourceStats.Format] says.
	name() string
	// linkTypes are those that are known before the first record.
	linkTypes() []linkType
	// walk appends to b.frames those whose records lie whole in b.buf[at:],
	// and to b.news what else it reads. It returns where the first record
	// begins that is not whole, and how many bytes of it are needed to tell
	// more. An error says that this record is damaged.
	walk(b *block, at int) (next, need int, err error)
}

// A cursor reads one file, front to back.
type cursor struct {
	name   string
	source int
	stdin  io.Reader
	first  int64        // time of the first packet, or noTime
	done   atomic.Int64 // bytes read, as they lie on disk

	mu      sync.Mutex // for who closes the file while it is read
	in      *input     // nil while closed; only its reader sets it
	format  format
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
	c.format, c.carry, err = newFormat(in, head, c.source)
	if err != nil {
		in.close()
		return err
	}
	c.set(in)
	c.offset, c.packets, c.ended = 0, 0, false
	if c.format.name() != formatPcapng {
		c.offset = pcapHeaderLen
	}
	return nil
}

// newFormat reads the header of a capture that begins with head, and returns
// what has been read beyond it.
func newFormat(in *input, head []byte, source int) (format, []byte, error) {
	switch {
	case isPcapng(head):
		return &pcapngFile{source: source}, head, nil
	case isPcap(head):
		h := make([]byte, pcapHeaderLen)
		copy(h, head)
		if _, err := io.ReadFull(in.r, h[len(head):]); err != nil {
			if cutEOF(err) == io.ErrUnexpectedEOF {
				err = errors.New("not a capture: the file ends inside its header")
			}
			return nil, nil, reason(err)
		}
		p, err := newPcap(h)
		return p, nil, err
	}
	more := make([]byte, 12)
	n, _ := io.ReadFull(in.r, more)
	err := notCapture(append(head, more[:n]...))
	if in.suffix != "" {
		err = fmt.Errorf("inside %s: %w", in.suffix, err)
	}
	return nil, nil, err
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
	found := news{links: c.format.linkTypes()}
	for !c.ended && !c.waiting() && !(onlyLink && len(found.links) > 0) {
		c.read(&c.ahead, probeSize)
		found.add(&c.ahead.news)
	}
	c.ahead.news = found
	c.first = noTime
	if c.waiting() {
		c.first = c.ahead.frames[0].time
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
func (c *cursor) waiting() bool { return c.next < len(c.ahead.frames) }

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
		b.buf = append(b.buf[:0], c.carry...)
		c.carry = c.carry[:0]
	}
	for c.need = 0; !c.ended; {
		err := b.stretch.err
		if !direct {
			target := max(size, min(c.need, 2*len(b.buf)))
			b.buf, err = c.in.more(b.buf, target)
		}
		c.ended = err != nil
		at, n, damage := c.format.walk(b, 0)
		switch {
		case damage != nil:
			c.damaged(b, at, damage)
		case c.ended && err != io.EOF && err != io.ErrUnexpectedEOF:
			c.damaged(b, at, fmt.Errorf("read: %w", err))
		case c.ended && (at < len(b.buf) || err == io.ErrUnexpectedEOF):
			c.damaged(b, at, errCut)
		}
		c.need = n
		c.offset += int64(at)
		if direct || len(b.frames) > 0 || !b.news.empty() {
			c.carry = append(c.carry, b.buf[at:]...)
			break
		}
		b.buf = b.buf[:copy(b.buf, b.buf[at:])] // only other records: make room
	}
	c.packets += uint64(len(b.frames))
}

var errCut = errors.New("the file ends inside a record")

// damaged notes that the file cannot be read beyond b.buf[at:].
func (c *cursor) damaged(b *block, at int, err error) {
	c.ended = true
	if b.news.damage == nil {
		b.news.damage = &Damage{
			Source: c.name,
			Packet: c.packets + uint64(len(b.frames)) + 1,
			Offset: c.offset + int64(at),
			Reason: err.Error(),
		}
	}
}

// keep moves the frames of b from the i-th on to c.ahead: other files have
// frames that come before them.
func (c *cursor) keep(b *block, i int) {
	a := &c.ahead
	from := b.frames[i].off
	a.buf = append(a.buf[:0], b.buf[from:]...)
	a.frames = append(a.frames[:0], b.frames[i:]...)
	for j := range a.frames {
		a.frames[j].off -= from
	}
	if b.frames = b.frames[:i]; i == 0 {
		b.buf = b.buf[:0]
	}
	c.next = 0
}

// refill makes frames wait in c.ahead if the file has more, and adds what
// else it reads to n. It reports false at the end of the file.
func (c *cursor) refill(n *news) bool {
	if c.waiting() {
		return true
	}
	for !c.waiting() && !c.ended {
		c.ahead.clear(probeSize)
		c.next = 0
		c.read(&c.ahead, probeSize)
		n.add(&c.ahead.news)
	}
	return c.waiting()
}

// packet is the number within the source of the first frame that waits.
func (c *cursor) packet() uint64 {
	return c.packets - uint64(len(c.ahead.frames)-c.next) + 1
}

// cut returns how many of the frames come, in order, before the first one
// that is later than limit.
func cut(frames []frame, limit int64) int {
	if limit == math.MaxInt64 {
		return len(frames)
	}
	for i := range frames {
		if frames[i].time > limit {
			return i
		}
	}
	return len(frames)
}
