package flows

import "github.com/kaanalyze/kaanalyze/internal/compact"

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
		if sl.hash == s.Hash && all.owns(sl.conn, s) {
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

// slabs hold the connections, in one of two forms.
type slabs struct {
	places []place               // by handle; the first is unused
	free   compact.Queue[handle] // the longest free one first, so that they go up with the ID as far as can be

	awake   compact.Slab[Conn]
	dormant compact.Vault[dormant]
	addrs   addresses
	scratch Conn // of pack
}

// place is where a connection is: the number in its slab, times two, plus one
// in that of the dormant ones; 0 if it is nowhere.
type place uint32

// at returns the Conn of h. If it was dormant it is so no more.
func (s *slabs) at(h handle) *Conn {
	p := s.places[h]
	if p&1 != 0 {
		return s.wake(h)
	}
	return s.awake.At(uint32(p >> 1))
}

// peek returns the Conn of h to read, which may be scratch; nil if there is none.
func (s *slabs) peek(h handle, scratch *Conn) *Conn {
	switch p := s.places[h]; {
	case p == 0:
		return nil
	case p&1 != 0:
		s.unpack(s.dormant.At(uint32(p>>1)), h, scratch)
		return scratch
	default:
		return s.awake.At(uint32(p >> 1))
	}
}

// id returns the ID of h, 0 if there is none.
func (s *slabs) id(h handle) uint64 {
	switch p := s.places[h]; {
	case p == 0:
		return 0
	case p&1 != 0:
		return uint64(s.dormant.At(uint32(p >> 1)).id)
	default:
		return s.awake.At(uint32(p >> 1)).ID
	}
}

// sleeps reports whether h is dormant.
func (s *slabs) sleeps(h handle) bool { return s.places[h]&1 != 0 }

// owns reports whether seg belongs to the 4-tuple of h.
func (s *slabs) owns(h handle, seg *Segment) bool {
	p := s.places[h]
	if p&1 != 0 {
		return s.ownsDormant(s.dormant.At(uint32(p>>1)), seg)
	}
	return s.awake.At(uint32(p >> 1)).owns(seg)
}

// take returns a Conn to fill.
func (s *slabs) take() (handle, *Conn) {
	i, c := s.awake.Take()
	if free := s.free.First(); free != nil {
		h := *free
		s.free.Pop()
		s.places[h] = place(i << 1)
		return h, c
	}
	if s.places == nil {
		s.places = make([]place, 1, minSlots/2)
	}
	s.places = append(s.places, place(i<<1))
	return handle(len(s.places) - 1), c
}

// give takes back a Conn that is awake.
func (s *slabs) give(h handle) {
	s.awake.Give(uint32(s.places[h] >> 1))
	s.places[h] = 0
	s.free.Push(h)
}

// drop forgets h for good.
func (s *slabs) drop(h handle) {
	p := s.places[h]
	if p&1 != 0 {
		s.dormant.Drop(uint32(p >> 1))
	} else {
		s.awake.Drop(uint32(p >> 1))
	}
	s.places[h] = 0
}

// sleep makes h dormant if it cools and fits.
func (s *slabs) sleep(h handle) {
	if p := s.places[h]; p == 0 || p&1 != 0 {
		return
	}
	c := s.at(h)
	if c.facts&factCooling == 0 {
		return
	}
	c.facts &^= factCooling
	var x dormant
	if !s.pack(c, &x) {
		return
	}
	s.awake.Give(uint32(s.places[h] >> 1))
	s.places[h] = place(s.dormant.Put(&x)<<1 | 1)
}

// wake makes a Conn of a dormant one.
func (s *slabs) wake(h handle) *Conn {
	at := uint32(s.places[h] >> 1)
	i, c := s.awake.Take()
	s.unpack(s.dormant.At(at), h, c)
	s.dormant.Drop(at)
	s.places[h] = place(i << 1)
	return c
}

// count returns how many connections there are.
func (s *slabs) count() int { return max(0, len(s.places)-1-s.free.Len()) }
