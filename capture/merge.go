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
	size    int       // of a block
	waiting []*cursor // not begun, by first packet
	active  []*cursor // in the same order
	frames  uint64    // handed out
}

// next fills b, which is clear but for a stretch, with the next frames, and
// reports false after the last ones. A block without frames brings news, or it
// is a stretch in which no record ends.
func (m *merger) next(b *block) bool {
	for len(b.Frames) == 0 && b.quiet() {
		if len(m.active) == 0 && !m.activate(b) {
			return false
		}
		if len(m.active) == 1 && !m.active[0].waiting() {
			m.alone(b)
		} else {
			m.merge(b)
		}
		if b.stretch.claimed {
			break
		}
	}
	b.first = m.frames + 1
	m.frames += uint64(len(b.Frames))
	return true
}

// activate begins with the next file, and reports false if there is none.
func (m *merger) activate(b *block) bool {
	if len(m.waiting) == 0 {
		return false
	}
	c := m.waiting[0]
	m.waiting = m.waiting[1:]
	if c.in == nil {
		if err := c.open(); err != nil {
			b.takeNews(&block{damage: &Damage{Source: c.name, Packet: 1, Reason: fmt.Sprintf("open again: %v", err)}})
			return true
		}
	}
	for _, l := range c.format.LinkTypes() {
		b.Side.AddLink(l)
	}
	b.takeNews(&c.ahead)
	for slices.ContainsFunc(m.active, func(other *cursor) bool { return other.lane == c.lane }) {
		c.lane++
	}
	m.active = append(m.active, c)
	return true
}

// limit is the time of the first frame of the files that have not begun.
func (m *merger) limit() int64 {
	if len(m.waiting) == 0 {
		return math.MaxInt64
	}
	return m.waiting[0].first
}

// alone passes on a block of the only active file, as far as it comes before
// the files that have not begun.
func (m *merger) alone(b *block) {
	c := m.active[0]
	if c.ended {
		m.end(c)
		return
	}
	packet := c.packets + 1
	c.read(b, m.size)
	if n := cut(b.Frames, m.limit()); n < len(b.Frames) {
		c.keep(b, n)
	}
	if c.lane != 0 {
		for i := range b.Frames {
			b.Frames[i].Iface |= c.lane << laneShift
		}
	}
	if len(b.Frames) > 0 {
		b.runs = append(b.runs, run{source: c.source, frames: len(b.Frames), packet: packet})
	}
}

// laneShift leaves room for maxInterfaces. Files that do not overlap share a
// lane, as rotated files share an interface.
const laneShift = 16

// end closes a file that has been read.
func (m *merger) end(c *cursor) {
	c.close()
	c.ahead = block{}
	m.active = slices.DeleteFunc(m.active, func(other *cursor) bool { return other == c })
}

// merge fills b with frames of several files. It stops when one is left that
// has no frames waiting, so that its blocks need not be copied.
func (m *merger) merge(b *block) {
	for len(b.Buf) < m.size && len(b.Frames) <= m.size/16 {
		for _, c := range slices.Clone(m.active) {
			if len(m.active) == 1 && !c.waiting() {
				return
			}
			if !c.refill(b) {
				m.end(c)
			}
		}
		c, limit := m.earliest()
		switch {
		case c != nil:
			m.take(b, c, limit)
		case !m.activate(b):
			return
		}
	}
}

// earliest returns the active file whose frame is next, and up to which time
// its frames come before all others'. It returns nil if a file is next that
// has not begun.
func (m *merger) earliest() (c *cursor, limit int64) {
	head := func(c *cursor) int64 { return c.ahead.Frames[c.next].Time }
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

// take copies the frames of c that wait and are not later than limit to b, the
// first one in any case.
func (m *merger) take(b *block, c *cursor, limit int64) {
	r := run{source: c.source, packet: c.packet()}
	for c.waiting() && len(b.Buf) < m.size {
		f := c.ahead.Frames[c.next]
		if r.frames > 0 && f.Time > limit {
			break
		}
		data := c.ahead.Buf[f.Off : f.Off+f.CapLen]
		f.Off = uint32(len(b.Buf))
		f.Iface |= c.lane << laneShift
		b.Buf = append(b.Buf, data...)
		b.Frames = append(b.Frames, f)
		c.next++
		r.frames++
	}
	b.runs = append(b.runs, r)
}
