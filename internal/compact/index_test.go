package compact

import "testing"

// Numbers are found by their keys alone, whose hashes may be equal.
func TestIndex(t *testing.T) {
	const n = 5 * leastIndex
	for _, differ := range []uint32{1, 7, n} {
		var x Index
		key := func(k uint32) func(uint32) bool { return func(n uint32) bool { return n == k } }
		hash := func(k uint32) uint32 { return k % differ * 0x9e3779b9 }
		if got := x.Find(hash(1), key(1)); got != 0 {
			t.Errorf("empty: got %d", got)
		}
		for k := uint32(1); k <= n; k++ {
			x.Add(hash(k), k)
		}
		for k := uint32(1); k <= n; k++ {
			if got := x.Find(hash(k), key(k)); got != k {
				t.Fatalf("%d hashes: got %d, want %d", differ, got, k)
			}
		}
		if got := x.Find(hash(n+1), key(n+1)); got != 0 {
			t.Errorf("%d hashes: found %d, which was not added", differ, got)
		}
	}
}
