package flows

// table finds the newest connection of a 4-tuple: open addressing with linear
// probing over entries that hold no pointer. The tuple itself is compared in the
// store.
type table struct {
	entries []tableEntry // a power of two of them, at most half of them in use
	used    int
}

type tableEntry struct {
	hash uint32
	conn handle // 0 if the entry is empty
}

const minTable = 1 << 10

// find returns the index of the entry for s's tuple, or of the empty one where
// it belongs, and whether it is there; then c is its connection, nil if that is packed.
func (t *table) find(all *store, s *Segment) (at int, c *Conn, found bool) {
	if t.entries == nil {
		t.entries = make([]tableEntry, minTable)
	}
	mask := len(t.entries) - 1
	for i := int(s.Hash) & mask; ; i = (i + 1) & mask {
		x := &t.entries[i]
		if x.conn == 0 {
			return i, nil, false
		}
		if x.hash == s.Hash {
			if c, is := all.owned(x.conn, s); is {
				return i, c, true
			}
		}
	}
}

// insert fills the empty entry that find returned, and makes room for more.
func (t *table) insert(at int, hash uint32, h handle) {
	t.entries[at] = tableEntry{hash, h}
	if t.used++; t.used*2 <= len(t.entries) {
		return
	}
	old := t.entries
	t.entries = make([]tableEntry, 2*len(old))
	mask := len(t.entries) - 1
	for _, x := range old {
		if x.conn == 0 {
			continue
		}
		i := int(x.hash) & mask
		for t.entries[i].conn != 0 {
			i = (i + 1) & mask
		}
		t.entries[i] = x
	}
}

// remove empties the entry of h, if there still is one, and moves those behind
// it that would not be found past the hole.
func (t *table) remove(hash uint32, h handle) {
	mask := len(t.entries) - 1
	i := int(hash) & mask
	for t.entries[i].conn != h {
		if t.entries[i].conn == 0 {
			return
		}
		i = (i + 1) & mask
	}
	t.used--
	for j := i; ; {
		t.entries[i] = tableEntry{}
		for {
			j = (j + 1) & mask
			if t.entries[j].conn == 0 {
				return
			}
			if home := int(t.entries[j].hash) & mask; (j-home)&mask >= (j-i)&mask {
				break
			}
		}
		t.entries[i] = t.entries[j]
		i = j
	}
}
