package capture

import (
	"fmt"
	"math"
	"slices"
)

// A merger reads several files as one capture. As mergecap does, it takes the
// earliest of the files' next frames; of equal times, the frame of the file
// whose first packet is earlier, then of the one that was named first. While
// one file's frames come before all others', its blocks are passed on as they
// were read; only where files overlap are frames copied.
type merger struct {
	size    int           // of a block, in bytes
	waiting []*fileReader // not begun, by the time of their first packet
	active  []*fileReader // begun and not ended, in the same order
	frames  uint64        // numbered so far

	// successor returns the reader of the file that goes on where one ends, or nil.
	successor func(*fileReader) *fileReader
}

// next fills b, which is clear but for a region, with the next frames, and
// reports false after the last ones. A block without frames brings side records,
// or it has a region in which no record ends.
func (m *merger) next(b *block) bool {
	for len(b.Frames) == 0 && b.sideEmpty() {
		if len(m.active) == 0 && !m.activate(b) {
			return false
		}
		if len(m.active) == 1 && !m.active[0].hasBuffered() {
			m.passThrough(b)
		} else {
			m.merge(b)
		}
		if b.region.claimed {
			break
		}
	}
	b.first = m.frames + 1
	m.frames += uint64(len(b.Frames))
	return true
}

// onlyPlain returns the file that is left if it is the only one, is plain, and no
// frames of it wait; else nil.
func (m *merger) onlyPlain() *fileReader {
	if len(m.waiting) > 0 || len(m.active) != 1 {
		return nil
	}
	f := m.active[0]
	if f.ended || f.hasBuffered() || !f.in.plain() {
		return nil
	}
	return f
}

// activate begins with the next file, and reports false if there is none.
func (m *merger) activate(b *block) bool {
	if len(m.waiting) == 0 {
		return false
	}
	f := m.waiting[0]
	m.waiting = m.waiting[1:]
	if f.in == nil {
		if err := f.open(); err != nil && f.stopped() {
			return false
		} else if err != nil {
			b.takeSide(&block{damage: &Damage{Source: f.name, Packet: 1, Reason: fmt.Sprintf("open it again: %v", err)}})
			return true
		}
	}
	for _, l := range f.format.LinkTypes() {
		b.Side.AddLink(l)
	}
	b.takeSide(&f.buffered)
	for slices.ContainsFunc(m.active, func(other *fileReader) bool { return other.fileID == f.fileID }) {
		f.fileID++
	}
	m.active = append(m.active, f)
	return true
}

// limit is the time of the first frame of the files that have not begun.
func (m *merger) limit() int64 {
	if len(m.waiting) == 0 {
		return math.MaxInt64
	}
	return m.waiting[0].first
}

// passThrough reads a block of the only active file, as far as it comes before the
// files that have not begun.
func (m *merger) passThrough(b *block) {
	f := m.active[0]
	if f.ended {
		m.end(f)
		return
	}
	packet := f.before + f.packets + 1
	f.read(b, m.size)
	if n := cut(b.Frames, m.limit()); n < len(b.Frames) {
		f.holdBack(b, n)
	}
	if f.fileID != 0 {
		for i := range b.Frames {
			b.Frames[i].Iface |= f.fileID << fileIDShift
		}
	}
	if len(b.Frames) > 0 {
		b.runs = append(b.runs, run{source: f.source, frames: len(b.Frames), packet: packet})
	}
}

// fileIDShift leaves room for all interfaces that a pcapng section may declare.
// Files that do not overlap share a fileID, as rotated files share an interface.
const fileIDShift = 16

// end closes a file that has been read.
func (m *merger) end(f *fileReader) {
	if next := m.successor(f); next != nil {
		m.waiting = append(m.waiting, next)
	}
	f.close()
	f.buffered = block{}
	m.active = slices.DeleteFunc(m.active, func(other *fileReader) bool { return other == f })
}

// merge fills b with frames of several files. It stops when one is left that
// has no frames waiting, so that its blocks need not be copied.
func (m *merger) merge(b *block) {
	for len(b.Buf) < m.size && len(b.Frames) <= m.size/16 {
		for _, f := range slices.Clone(m.active) {
			if len(m.active) == 1 && !f.hasBuffered() {
				return
			}
			if !f.refill(b) {
				m.end(f)
			}
		}
		f, limit := m.earliest()
		switch {
		case f != nil:
			m.copyRun(b, f, limit)
		case !m.activate(b):
			return
		}
	}
}

// earliest returns the active file whose frame is next, and up to which time
// its frames come before all others'. It returns nil if a file is next that
// has not begun.
func (m *merger) earliest() (f *fileReader, limit int64) {
	head := func(f *fileReader) int64 { return f.buffered.Frames[f.nextBuffered].Time }
	at := 0
	for i, other := range m.active {
		if head(other) < head(m.active[at]) {
			at = i
		}
	}
	limit = m.limit()
	if len(m.active) == 0 || len(m.waiting) > 0 && head(m.active[at]) > limit {
		return nil, 0
	}
	for i, other := range m.active {
		switch {
		case i < at: // goes first at equal times
			limit = min(limit, before(head(other)))
		case i > at:
			limit = min(limit, head(other))
		}
	}
	return m.active[at], limit
}

// before is the time just before t.
func before(t int64) int64 {
	if t == math.MinInt64 {
		return t
	}
	return t - 1
}

// copyRun copies the frames of f that wait and are not later than limit to b, the
// first one in any case.
func (m *merger) copyRun(b *block, f *fileReader, limit int64) {
	r := run{source: f.source, packet: f.nextPacket()}
	for f.hasBuffered() && len(b.Buf) < m.size {
		x := f.buffered.Frames[f.nextBuffered]
		if r.frames > 0 && x.Time > limit {
			break
		}
		data := f.buffered.Buf[x.Off : x.Off+x.CapLen]
		x.Off = uint32(len(b.Buf))
		x.Iface |= f.fileID << fileIDShift
		b.Buf = append(b.Buf, data...)
		b.Frames = append(b.Frames, x)
		f.nextBuffered++
		r.frames++
	}
	b.runs = append(b.runs, r)
}
