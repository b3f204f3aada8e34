package compact

import (
	"math/rand/v2"
	"testing"
)

// kept is a value of a kind that vaults are for: some of it goes up, some stays,
// some may be anything.
type kept struct {
	at      int64
	id      uint32
	port    [2]uint16
	random  uint64
	seldom  uint32
	flag, _ uint8
	same    uint16
}

// TestVault puts in and drops values at random, and compares what it finds with
// a map.
func TestVault(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var v Vault[kept]
	want := map[uint32]kept{}
	numbers := []uint32{}
	for i := range 20_000 {
		if n := len(numbers); n > 0 && random.IntN(100) < 45+i/2000 {
			k := min(random.IntN(n), random.IntN(n)) // rather old ones
			v.Drop(numbers[k])
			delete(want, numbers[k])
			numbers = append(numbers[:k], numbers[k+1:]...)
		} else {
			x := kept{at: 1e18 + int64(i)*1e5 + random.Int64N(1e6), id: uint32(i), port: [2]uint16{uint16(i * 7), 80}, same: 9, flag: uint8(random.IntN(2))}
			switch random.IntN(20) {
			case 0:
				x.random = random.Uint64()
			case 1:
				x.at, x.seldom = -1<<63, 1<<31
			}
			num := v.Put(&x)
			if _, ok := want[num]; ok {
				t.Fatalf("got number %d again", num)
			}
			want[num] = x
			numbers = append(numbers, num)
		}
		if n := len(numbers); n > 0 {
			num := numbers[random.IntN(n)]
			if got := *v.At(num); got != want[num] {
				t.Fatalf("value %d after %d calls: got %+v, want %+v", num, i, got, want[num])
			}
		}
	}
	if v.Len() != len(want) {
		t.Errorf("got %d values, want %d", v.Len(), len(want))
	}
	for num, x := range want {
		if got := *v.At(num); got != x {
			t.Errorf("value %d: got %+v, want %+v", num, got, x)
		}
	}
}

// rotate puts in n values and drops each when a thousand others have come.
func rotate(v *Vault[kept], n int) {
	var numbers [1000]uint32
	x := kept{at: 1e18, same: 9}
	for i := range n {
		x.at += 1e5
		x.id++
		at := &numbers[i%len(numbers)]
		if *at != 0 {
			v.Drop(*at)
		}
		*at = v.Put(&x)
	}
}

// TestVaultUsesAgain holds that memory does not grow with what has been dropped.
func TestVaultUsesAgain(t *testing.T) {
	var v Vault[kept]
	rotate(&v, 100_000)
	if want := 1000/blockLen + 3; len(v.blocks) > want {
		t.Errorf("got %d blocks, want at most %d", len(v.blocks), want)
	}
}

// A block whose values were all dropped as soon as they came is used again.
func TestVaultDropsAtOnce(t *testing.T) {
	var v Vault[kept]
	for i := range uint32(blockLen) {
		v.Drop(v.Put(&kept{id: i}))
	}
	if v.Len() != 0 {
		t.Errorf("got %d values, want none", v.Len())
	}
	for i := range uint32(2 * blockLen) {
		got := v.Put(&kept{id: i})
		if want := (i+blockLen)%(2*blockLen) + 1; got != want || v.At(got).id != i {
			t.Fatalf("value %d: got number %d and %+v, want number %d", i, got, *v.At(got), want)
		}
	}
	if len(v.blocks) > 3 {
		t.Errorf("got %d blocks, want 3 at most", len(v.blocks))
	}
}

// TestVaultDrain empties a vault.
func TestVaultDrain(t *testing.T) {
	var v Vault[kept]
	const n = 5*blockLen + 7
	for i := range n {
		v.Put(&kept{id: uint32(i)})
	}
	var got uint32
	v.Drain(func(x *kept) {
		if x.id != got {
			t.Errorf("got value %d, want %d", x.id, got)
		}
		got++
	})
	if got != n || v.Len() != 0 {
		t.Errorf("got %d values and %d left, want %d and none", got, v.Len(), n)
	}
	if v.Put(&kept{}) != 1 {
		t.Error("a vault that was emptied does not begin anew")
	}
}

// TestVaultRoom holds how little room values take that go up evenly.
func TestVaultRoom(t *testing.T) {
	var v Vault[kept]
	const n = 100 * blockLen
	for i := range int64(n) {
		v.Put(&kept{at: 1e18 + i*1e5, id: uint32(i), port: [2]uint16{32768, 80}, same: 9})
	}
	room := 0
	for _, b := range v.blocks {
		room += len(b.packed)
	}
	if room/n > 6 {
		t.Errorf("got %d bytes a value, want 6 at most", room/n)
	}
}

// BenchmarkVault is of a value put in and dropped.
func BenchmarkVault(b *testing.B) {
	var v Vault[kept]
	b.SetBytes(40)
	rotate(&v, b.N)
}
