package compact

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What a Queue holds is what a slice would hold, however long it gets.
func TestQueueLikeSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[int]
		var want []int
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 2, pieceLen - 1, pieceLen, 2*pieceLen + 1}).Draw(t, "n") {
					q.Push(next)
					want = append(want, next)
					next++
				}
			},
			"pop": func(t *rapid.T) {
				for range min(len(want), rapid.SampledFrom([]int{1, pieceLen, 2 * pieceLen}).Draw(t, "n")) {
					if got := q.First(); *got != want[0] {
						t.Fatalf("got %d first, want %d", *got, want[0])
					}
					q.Pop()
					want = want[1:]
				}
			},
			"": func(t *rapid.T) {
				switch first := q.First(); {
				case q.Len() != len(want):
					t.Fatalf("got %d values, want %d", q.Len(), len(want))
				case (first == nil) != (len(want) == 0):
					t.Fatalf("got first value %v of %d", first, len(want))
				}
				if most := len(want)/pieceLen + 2; len(q.pieces) > most {
					t.Fatalf("%d values take %d pieces, want at most %d", len(want), len(q.pieces), most)
				}
			},
		})
	})
}

// What a Slab holds is what a map would hold, and new values are zero.
func TestSlabLikeMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Slab[[3]int]
		want := map[uint32][3]int{}
		var numbers []uint32
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 5, slabLen}).Draw(t, "n") {
					i, x := s.Take()
					if _, used := want[i]; used || i == 0 || *x != [3]int{} {
						t.Fatalf("got number %d and value %v, want a free number and zero", i, *x)
					}
					*x = [3]int{int(i), len(want), 1}
					want[i] = *x
					numbers = append(numbers, i)
				}
			},
			"give": func(t *rapid.T) {
				if len(numbers) > 0 {
					k := rapid.IntRange(0, len(numbers)-1).Draw(t, "which")
					s.Give(numbers[k])
					delete(want, numbers[k])
					numbers = slices.Delete(numbers, k, k+1)
				}
			},
			"": func(t *rapid.T) {
				if s.Len() != len(want) {
					t.Fatalf("got %d values, want %d", s.Len(), len(want))
				}
				for i, x := range want {
					if got := *s.At(i); got != x {
						t.Fatalf("value %d: got %v, want %v", i, got, x)
					}
				}
			},
		})
	})
}

// A Pool hands out each number once, and a value as it was left.
func TestPoolLikeMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pool[[]byte]
		used, left := map[int32]string{}, map[int32]string{}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				i := p.Take()
				if _, twice := used[i]; twice || i < 1 {
					t.Fatalf("got number %d, want a free one from 1", i)
				}
				if got := string(*p.At(i)); got != left[i] {
					t.Fatalf("value %d: got %q, want %q as it was left", i, got, left[i])
				}
				used[i] = rapid.StringN(0, 9, 9).Draw(t, "value")
				*p.At(i) = append((*p.At(i))[:0], used[i]...)
			},
			"give": func(t *rapid.T) {
				if len(used) > 0 {
					numbers := slices.Sorted(func(yield func(int32) bool) {
						for i := range used {
							if !yield(i) {
								return
							}
						}
					})
					i := rapid.SampledFrom(numbers).Draw(t, "which")
					left[i] = used[i]
					delete(used, i)
					p.Give(i)
				}
			},
			"": func(t *rapid.T) {
				for i, want := range used {
					if got := string(*p.At(i)); got != want {
						t.Fatalf("value %d: got %q, want %q", i, got, want)
					}
				}
			},
		})
	})
}

// row is a value with words of each kind that a Vault packs in its own way.
type row struct {
	up     int64
	any    uint32
	little uint16
	flag   uint16
}

// drawRow returns a value that comes after n others.
func drawRow(t *rapid.T, n int) row {
	return row{
		up:     int64(n)*1e6 + int64(rapid.IntRange(-10, 10).Draw(t, "up")),
		any:    rapid.Uint32().Draw(t, "any"),
		little: rapid.SampledFrom([]uint16{0, 0, 0, 1, 1<<16 - 1}).Draw(t, "little"),
		flag:   3,
	}
}

// What is unpacked is what was packed.
func TestPackUnpack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows, got [blockLen]row
		for i := range rows {
			rows[i] = drawRow(t, i)
		}
		unpack(got[:], pack(nil, rows[:]))
		if got != rows {
			t.Fatalf("got, then want\n%s", cmp.Diff(got[:], rows[:], cmp.AllowUnexported(row{})))
		}
	})
}

// Each and Drain give the values that were not dropped, in order of number.
func TestVaultEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v Vault[row]
		n := rapid.IntRange(0, 4*blockLen).Draw(t, "values")
		rows := make([]row, n)
		for i := range rows {
			rows[i] = row{up: int64(i) * 1e6, any: uint32(i * i), flag: 3}
			if number := v.Put(&rows[i]); number != uint32(i+1) {
				t.Fatalf("got number %d, want %d", number, i+1)
			}
		}
		var want []row
		dropped := rapid.IntRange(0, n).Draw(t, "dropped")
		for i := range rows {
			if i < dropped && i%5 != 0 {
				v.Drop(uint32(i + 1))
			} else {
				want = append(want, rows[i])
			}
		}
		for what, each := range map[string]func(func(*row)){"Each": v.Each, "again": v.Each} {
			var got []row
			each(func(x *row) { got = append(got, *x) })
			if !slices.Equal(got, want) {
				t.Fatalf("%s: got, then want\n%s", what, cmp.Diff(got, want, cmp.AllowUnexported(row{})))
			}
		}
		var got []row
		v.Drain(func(x *row) { got = append(got, *x) })
		if !slices.Equal(got, want) || v.Len() != 0 {
			t.Fatalf("Drain: %d left; got, then want\n%s", v.Len(), cmp.Diff(got, want, cmp.AllowUnexported(row{})))
		}
	})
}
