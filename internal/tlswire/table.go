package tlswire

// Bounds of what a Table keeps, whatever a capture holds.
const (
	maxHello   = 64 << 10 // bytes of a hello that are read; RFC 8446 allows 16 MiB
	maxHeld    = 16 << 20 // bytes of hellos that are not whole
	maxNames   = 1 << 16  // names and lists of protocols
	maxSpare   = 64       // buffers kept for reuse
	firstRoom  = 2 << 10  // bytes of a new buffer: most hellos
	spareLimit = 8 << 10  // a buffer above this is given up when done with
)

// Table is what the sessions of one capture share. The zero Table is ready. It is
// not safe for concurrent use.
type Table struct {
	hellos [][]byte // those that are not whole, by number less 1
	free   []int32  // numbers to use again
	held   int      // capacity of all
	spare  int      // free ones that have memory

	names   []string // server names, and lists of protocols as on the wire; by number less 1
	numbers map[string]uint32

	nameBytes int // of all names

	watching bool
	whole    bool // all of a handshake is watched, not only what can be read of it
	pieces   []Piece
	at       int // where Data stands in its bytes
}

// name returns the number of b, 0 if there is no room for more names.
func (t *Table) name(b []byte) uint32 {
	if n, ok := t.numbers[string(b)]; ok {
		return n
	}
	if len(t.names) >= maxNames {
		return 0
	}
	if t.numbers == nil {
		t.numbers = map[string]uint32{}
	}
	s := string(b)
	t.nameBytes += len(s)
	t.names = append(t.names, s)
	n := uint32(len(t.names))
	t.numbers[s] = n
	return n
}

// nameOf returns the name with that number, "" for 0.
func (t *Table) nameOf(n uint32) string {
	if n == 0 {
		return ""
	}
	return t.names[n-1]
}

// Bytes returns what hellos and names take.
func (t *Table) Bytes() int64 {
	return int64(t.held + t.nameBytes + len(t.names)*nameCost + len(t.hellos)*(24+4))
}

// nameCost is what a name takes beside its bytes: twice a string, its number and its entry in
// a map, about.
const nameCost = 2*16 + 4 + 16

// hold returns the number of an empty buffer.
func (t *Table) hold() int32 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		if t.hellos[i-1] != nil {
			t.spare--
		}
		return i
	}
	t.hellos = append(t.hellos, nil)
	return int32(len(t.hellos))
}

// add appends b to a buffer, and reports whether there was room.
func (t *Table) add(i int32, b []byte) bool {
	old := t.hellos[i-1]
	if need := len(old) + len(b); need > cap(old) {
		size := max(firstRoom, 2*cap(old), need)
		if t.held+size-cap(old) > maxHeld {
			return false
		}
		t.held += size - cap(old)
		old = append(make([]byte, 0, size), old...)
	}
	t.hellos[i-1] = append(old, b...)
	return true
}

// release gives a buffer back.
func (t *Table) release(i int32) {
	b := t.hellos[i-1]
	switch {
	case b == nil:
	case cap(b) > spareLimit || t.spare >= maxSpare:
		t.held -= cap(b)
		t.hellos[i-1] = nil
	default:
		t.hellos[i-1] = b[:0]
		t.spare++
	}
	t.free = append(t.free, i)
}
