package capture

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A fileReader reads one file, front to back. While the file is open, only one
// goroutine at a time reads it.
type fileReader struct {
	name   string
	source int // index of the file as named
	stdin  io.Reader
	follow *Follow      // how the file is followed, nil if it is not
	before uint64       // packets of the same source in files before this one
	first  int64        // time of the first packet, or noTime
	done   atomic.Int64 // bytes read, as they lie on disk

	mu      sync.Mutex // guards in against abandon
	in      *input     // nil while closed
	format  pcapfile.Format
	held    pcapfile.Records // frames whose times only those behind them tell to be right or not
	partial []byte           // read behind those, and not part of a whole record yet
	need    int              // how many bytes of it are wanted before the walk goes on, if known
	offset  int64            // of partial in the uncompressed file
	packets uint64           // found so far
	ended   bool

	clock     clockWatch
	unwatched bool // times stay as the file has them

	// For files that overlap in time with others:
	fileID       uint32 // tells their interfaces apart
	buffered     block  // frames that wait for those of other files
	nextBuffered int    // index of the first of them that still waits
}

// open opens the file and reads its header.
func (f *fileReader) open() error {
	f.done.Store(0)
	in, head, err := openInput(f.name, f.stdin, &f.done, f.follow)
	if err != nil {
		return err
	}
	f.format, f.partial, err = pcapfile.Open(in.r, head, f.source)
	if err != nil {
		if _, ok := errors.AsType[*pcapfile.NotCaptureError](err); ok && in.suffix != "" {
			err = fmt.Errorf("inside %s: %w", in.suffix, err)
		}
		in.close()
		return err
	}
	f.setInput(in)
	f.offset, f.packets, f.ended = f.format.HeaderLen(), 0, false
	f.clock, f.held = clockWatch{waits: true}, pcapfile.Records{}
	return nil
}

// close closes the file.
func (f *fileReader) close() {
	if f.in != nil {
		f.in.close()
		f.setInput(nil)
	}
}

// setInput sets f.in.
func (f *fileReader) setInput(in *input) {
	f.mu.Lock()
	f.in = in
	f.mu.Unlock()
}

// abandon closes the file under a reader that may be waiting for it.
func (f *fileReader) abandon() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.in != nil && f.in.file != nil {
		f.in.file.Close()
	}
}

// probe reads on until the first packet or, if that is all that is wanted, the
// first link type is known. What it reads waits in
// f.buffered.
func (f *fileReader) probe(onlyLink bool) {
	found := pcapfile.SideRecords{Links: f.format.LinkTypes()}
	for !f.ended && !f.hasBuffered() && !(onlyLink && len(found.Links) > 0) {
		f.read(&f.buffered, probeSize)
		found.Take(&f.buffered.Side)
	}
	f.buffered.Side = found
	f.first = noTime
	if f.hasBuffered() {
		f.first = f.buffered.Frames[0].Time
	}
}

// rewind closes a file that can be opened again, and forgets what was read.
func (f *fileReader) rewind() {
	if f.in.regular {
		f.close()
		f.done.Store(0)
		f.buffered = block{}
	}
}

// probeSize is how much of a file is read at once when it waits for others.
const probeSize = 64 << 10

// hasBuffered reports whether frames wait in f.buffered.
func (f *fileReader) hasBuffered() bool { return f.nextBuffered < len(f.buffered.Frames) }

