package unpack

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzMagic begins every .xz stream (2.1.1.1).
const xzMagic = "\xfd7zXZ\x00"

// An xzReader reads the .xz container (file format 1.2.1, sections 2 to 4)
// around the LZMA2 decoder. The library's own container reader allocates
// whatever dictionary a block header asks for, up to 4 GiB; this one refuses
// more than maxWindow.
type xzReader struct {
	r     *bufio.Reader
	state func(*xzReader) error // what comes next; nil inside a block
	block io.Reader             // the open block's LZMA2 data
	count countingByteReader    // its compressed bytes
	plain uint64                // bytes that came out of it
	check hash.Hash             // nil if the stream's check is none or unknown
	size  int                   // of the check, in bytes
	begun bool                  // a stream has been read
	err   error

	header   uint64  // length of the open block's header
	declared [2]size // of the open block, compressed and uncompressed, as its header says
	flags    byte    // of the stream
	seen     records // the blocks of the stream
}

// A size is a number of bytes that a header may leave out.
type size struct {
	known bool
	bytes uint64
}

// records are the sizes of a stream's blocks, which its index repeats: as many as there
// may be, so only their sum is kept.
type records struct {
	n   uint64
	sum hash.Hash
}

// add adds a block.
func (r *records) add(unpadded, uncompressed uint64) {
	if r.sum == nil {
		r.sum = sha256.New()
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], unpadded)
	binary.LittleEndian.PutUint64(b[8:], uncompressed)
	r.sum.Write(b[:])
	r.n++
}

// same reports whether both have the same blocks.
func (r *records) same(other *records) bool {
	return r.n == other.n && (r.n == 0 || bytes.Equal(r.sum.Sum(nil), other.sum.Sum(nil)))
}

// Read implements io.Reader.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.advance()
			continue
		}
		n, err := x.block.Read(p)
		if x.plain += uint64(n); x.check != nil {
			x.check.Write(p[:n])
		}
		if err == io.EOF {
			x.block, err = nil, x.endBlock()
		}
		x.err = err
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// advance reads what stands between two blocks' data.
func (x *xzReader) advance() error {
	if x.state == nil {
		x.state = (*xzReader).stream
	}
	return x.state(x)
}

// stream reads stream padding and a stream header (2.1.1, 2.2).
func (x *xzReader) stream() error {
	for x.begun {
		pad, err := x.r.Peek(4)
		if len(pad) == 0 && err == io.EOF {
			return io.EOF
		}
		if !bytes.Equal(pad, make([]byte, 4)) {
			break
		}
		x.r.Discard(4)
	}
	var h [12]byte
	if err := x.full(h[:]); err != nil {
		return err
	}
	if string(h[:6]) != xzMagic || h[6] != 0 || h[7]&0xf0 != 0 {
		return errors.New("xz: wrong stream header")
	}
	if crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errors.New("xz: wrong checksum of a stream header")
	}
	sizes := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	x.size = sizes[h[7]]
	switch h[7] {
	case 1:
		x.check = crc32.NewIEEE()
	case 4:
		x.check = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.check = sha256.New()
	default:
		x.check = nil
	}
	x.begun, x.flags, x.seen = true, h[7], records{}
	x.state = (*xzReader).blockOrIndex
	return nil
}

// blockOrIndex reads a block header (3.1), or the index and the footer.
func (x *xzReader) blockOrIndex() error {
	size, err := x.r.ReadByte()
	if err != nil {
		return cutEOF(err)
	}
	if size == 0 {
		return x.index()
	}
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if err := x.full(h[1:]); err != nil {
		return err
	}
	body, sum := h[:len(h)-4], h[len(h)-4:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return errors.New("xz: wrong checksum of a block header")
	}
	dict, declared, err := xzDictionary(body[1:])
	if err != nil {
		return err
	}
	x.header, x.declared, x.plain = uint64(len(h)), declared, 0
	if x.check != nil {
		x.check.Reset()
	}
	x.count = countingByteReader{r: x.r}
	x.block, err = lzma.Reader2Config{DictCap: dict}.NewReader2(&x.count)
	return err
}

