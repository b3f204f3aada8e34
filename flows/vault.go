package flows

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

const (
	vaultRows   = 64
	vaultThawed = 32
)

// Vault holds values without pointers that do not change and are seldom looked
// at, by number from 1. They take little room if neighbours are alike: a value
// is kept as its differences to the one before it, with no byte for a zero. T
// consists of whole 32-bit words. The zero Vault is empty. It is not safe for
// concurrent use.
type Vault[T any] struct {
	blocks []vaultBlock
	free   []uint32 // blocks to use again
	open   *[vaultRows]T
	at     uint32 // the block that open is
	filled uint32 // values in it
	used   int
	thawed [vaultThawed]struct {
		rows  *[vaultRows]T
		block uint32 // plus one; 0 is none
	}
	out []byte // scratch
}

type vaultBlock struct {
	packed []byte
	left   uint32 // values in use
}

// Put keeps a copy of x and returns its number.
func (v *Vault[T]) Put(x *T) uint32 {
	if v.open == nil {
		v.open = new([vaultRows]T)
		v.begin()
	}
	v.open[v.filled] = *x
	v.blocks[v.at].left++
	v.used++
	i := v.at*vaultRows + v.filled + 1
	if v.filled++; v.filled == vaultRows {
		b := &v.blocks[v.at]
		if b.left == 0 {
			v.free = append(v.free, v.at)
		} else {
			v.out = pack(v.out[:0], v.open[:])
			b.packed = append([]byte(nil), v.out...)
		}
		v.begin()
	}
	return i
}

// begin opens a block.
func (v *Vault[T]) begin() {
	v.filled = 0
	if n := len(v.free); n > 0 {
		v.at, v.free = v.free[n-1], v.free[:n-1]
		return
	}
	v.at = uint32(len(v.blocks))
	v.blocks = append(v.blocks, vaultBlock{})
}

// At returns the value with that number, to read until the next call.
func (v *Vault[T]) At(i uint32) *T {
	at, row := (i-1)/vaultRows, (i-1)%vaultRows
	if at == v.at {
		return &v.open[row]
	}
	x := &v.thawed[at%vaultThawed]
	if x.block != at+1 {
		if x.rows == nil {
			x.rows = new([vaultRows]T)
		}
		unpack(x.rows[:], v.blocks[at].packed)
		x.block = at + 1
	}
	return &x.rows[row]
}

// Drop forgets the value with that number, which may be given to another. The
// memory of neighbours is given up with the last of them.
func (v *Vault[T]) Drop(i uint32) {
	at := (i - 1) / vaultRows
	b := &v.blocks[at]
	b.left--
	v.used--
	if b.left > 0 || at == v.at {
		return
	}
	b.packed = nil
	v.free = append(v.free, at)
	if x := &v.thawed[at%vaultThawed]; x.block == at+1 {
		x.block = 0
	}
}

// Len returns how many values there are.
func (v *Vault[T]) Len() int { return v.used }

// Drain calls f with each value, in order of number, and empties the vault as
// it goes. None may have been dropped.
func (v *Vault[T]) Drain(f func(*T)) {
	for i, n := uint32(1), uint32(v.used); i <= n; i++ {
		f(v.At(i))
		if i%vaultRows == 0 {
			v.blocks[(i-1)/vaultRows].packed = nil
		}
	}
	*v = Vault[T]{}
}

// words returns the memory of rows.
func words[T any](rows []T) (all []uint32, width int) {
	width = int(unsafe.Sizeof(rows[0]) / 4)
	return unsafe.Slice((*uint32)(unsafe.Pointer(&rows[0])), width*len(rows)), width
}

// packedLens are how many bytes a difference takes, by its two bits in a column.
var packedLens = [2][4]int{{0, 1, 2, 4}, {1, 2, 3, 4}}

// The ways to keep a column: by either of packedLens, or as one value.
const columnAlike = 2

// pack appends rows, up to vaultRows, column by column: the way, for each row
// the class of its difference to the row before, and the bytes of these.
func pack[T any](out []byte, rows []T) []byte {
	all, width := words(rows)
	for col := range width {
		var diffs [vaultRows]uint32
		var long [2]int
		any, last := uint32(0), uint32(0)
		for row := range rows {
			x := all[row*width+col]
			d := x - last
			d = d<<1 ^ uint32(int32(d)>>31) // small if it is near zero
			last = x
			diffs[row] = d
			if row > 0 {
				any |= d
			}
			for way := range long {
				long[way] += packedLens[way][class(way, d)]
			}
		}
		if any == 0 {
			out = binary.LittleEndian.AppendUint32(append(out, columnAlike), all[col])
			continue
		}
		way := 0
		if long[1] < long[0] {
			way = 1
		}
		out = append(out, byte(way))
		at := len(out)
		out = append(out, make([]byte, vaultRows/4)...)
		for row := range rows {
			d := diffs[row]
			k := class(way, d)
			out[at+row/4] |= byte(k) << (row % 4 * 2)
			for range packedLens[way][k] {
				out = append(out, byte(d))
				d >>= 8
			}
		}
	}
	return out
}

// class returns the shortest of packedLens[way] for d.
func class(way int, d uint32) int {
	n := (bits.Len32(d) + 7) / 8
	if way == 0 {
		return min(n, 3)
	}
	return max(n-1, 0)
}

// unpack fills rows with what pack made of as many.
func unpack[T any](rows []T, packed []byte) {
	all, width := words(rows)
	for col := range width {
		way := packed[0]
		packed = packed[1:]
		if way == columnAlike {
			x := binary.LittleEndian.Uint32(packed)
			packed = packed[4:]
			for row := range rows {
				all[row*width+col] = x
			}
			continue
		}
		classes := packed[:vaultRows/4]
		packed = packed[vaultRows/4:]
		last := uint32(0)
		for row := range rows {
			n := packedLens[way][classes[row/4]>>(row%4*2)&3]
			d := uint32(0)
			for i := range n {
				d |= uint32(packed[i]) << (8 * i)
			}
			packed = packed[n:]
			last += d>>1 ^ -(d & 1)
			all[row*width+col] = last
		}
	}
}
