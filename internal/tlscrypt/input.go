package tlscrypt

// Stamp says when bytes came, and in which packet.
type Stamp struct {
	At  int64  // of the packet, ns since the epoch
	Now int64  // when they were in sequence
	Num uint64 // frame number of the packet
}

// input is what came in one direction and is not read yet: records that are not whole,
// and those whose keys are not there. The zero input is empty.
type input struct {
	b     []byte // from off on
	off   int
	marks []mark // when the bytes from off on came
	lent  []byte // bytes of the caller that follow
	stamp Stamp  // of them
}

// maxMarks is how many packets are told apart that bytes of a direction came in: of more the
// last ones count as one.
const maxMarks = 1 << 8

// mark says when a number of bytes came.
type mark struct {
	n int
	Stamp
}

// len returns how many bytes there are.
func (x *input) len() int { return len(x.b) - x.off + len(x.lent) }

// peek returns the first n bytes, which must be there. They are valid until keep.
func (x *input) peek(n int, t *Table) []byte {
	if len(x.b) == x.off {
		return x.lent[:n]
	}
	if more := n - (len(x.b) - x.off); more > 0 && !x.move(more, t) {
		return nil
	}
	return x.b[x.off : x.off+n]
}

// move moves bytes that are lent to those that are kept, and reports whether there was
// room for them.
func (x *input) move(n int, t *Table) bool {
	if n == 0 {
		return true
	}
	if x.off > 0 && len(x.b)+n > cap(x.b) {
		x.b = x.b[:copy(x.b, x.b[x.off:])]
		x.off = 0
	}
	if len(x.b)+n > cap(x.b) {
		b := t.hold(len(x.b) + n)
		if b == nil {
			return false
		}
		b = append(b, x.b...)
		t.release(x.b)
		x.b = b
	}
	x.b = append(x.b, x.lent[:n]...)
	x.lent = x.lent[n:]
	if k := len(x.marks); k > 0 && (x.marks[k-1].Stamp == x.stamp || k == maxMarks) {
		x.marks[k-1].n += n
		x.marks[k-1].Stamp = x.stamp
	} else {
		x.marks = append(x.marks, mark{n, x.stamp})
	}
	return true
}

// fill puts n zeros behind what there is, none of which is lent, and reports whether there
// was room.
func (x *input) fill(n int, t *Table) bool {
	x.lent = zeros[:n]
	ok := x.move(n, t)
	x.lent = nil
	return ok
}

var zeros [headerLen + maxRecord]byte

// take drops the first n bytes, and returns when the last of them came.
func (x *input) take(n int, t *Table) (s Stamp) {
	s = x.stamp
	kept := min(n, len(x.b)-x.off)
	x.off += kept
	done := 0 // marks whose bytes are all taken
	for k := kept; k > 0; {
		m := &x.marks[done]
		s = m.Stamp
		if m.n > k {
			m.n -= k
			break
		}
		k -= m.n
		done++
	}
	x.marks = x.marks[:copy(x.marks, x.marks[done:])]
	if n > kept {
		x.lent = x.lent[n-kept:]
		s = x.stamp
	}
	if x.off == len(x.b) && x.b != nil {
		t.release(x.b)
		x.b, x.off = nil, 0
	}
	return s
}

// drop drops all.
func (x *input) drop(t *Table) {
	t.release(x.b)
	*x = input{marks: x.marks[:0]}
}

// Bounds of what is held of all connections, and of buffers of a size that are kept for
// reuse.
const (
	maxHeld  = 64 << 20
	maxSpare = 64
)

// bufferSizes are those of most buffers: of short records, and of any record with its header.
var bufferSizes = [...]int{2 << 10, 20 << 10}

// hold returns an empty buffer for n bytes, nil if there is no room.
func (t *Table) hold(n int) []byte {
	size := 2 * n
	for i, s := range bufferSizes {
		if n > s {
			continue
		}
		if k := len(t.spare[i]); k > 0 {
			b := t.spare[i][k-1]
			t.spare[i] = t.spare[i][:k-1]
			return b[:0]
		}
		size = s
		break
	}
	if t.held+size > maxHeld {
		return nil
	}
	t.held += size
	return make([]byte, 0, size)
}

// release takes a buffer back.
func (t *Table) release(b []byte) {
	for i, s := range bufferSizes {
		if cap(b) == s && len(t.spare[i]) < maxSpare {
			t.spare[i] = append(t.spare[i], b)
			return
		}
	}
	t.held -= cap(b)
}

// Bytes returns how much memory is held.
func (t *Table) Bytes() int64 { return int64(t.held) }
