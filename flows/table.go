package flows

// table finds the newest connection of a 4-tuple: open addressing with linear
// probing over slots that hold no pointer. The tuple is compared in the Conn.
type table struct {
	slots []slot
	used  int
}

type slot struct {
	hash uint32
	conn handle // 0 is empty
}

// handle names a Conn in the slabs; 0 names none.
type handle uint32

const minSlots = 1 << 10

// find returns the slot of s's tuple, or the empty one where it belongs, and
// whether it is there.
func (t *table) find(all *slabs, s *Segment) (at int, found bool) {
	if t.slots == nil {
		t.slots = make([]slot, minSlots)
	}
	mask := len(t.slots) - 1
	for i := int(s.Hash) & mask; ; i = (i + 1) & mask {
		sl := &t.slots[i]
		if sl.conn == 0 {
			return i, false
		}
		if sl.hash == s.Hash && all.at(sl.conn).owns(s) {
			return i, true
		}
	}
}

// insert puts h into the empty slot that find returned, and makes room.
func (t *table) insert(at int, hash uint32, h handle) {
	t.slots[at] = slot{hash, h}
	if t.used++; t.used*2 <= len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	mask := len(t.slots) - 1
	for _, sl := range old {
		if sl.conn == 0 {
			continue
		}
		i := int(sl.hash) & mask
		for t.slots[i].conn != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = sl
	}
}

// remove empties the slot of h, if it still names h, and closes the hole.
func (t *table) remove(hash uint32, h handle) {
	mask := len(t.slots) - 1
	i := int(hash) & mask
	for t.slots[i].conn != h {
		if t.slots[i].conn == 0 {
			return
		}
		i = (i + 1) & mask
	}
	t.used--
	for j := i; ; {
		t.slots[i] = slot{}
		for {
			j = (j + 1) & mask
			if t.slots[j].conn == 0 {
				return
			}
			if home := int(t.slots[j].hash) & mask; (j-home)&mask >= (j-i)&mask {
				break
			}
		}
		t.slots[i] = t.slots[j]
		i = j
	}
}

// slabs hold the Conns: addresses are stable, freed ones are used again.
type slabs struct {
	chunks []*[slabLen]Conn
	next   handle // highest in use
	free   []handle
}

const (
	slabBits = 8
	slabLen  = 1 << slabBits
)

func (s *slabs) at(h handle) *Conn { return &s.chunks[h>>slabBits][h&(slabLen-1)] }

// take returns a Conn to fill; its memory is zero. A new one is cleared as
// well, because a page of memory that is read before it is written costs two
// page faults and stops the other cores for a moment.
func (s *slabs) take() (handle, *Conn) {
	h := s.next + 1
	if n := len(s.free); n > 0 {
		h = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		s.next = h
		if int(h>>slabBits) == len(s.chunks) {
			s.chunks = append(s.chunks, new([slabLen]Conn))
		}
	}
	c := s.at(h)
	*c = Conn{}
	return h, c
}

func (s *slabs) give(h handle) { s.free = append(s.free, h) }
