package compact

import "testing"

// The memory of dropped values is given up when none beside them is left.
func TestSlabDrop(t *testing.T) {
	const n = 3*slabLen + 10
	var s Slab[int]
	for i := range uint32(n) {
		at, x := s.Take()
		if at != i+1 {
			t.Fatalf("got number %d, want %d", at, i+1)
		}
		*x = int(at)
	}
	s.Give(5)
	s.Give(slabLen + 5)
	for i := uint32(1); i <= n; i++ {
		switch {
		case i == 5 || i == slabLen+5: // it was given back
		case *s.At(i) != int(i):
			t.Fatalf("value %d: got %d", i, *s.At(i))
		case i != 2*slabLen+7:
			s.Drop(i)
		}
	}
	for at, want := range []bool{false, false, true, false} {
		if got := s.chunks[at] != nil; got != want {
			t.Errorf("chunk %d is kept: got %v, want %v", at, got, want)
		}
	}
}