// read fills b, which is empty, with the next records that hold a frame or a
// side record; if b has claimed a region, with what is in there, even if no record
// ends in it. After the last records it sets f.ended.
func (f *fileReader) read(b *block, size int) {
	inRegion := b.region.claimed
	held, old := len(f.held.Buf), len(f.held.Frames)
	switch {
	case inRegion && b.region.err == nil && len(f.partial)+b.region.n < f.need:
		f.partial = append(f.partial, b.regionBytes()...)
		return
	case inRegion && held == 0:
		f.partial = b.joinPartial(f.partial)
	case inRegion:
		f.partial = b.joinPartial(append(f.held.Buf, f.partial...))
	default:
		b.Buf = append(append(b.Buf[:0], f.held.Buf...), f.partial...)
		f.partial = f.partial[:0]
	}
	b.Frames = append(b.Frames, f.held.Frames...)
	f.held = pcapfile.Records{}
	for f.need = 0; !f.ended; {
		err := b.region.err
		if !inRegion {
			target := held + max(size, min(f.need, 2*(len(b.Buf)-held)))
			b.Buf, err = f.in.more(b.Buf, target)
		}
		f.ended = err != nil
		at, n, damage := f.format.Walk(&b.Records, held)
		f.noteEnd(b, at, held, err, damage)
		f.need = n
		f.offset += int64(at - held)
		if inRegion || len(b.Frames) > old || !b.sideEmpty() {
			f.partial = append(f.partial, b.Buf[at:]...)
			b.Buf = b.Buf[:at]
			break
		}
		b.Buf = b.Buf[:held+copy(b.Buf[held:], b.Buf[at:])] // only other records: make room
	}
	if !f.unwatched {
		f.hold(b, f.clock.check(b.Frames, f.ended, f.laterTime))
	}
	f.packets += uint64(len(b.Frames))
	f.in.sawTimes(b.Frames)
}

// noteEnd notes what is wrong behind b.Buf[:at], if anything is: that a record there is
// damaged, or that the file ends, by err, inside one.
func (f *fileReader) noteEnd(b *block, at, held int, err, damage error) {
	switch {
	case damage != nil:
		f.noteDamage(b, at-held, damage)
	case f.ended && err != io.EOF && err != io.ErrUnexpectedEOF:
		f.noteDamage(b, at-held, fmt.Errorf("read: %w", err))
	case f.ended && f.in.stopped(): // what is not whole is still being written
	case f.ended && (at < len(b.Buf) || err == io.ErrUnexpectedEOF):
		f.noteDamage(b, at-held, errCut)
	}
}

// hold takes the frames of b from the i-th on away until others follow.
func (f *fileReader) hold(b *block, i int) {
	if i == len(b.Frames) {
		return
	}
	from := b.Frames[i].Off
	f.held.Buf = append([]byte(nil), b.Buf[from:]...)
	f.held.Frames = append([]pcapfile.Frame(nil), b.Frames[i:]...)
	for j := range f.held.Frames {
		f.held.Frames[j].Off -= from
	}
	b.Frames, b.Buf = b.Frames[:i], b.Buf[:from]
}

// errCut is the damage of a file that was cut.
var errCut = errors.New("the file ends inside a record")

// noteDamage notes that the file cannot be read beyond b.Buf[:at].
func (f *fileReader) noteDamage(b *block, at int, err error) {
	f.ended = true
	if b.damage == nil {
		b.damage = &Damage{
			Source: f.name,
			Packet: f.packets + uint64(len(b.Frames)) + 1,
			Offset: f.offset + int64(at),
			Reason: err.Error(),
		}
	}
}

// holdBack moves the frames of b from the i-th on to f.buffered: other files have
// frames that come before them.
func (f *fileReader) holdBack(b *block, i int) {
	a := &f.buffered
	from := b.Frames[i].Off
	a.Buf = append(a.Buf[:0], b.Buf[from:]...)
	a.Frames = append(a.Frames[:0], b.Frames[i:]...)
	for j := range a.Frames {
		a.Frames[j].Off -= from
	}
	if b.Frames = b.Frames[:i]; i == 0 {
		b.Buf = b.Buf[:0]
	}
	f.nextBuffered = 0
}

// refill reads until frames wait in f.buffered, and moves side records to b. It
// reports false at the end of the file.
func (f *fileReader) refill(b *block) bool {
	if f.hasBuffered() {
		return true
	}
	for !f.hasBuffered() && !f.ended {
		f.buffered.clear(probeSize)
		f.nextBuffered = 0
		f.read(&f.buffered, probeSize)
		b.takeSide(&f.buffered)
	}
	return f.hasBuffered()
}

// nextPacket is the number within the file of the first frame that waits.
func (f *fileReader) nextPacket() uint64 {
	return f.before + f.packets - uint64(len(f.buffered.Frames)-f.nextBuffered) + 1
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
