package flows

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

const (
	vaultRows   = 64
	vaultThawed = 32
	vaultLoose  = 24 // how many must have been dropped of a block to pack it anew
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
	filled int    // values in it
	count  int
	thawed [vaultThawed]thawed[T]
	oldest uint8  // of thawed
	out    []byte // scratch
}

// vaultBlock is a block of values that have come one after the other.
type vaultBlock struct {
	packed  []byte
	used    uint64 // which of them are kept, a bit each
	thawed  uint8  // its place in Vault.thawed, if it is there
	dropped uint8  // of those that are packed
}

// thawed is a block as it was.
type thawed[T any] struct {
	rows  *[vaultRows]T
	block uint32
}

// Put keeps a copy of x and returns its number.
func (v *Vault[T]) Put(x *T) uint32 {
	if v.open == nil {
		v.open = new([vaultRows]T)
		v.begin()
	}
	b := &v.blocks[v.at]
	v.open[v.filled] = *x
	b.used |= 1 << v.filled
	v.count++
	i := v.at*vaultRows + uint32(v.filled) + 1
	if v.filled++; v.filled == vaultRows {
		if b.used == 0 {
			v.free = append(v.free, v.at)
		} else {
			v.pack(b, v.open)
		}
		v.begin()
	}
	return i
}

// pack keeps rows as b, with what was dropped like its neighbour.
func (v *Vault[T]) pack(b *vaultBlock, rows *[vaultRows]T) {
	for i := range rows {
		if b.used&(1<<i) == 0 {
			rows[i] = rows[max(i-1, 0)]
		}
	}
	v.out = pack(v.out[:0], rows[:])
	b.packed, b.dropped = append([]byte(nil), v.out...), 0
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
	b := &v.blocks[at]
	if x := &v.thawed[b.thawed]; x.block == at && x.rows != nil {
		return &x.rows[row]
	}
	x := &v.thawed[v.oldest]
	if x.rows == nil {
		x.rows = new([vaultRows]T)
	} else if x.block != noBlock && v.blocks[x.block].dropped >= vaultLoose {
		v.pack(&v.blocks[x.block], x.rows)
	}
	unpack(x.rows[:], b.packed)
	x.block, b.thawed = at, v.oldest
	v.oldest = (v.oldest + 1) % vaultThawed
	return &x.rows[row]
}

// Drop forgets the value with that number, which may be given to another. The
// memory of neighbours is given up with the last of them.
func (v *Vault[T]) Drop(i uint32) {
	at := (i - 1) / vaultRows
	b := &v.blocks[at]
	b.used &^= 1 << ((i - 1) % vaultRows)
	v.count--
	if b.used != 0 || at == v.at {
		b.dropped++
		return
	}
	if x := &v.thawed[b.thawed]; x.block == at {
		x.block = noBlock
	}
	b.packed = nil
	v.free = append(v.free, at)
}

// noBlock is the number of none.
const noBlock = 1<<32 - 1

// Len returns how many values there are.
func (v *Vault[T]) Len() int { return v.count }

// Each calls f with each value, in order of number; the pointee is valid only
// during the call. It is safe for concurrent use with itself.
func (v *Vault[T]) Each(f func(*T)) { v.each(func(_ *vaultBlock, x *T) { f(x) }) }

// Drain is Each, and empties the vault as it goes.
func (v *Vault[T]) Drain(f func(*T)) {
	v.each(func(b *vaultBlock, x *T) {
		b.packed = nil
		f(x)
	})
	*v = Vault[T]{}
}

func (v *Vault[T]) each(f func(b *vaultBlock, x *T)) {
	var rows [vaultRows]T
	for at := range v.blocks {
		b := &v.blocks[at]
		from := &rows
		switch {
		case uint32(at) == v.at:
			from = v.open
		case b.used != 0:
			unpack(rows[:], b.packed)
		}
		for i := range rows {
			if b.used&(1<<i) != 0 {
				f(b, &from[i])
			}
		}
	}
}

// words returns the memory of rows.
func words[T any](rows []T) (all []uint32, width int) {
	width = int(unsafe.Sizeof(rows[0]) / 4)
	return unsafe.Slice((*uint32)(unsafe.Pointer(&rows[0])), width*len(rows)), width
}

// packedLens are how many bytes a difference takes, by its two bits in a column.
var packedLens = [2][4]uint8{{0, 1, 2, 4}, {1, 2, 3, 4}}

// packedMasks are the bits that so many bytes hold.
var packedMasks = [5]uint32{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1}

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
				long[way] += int(packedLens[way][class(way, d)])
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
	return append(out, 0, 0, 0, 0) // differences are read four bytes at a time
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
		lens := &packedLens[way&1]
		last := uint32(0)
		for row := range rows {
			n := lens[classes[row/4]>>(row%4*2)&3]
			d := binary.LittleEndian.Uint32(packed) & packedMasks[n]
			packed = packed[n:]
			last += d>>1 ^ -(d & 1)
			all[row*width+col] = last
		}
	}
}
