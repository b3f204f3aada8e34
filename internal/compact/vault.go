package compact

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

const (
	blockLen      = 64 // values of a block, one bit of vaultBlock.used each
	decodedBlocks = 32 // blocks, those decoded last, whose values are at hand
	repackAfter   = 24 // values dropped from a block after which it is worth packing anew
)

// Vault holds values that do not change and are seldom looked at, by number from
// 1. It packs them, 64 to a block: a value is kept field by field as its
// differences to the value before it, with no byte for a difference of zero, so
// values take little memory if those put in one after the other are alike. T
// must have no pointer and consist of whole 32-bit words, 4-byte aligned; a
// field that is smaller should share its word with fields that change as
// seldom. Do not copy a Vault that holds values. The zero Vault is empty. It is
// not safe for concurrent use, but see [Vault.Each].
type Vault[T any] struct {
	blocks  []vaultBlock
	free    []uint32     // numbers of blocks to use again
	open    *[blockLen]T // the block that is being filled, not packed yet
	at      uint32       // its number
	filled  int          // values put into it
	count   int
	bytes   int64 // of all packed blocks
	decoded [decodedBlocks]decoded[T]
	oldest  uint8  // index in decoded of the block that was decoded first
	out     []byte // buffer of pack
}

// vaultBlock is a block of values that were put in one after the other.
type vaultBlock struct {
	packed  []byte
	used    uint64 // which values are kept, a bit each
	decoded uint8  // index in Vault.decoded, if the block is there
	dropped uint8  // values dropped since it was packed
}

// decoded is a block whose values can be read.
type decoded[T any] struct {
	rows  *[blockLen]T
	block uint32 // its number, or noBlock
}

// noBlock is the number of no block.
const noBlock = 1<<32 - 1

// Put keeps a copy of x and returns its number: the number of a dropped value, or
// a new one.
func (v *Vault[T]) Put(x *T) uint32 {
	if v.open == nil {
		v.open = new([blockLen]T)
		v.begin()
	}
	b := &v.blocks[v.at]
	v.open[v.filled] = *x
	b.used |= 1 << v.filled
	v.count++
	i := v.at*blockLen + uint32(v.filled) + 1
	if v.filled++; v.filled == blockLen {
		v.pack(b, v.open)
		v.begin()
	}
	return i
}

// pack packs rows into b. A dropped value is made equal to its neighbour, which
// takes no byte.
func (v *Vault[T]) pack(b *vaultBlock, rows *[blockLen]T) {
	for i := range rows {
		if b.used&(1<<i) == 0 {
			rows[i] = rows[max(i-1, 0)]
		}
	}
	v.out = pack(v.out[:0], rows[:])
	v.bytes += int64(len(v.out) - len(b.packed))
	b.packed, b.dropped = append([]byte(nil), v.out...), 0
}

// begin begins a new block.
func (v *Vault[T]) begin() {
	v.filled = 0
	if n := len(v.free); n > 0 {
		v.at, v.free = v.free[n-1], v.free[:n-1]
		return
	}
	v.at = uint32(len(v.blocks))
	v.blocks = append(v.blocks, vaultBlock{})
}

// At returns the value with that number, which must not have been dropped. It
// may be read, not written, until the next call of Put or At.
func (v *Vault[T]) At(i uint32) *T {
	at, row := (i-1)/blockLen, (i-1)%blockLen
	if at == v.at {
		return &v.open[row]
	}
	b := &v.blocks[at]
	if x := &v.decoded[b.decoded]; x.block == at && x.rows != nil {
		return &x.rows[row]
	}
	x := &v.decoded[v.oldest]
	if x.rows == nil {
		x.rows = new([blockLen]T)
	} else if x.block != noBlock && v.blocks[x.block].dropped >= repackAfter {
		v.pack(&v.blocks[x.block], x.rows)
	}
	unpack(x.rows[:], b.packed)
	x.block, b.decoded = at, v.oldest
	v.oldest = (v.oldest + 1) % decodedBlocks
	return &x.rows[row]
}

// Drop forgets the value with that number, which a later value may get. The
// memory of a block is given up with the last of its values.
func (v *Vault[T]) Drop(i uint32) {
	at := (i - 1) / blockLen
	b := &v.blocks[at]
	b.used &^= 1 << ((i - 1) % blockLen)
	v.count--
	if b.used != 0 || at == v.at {
		b.dropped++
		return
	}
	if x := &v.decoded[b.decoded]; x.block == at {
		x.block = noBlock
	}
	v.bytes -= int64(len(b.packed))
	b.packed = nil
	v.free = append(v.free, at)
}

