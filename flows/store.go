package flows

import "github.com/kaanalyze/kaanalyze/internal/compact"

// store holds the connections, each in one of three forms: as a Conn, or packed in one of
// two ways.
type store struct {
	slots []slot                // by handle; the first is unused
	free  compact.Queue[handle] // the longest free one first, so that handles go up with the ID as far as can be

	conns   compact.Slab[Conn]
	packed  compact.Vault[packedConn]
	syns    compact.Vault[packedSYN]
	addrs   addresses // of the packed ones
	scratch Conn      // for encode
}

// slot says where a connection is: its number in store.conns, or in store.packed if
// packedBit is set, or in store.syns if synBit is, too; 0 if there is none.
type slot uint32

const (
	packedBit = 1 << 31
	synBit    = 1 << 30
)

func (s slot) packed() bool  { return s&packedBit != 0 }
func (s slot) isSYN() bool   { return s&synBit != 0 }
func (s slot) index() uint32 { return uint32(s &^ (packedBit | synBit)) }

// at returns the Conn of h, which is there. If it was packed it is so no more.
func (s *store) at(h handle) *Conn {
	x := s.slots[h]
	if x.packed() {
		return s.unpack(h)
	}
	return s.conns.At(x.index())
}

// peek returns the Conn of h to read, which may be scratch; nil if there is
// none. What is packed stays packed.
func (s *store) peek(h handle, scratch *Conn) *Conn {
	switch x := s.slots[h]; {
	case x == 0:
		return nil
	case x.isSYN():
		s.syns.At(x.index()).decode(h, scratch)
		return scratch
	case x.packed():
		s.addrs.decode(s.packed.At(x.index()), h, scratch)
		return scratch
	default:
		return s.conns.At(x.index())
	}
}

// id returns the ID of h, 0 if there is none.
func (s *store) id(h handle) uint64 {
	switch x := s.slots[h]; {
	case x == 0:
		return 0
	case x.isSYN():
		return uint64(s.syns.At(x.index()).id)
	case x.packed():
		return uint64(s.packed.At(x.index()).id)
	default:
		return s.conns.At(x.index()).ID
	}
}

// isPacked reports whether h is packed.
func (s *store) isPacked(h handle) bool { return s.slots[h].packed() }

// owned reports whether seg belongs to the 4-tuple of h, and returns its Conn if it is not
// packed.
func (s *store) owned(h handle, seg *Segment) (c *Conn, is bool) {
	x := s.slots[h]
	if x.isSYN() {
		return nil, s.syns.At(x.index()).owns(seg)
	}
	if x.packed() {
		return nil, s.addrs.owns(s.packed.At(x.index()), seg)
	}
	c = s.conns.At(x.index())
	return c, c.owns(seg)
}

// take returns a zero Conn to fill.
func (s *store) take() (handle, *Conn) {
	i, c := s.conns.Take()
	if free := s.free.First(); free != nil {
		h := *free
		s.free.Pop()
		s.slots[h] = slot(i)
		return h, c
	}
	if s.slots == nil {
		s.slots = make([]slot, 1, 512)
	}
	s.slots = append(s.slots, slot(i))
	return handle(len(s.slots) - 1), c
}

// give takes back a Conn that is not packed.
func (s *store) give(h handle) {
	s.conns.Give(s.slots[h].index())
	s.slots[h] = 0
	s.free.Push(h)
}

// drop forgets h for good: after the first drop none is taken any more.
func (s *store) drop(h handle) {
	switch x := s.slots[h]; {
	case x.isSYN():
		s.syns.Drop(x.index())
	case x.packed():
		s.packed.Drop(x.index())
	default:
		s.conns.Drop(x.index())
	}
	s.slots[h] = 0
}

// pack packs h if it is queued for that and fits.
func (s *store) pack(h handle) {
	x := s.slots[h]
	if x == 0 || x.packed() {
		return
	}
	c := s.conns.At(x.index())
	if c.facts&factPackLater == 0 {
		return
	}
	c.facts &^= factPackLater
	var p packedConn
	if !s.addrs.encode(c, &p, &s.scratch) {
		return
	}
	s.conns.Give(x.index())
	s.slots[h] = slot(s.packed.Put(&p)) | packedBit
}

// unpack makes a Conn of a packed one.
func (s *store) unpack(h handle) *Conn {
	p := s.slots[h].index()
	i, c := s.conns.Take()
	if s.slots[h].isSYN() {
		s.syns.At(p).decode(h, c)
		s.syns.Drop(p)
		s.slots[h] = slot(i)
		return c
	}
	x := s.packed.At(p)
	s.addrs.decode(x, h, c)
	s.addrs.release(x.addr[0], 1)
	s.addrs.release(x.addr[1], 1)
	s.packed.Drop(p)
	s.slots[h] = slot(i)
	return c
}

// count returns how many connections there are.
func (s *store) count() int { return max(0, len(s.slots)-1-s.free.Len()) }