// xzDictionary reads the only filter chain that captures use, LZMA2 alone
// (5.3.1), from a block header's flags on, and returns its dictionary's size, and the
// block's sizes as far as they are there.
func xzDictionary(h []byte) (dictionary int, declared [2]size, err error) {
	flags, r := h[0], bytes.NewReader(h[1:])
	if flags&0x3f != 0 {
		return 0, declared, errors.New("xz: filters other than LZMA2 are not read")
	}
	for i, bit := range []byte{0x40, 0x80} { // compressed, uncompressed size
		if flags&bit != 0 {
			n, err := binary.ReadUvarint(r)
			if err != nil {
				return 0, declared, errors.New("xz: wrong block header")
			}
			declared[i] = size{true, n}
		}
	}
	var f [3]byte
	if _, err := io.ReadFull(r, f[:]); err != nil || f[1] != 1 {
		return 0, declared, errors.New("xz: wrong block header")
	}
	if f[0] != 0x21 {
		return 0, declared, errors.New("xz: filters other than LZMA2 are not read")
	}
	dict, err := lzma.DecodeDictCap(f[2])
	if err != nil {
		return 0, declared, err
	}
	if dict > maxWindow {
		return 0, declared, fmt.Errorf("xz: dictionary of %d bytes is larger than %d", dict, maxWindow)
	}
	return max(int(dict), lzma.MinDictCap), declared, nil
}

// endBlock reads the padding and the check after a block's data (3.3, 3.4).
func (x *xzReader) endBlock() error {
	compressed := uint64(x.count.n)
	tail := make([]byte, int(-x.count.n&3)+x.size)
	if err := x.full(tail); err != nil {
		return err
	}
	for i, got := range []uint64{compressed, x.plain} {
		if d := x.declared[i]; d.known && d.bytes != got {
			return errors.New("xz: wrong size in a block header")
		}
	}
	x.seen.add(x.header+compressed+uint64(x.size), x.plain)
	if !zeros(tail[:len(tail)-x.size]) {
		return errors.New("xz: wrong padding of a block")
	}
	if x.check == nil {
		return nil
	}
	sum, want := x.check.Sum(nil), tail[len(tail)-x.size:]
	if x.size <= 8 { // the CRCs are stored little endian
		for i, j := 0, len(sum)-1; i < j; i, j = i+1, j-1 {
			sum[i], sum[j] = sum[j], sum[i]
		}
	}
	if !bytes.Equal(sum, want) {
		return errors.New("xz: wrong checksum of a block")
	}
	return nil
}

// index reads the index (4) and the stream footer (2.1.2), which say again what has been
// read.
func (x *xzReader) index() error {
	sum := crc32.NewIEEE()
	sum.Write([]byte{0}) // the first byte, which has been read
	c := countingByteReader{r: x.r, n: 1, sum: sum}
	var listed records
	n, err := binary.ReadUvarint(&c)
	for i := uint64(0); i < n && err == nil; i++ {
		var unpadded, uncompressed uint64
		if unpadded, err = binary.ReadUvarint(&c); err == nil {
			uncompressed, err = binary.ReadUvarint(&c)
		}
		listed.add(unpadded, uncompressed)
	}
	if err != nil {
		return cutEOF(err)
	}
	padding := int(-c.n & 3)
	tail := make([]byte, padding+4+12) // padding, CRC32, footer
	if err := x.full(tail); err != nil {
		return err
	}
	sum.Write(tail[:padding])
	check, footer := tail[padding:padding+4], tail[padding+4:]
	size := uint64(c.n) + uint64(padding) + 4
	switch {
	case !zeros(tail[:padding]) || sum.Sum32() != binary.LittleEndian.Uint32(check):
		return errors.New("xz: wrong checksum of an index")
	case !x.seen.same(&listed):
		return errors.New("xz: an index of other blocks")
	case string(footer[10:]) != "YZ" || footer[8] != 0 || footer[9] != x.flags || uint64(binary.LittleEndian.Uint32(footer[4:]))*4+4 != size:
		return errors.New("xz: wrong stream footer")
	case crc32.ChecksumIEEE(footer[4:10]) != binary.LittleEndian.Uint32(footer):
		return errors.New("xz: wrong checksum of a stream footer")
	}
	x.state = (*xzReader).stream
	return nil
}

// zeros reports whether b has nothing but zeros.
func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// full fills b; the end of the file before that is unexpected.
func (x *xzReader) full(b []byte) error {
	_, err := io.ReadFull(x.r, b)
	return cutEOF(err)
}

// cutEOF turns the end of a file into one that is not expected.
func cutEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A countingByteReader counts what is read through it.
type countingByteReader struct {
	r   *bufio.Reader
	n   int64
	sum hash.Hash32 // of what was read byte by byte; nil for none
	one [1]byte     // for sum
}

// Read implements io.Reader.
func (c *countingByteReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (c *countingByteReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
		if c.sum != nil {
			c.one[0] = b
			c.sum.Write(c.one[:])
		}
	}
	return b, err
}
