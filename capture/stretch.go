package capture

import (
	"io"
	"os"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A file that is neither compressed nor a pipe is read by all workers side by
// side: each claims the next stretch of it and reads that into its own block,
// behind room for what the stretch before leaves of its last record. Only the
// walk over the records goes in turns.

// stretches hands out one file.
type stretches struct {
	on      atomic.Bool
	file    *os.File
	base    int64 // where the first stretch begins
	size    int64
	done    *atomic.Int64 // bytes read
	claimed atomic.Int64
	turn    atomic.Int64 // the stretch that is to be walked next
}

// A stretch is what a block has claimed of a file and read.
type stretch struct {
	number  int64
	n       int // its bytes are in the block's space behind stretchRoom
	err     error
	claimed bool
}

// stretchRoom is in front of a stretch. Where more is left over, memory is
// allocated: no packet that tcpdump captures is longer.
const stretchRoom = pcapfile.MaxSnapLen + 64

// begin goes over to stretches if there is one plain file left, and all that
// has been read of it is in its carry.
func (s *stretches) begin(m *merger) {
	if len(m.waiting) > 0 || len(m.active) != 1 {
		return
	}
	c := m.active[0]
	if c.ended || c.waiting() || !c.in.plain() {
		return
	}
	at, err := c.in.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	s.file, s.base, s.size, s.done = c.in.file, at, int64(m.size), &c.done
	s.on.Store(true)
}

// claim reads the next stretch into b's space, if there are stretches.
func (s *stretches) claim(b *block) {
	if !s.on.Load() {
		return
	}
	if b.space == nil {
		b.space = make([]byte, stretchRoom+s.size)
	}
	x := stretch{number: s.claimed.Add(1) - 1, claimed: true}
	x.n, x.err = s.file.ReadAt(b.space[stretchRoom:], s.base+x.number*s.size)
	s.done.Add(int64(x.n))
	x.err = pcapfile.TrimPath(x.err)
	b.stretch = x
}

// due reports whether it is the turn of the stretch of b.
func (s *stretches) due(b *block) bool { return s.turn.Load() == b.stretch.number }

// stretchBytes returns what b's stretch has read.
func (b *block) stretchBytes() []byte { return b.space[stretchRoom : stretchRoom+b.stretch.n] }

// join makes b.buf of carry, the bytes before, and b's stretch. It returns the
// memory of carry, nil if that has become part of b.buf.
func (b *block) join(carry []byte) []byte {
	if len(carry) <= stretchRoom {
		b.Buf = b.space[stretchRoom-len(carry) : stretchRoom+b.stretch.n]
		copy(b.Buf, carry)
		return carry[:0]
	}
	b.Buf = append(carry, b.stretchBytes()...)
	return nil
}
