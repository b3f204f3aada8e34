package compact

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// values returns what a list holds.
func values(l *List[int]) []int {
	var out []int
	for i := range uint32(l.Len()) {
		out = append(out, *l.At(i))
	}
	return out
}

// What is kept packed comes back in order, in a clone too.
func TestListPacked(t *testing.T) {
	for _, n := range []int{0, 1, 5*pieceLen + 7} {
		var l List[int]
		l.Unpack() // does nothing
		l.Pack()
		var want []int
		for i := range n {
			l.Add(i * i)
			want = append(want, i*i)
		}
		other := l.Clone()
		if got := values(&other); !slices.Equal(got, want) {
			t.Errorf("%d values, a clone: got, then want\n%s", n, cmp.Diff(got, want))
		}
		if !l.Packed() || other.Packed() || l.Len() != 0 {
			t.Errorf("%d values: packed %v, the clone %v, length %d, want true, false, 0", n, l.Packed(), other.Packed(), l.Len())
		}
		l.Unpack()
		if got := values(&l); l.Packed() || !slices.Equal(got, want) {
			t.Errorf("%d values, unpacked: got, then want\n%s", n, cmp.Diff(got, want))
		}
		l.Add(7)
		if got := values(&l); !slices.Equal(got, append(want, 7)) {
			t.Errorf("%d values, and one added after Unpack: got %d", n, len(got))
		}
	}
}

// A list does what a slice does, whatever the number of its pieces.
func TestList(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, pieceLen - 1, pieceLen, pieceLen + 1, 5*pieceLen + 7} {
		var l List[int]
		var want []int
		check := func(what string) {
			t.Helper()
			if got := values(&l); !slices.Equal(got, want) {
				t.Fatalf("%d values, %s: got, then want\n%s", n, what, cmp.Diff(got, want))
			}
		}
		for range 3 {
			for range n {
				v := random.IntN(1000)
				l.Add(v)
				want = append(want, v)
			}
			check("after add")
			l.Sort(func(a, b *int) bool { return *a < *b })
			slices.Sort(want)
			check("after sort")
			copied, before := l.Clone(), slices.Clone(want)
			limit := random.IntN(1000)
			l.Remove(func(v *int) bool { return *v > limit })
			want = slices.DeleteFunc(want, func(v int) bool { return v > limit })
			check("after remove")
			if got := values(&copied); !slices.Equal(got, before) {
				t.Fatalf("%d values: the clone changed", n)
			}
		}
		l.Cut(0)
		want = nil
		check("after cut")
	}
}

// Keep drops values as Cut does, and the memory of what it dropped serves new ones.
func TestListKeep(t *testing.T) {
	var l List[int]
	for i := range 5*pieceLen + 7 {
		l.Add(i)
	}
	bytes := l.Bytes()
	l.Keep(pieceLen + 1)
	if l.Len() != pieceLen+1 || *l.At(pieceLen) != pieceLen {
		t.Errorf("got %d values, the last one %d", l.Len(), *l.At(pieceLen))
	}
	for l.Len() < 5*pieceLen+7 {
		l.Add(-l.Len())
	}
	for i := range uint32(l.Len()) {
		want := int(i)
		if i > pieceLen {
			want = -want
		}
		if *l.At(i) != want {
			t.Fatalf("value %d is %d, want %d", i, *l.At(i), want)
		}
	}
	if l.Bytes() != bytes || len(l.spare) != 0 {
		t.Errorf("takes %d bytes with %d spare pieces, want %d and none", l.Bytes(), len(l.spare), bytes)
	}
}