// Len returns how many values are kept.
func (v *Vault[T]) Len() int { return v.count }

// Bytes returns about how much memory the values take.
func (v *Vault[T]) Bytes() int64 {
	return v.bytes + int64(len(v.blocks))*int64(unsafe.Sizeof(vaultBlock{})) + (decodedBlocks+1)*blockLen*int64(unsafe.Sizeof(*new(T)))
}

// Each calls f with each value, in order of number. f may read the value during
// the call, and must not change the Vault. Calls of Each may run concurrently
// with each other.
func (v *Vault[T]) Each(f func(*T)) { v.each(func(_ *vaultBlock, x *T) { f(x) }) }

// Drain is like Each, but gives up the memory of each block as it is read, so
// that what f makes of the values can use it. The Vault is empty afterwards.
func (v *Vault[T]) Drain(f func(*T)) {
	v.each(func(b *vaultBlock, x *T) {
		b.packed = nil
		f(x)
	})
	*v = Vault[T]{}
}

// each calls f with each value and its block.
func (v *Vault[T]) each(f func(b *vaultBlock, x *T)) {
	var rows [blockLen]T
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

// words returns the memory of rows as 32-bit words, and how many a row has.
func words[T any](rows []T) (all []uint32, width int) {
	width = int(unsafe.Sizeof(rows[0]) / 4)
	return unsafe.Slice((*uint32)(unsafe.Pointer(&rows[0])), width*len(rows)), width
}

// packedLens are the two ways to store the differences of a column (a 32-bit
// word of each row): how many bytes a difference takes, by its class, which is
// stored in two bits. The second way suits values that are rarely equal.
var packedLens = [2][4]uint8{{0, 1, 2, 4}, {1, 2, 3, 4}}

// packedClasses are the classes of differences, by way and by how many bytes they need.
var packedClasses = [2][8]uint8{{0, 1, 2, 3, 3}, {0, 0, 1, 2, 3}}

// packedMasks are the bits that 0 to 4 bytes hold.
var packedMasks = [5]uint32{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1}

// columnAlike is the third way: all rows have the same value, stored once.
const columnAlike = 2

// pack appends rows, of which there are blockLen, column by column: the way in
// one byte, the class of each row's difference to the row before it, and the
// bytes of the differences.
func pack[T any](out []byte, rows []T) []byte {
	all, width := words(rows)
	for col := range width {
		var diffs [blockLen]uint32
		last := all[col]
		first, any := last<<1^uint32(int32(last)>>31), uint32(0)
		for row := range diffs {
			x := all[row*width+col]
			d := x - last
			d = d<<1 ^ uint32(int32(d)>>31) // small if it is near zero
			last = x
			diffs[row] = d
			any |= d
		}
		if any == 0 {
			out = binary.LittleEndian.AppendUint32(append(out, columnAlike), all[col])
			continue
		}
		diffs[0] = first
		out = packColumn(out, &diffs)
	}
	return append(out, 0, 0, 0, 0) // differences are read four bytes at a time
}

// packColumn appends the differences of a column, the way that takes fewer bytes.
func packColumn(out []byte, diffs *[blockLen]uint32) []byte {
	var have [5]int // by how many bytes they need
	for _, d := range diffs {
		have[bytesOf(d)]++
	}
	way := 0
	if have[0] < have[3] { // it takes a byte more in the second way, which saves one of each of three bytes
		way = 1
	}
	classes := &packedClasses[way]
	lens := &packedLens[way]
	at := len(out)
	end := at + 1 + blockLen/4
	out = slices.Grow(out, 1+blockLen/4+4*blockLen)[:end+4*blockLen]
	out[at] = byte(way)
	for row := 0; row < blockLen; row += 4 {
		kinds := byte(0)
		for i, d := range diffs[row : row+4] {
			k := classes[bytesOf(d)%8]
			kinds |= k << (2 * i)
			binary.LittleEndian.PutUint32(out[end:], d)
			end += int(lens[k&3])
		}
		out[at+1+row/4] = kinds
	}
	return out[:end]
}

// bytesOf returns how many bytes a difference needs, 0 to 4.
func bytesOf(d uint32) int { return (bits.Len32(d) + 7) / 8 }

// unpack fills rows with what pack made of them.
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
		classes := packed[:blockLen/4]
		packed = packed[blockLen/4:]
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
