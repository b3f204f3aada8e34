package compact

// Index finds numbers, which are not 0, by what they stand for: by its hash, and whoever
// asks compares. Beside a map, which holds the keys as well, it takes a fourth of the
// memory where there are a million. Whose keys are hostile needs a hash that differs from
// process to process. The zero Index is empty. It is not safe for concurrent use.
type Index struct {
	slots []indexSlot // a power of two of them, at most three quarters in use
	used  int
}

type indexSlot struct{ hash, n uint32 } // n is 0 if the slot is empty

const leastIndex = 64

// Find returns the number with that hash for which is holds, 0 if there is none.
func (x *Index) Find(hash uint32, is func(n uint32) bool) uint32 {
	if len(x.slots) == 0 {
		return 0
	}
	mask := uint32(len(x.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := &x.slots[i]; {
		case s.n == 0:
			return 0
		case s.hash == hash && is(s.n):
			return s.n
		}
	}
}

// Add adds a number that is not there.
func (x *Index) Add(hash, n uint32) {
	if (x.used+1)*4 > len(x.slots)*3 {
		old := x.slots
		x.slots = make([]indexSlot, max(leastIndex, 2*len(old)))
		for _, s := range old {
			if s.n != 0 {
				x.put(s)
			}
		}
	}
	x.used++
	x.put(indexSlot{hash, n})
}

func (x *Index) put(s indexSlot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].n != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}
