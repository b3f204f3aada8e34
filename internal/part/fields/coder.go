package fields

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What a block holds at most. Readers refuse more; writers begin another block earlier.
const (
	maxRows    = 1 << 12
	maxColumns = 1 << 9
	maxBlock   = 16 << 20 // bytes of all columns
	fullBlock  = 1 << 20  // bytes after which a writer ends a block
	maxText    = 1 << 16  // bytes of one text
)

// ErrRoom is that what is read takes more memory than there is room for.
var ErrRoom = errors.New("it takes more memory than --max-memory allows")

// errWrong is that the bytes are not what a Coder writes.
var errWrong = errors.New("it does not hold what it says")

// Coder writes rows, or reads them. It is for one goroutine.
type Coder struct {
	w       io.Writer
	r       *bufio.Reader // nil for one that writes
	room    int64         // bytes that may still be taken
	columns [][]byte      // what is written, or is left to be read, of the block
	before  []uint64      // by column: what stood there in the row before
	at      int           // the column of the next field
	size    int           // bytes in columns, of one that writes
	err     error
}

// NewWriter returns a Coder that writes to w.
func NewWriter(w io.Writer) *Coder { return &Coder{w: w} }

// NewReader returns a Coder that reads from r, and takes at most room bytes for the rows.
func NewReader(r io.Reader, room int64) *Coder {
	return &Coder{r: bufio.NewReaderSize(r, 64<<10), room: room}
}

// Reading reports whether it reads.
func (c *Coder) Reading() bool { return c.r != nil }

// Err returns the first error.
func (c *Coder) Err() error { return c.err }

// Fail makes err the error, unless there is one.
func (c *Coder) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Wrong fails, as the bytes are not what a Coder writes.
func (c *Coder) Wrong() { c.Fail(errWrong) }

// Take takes n bytes of the room, and reports whether there were as many.
func (c *Coder) Take(n int64) bool {
	if c.room -= n; c.room < 0 && c.err == nil {
		c.Fail(ErrRoom)
	}
	return c.err == nil
}

// End reads the end of what was written: nothing may follow.
func (c *Coder) End() {
	if c.err != nil || c.r == nil {
		return
	}
	if _, err := c.r.ReadByte(); err == nil {
		c.Wrong()
	} else if err != io.EOF {
		c.Fail(err)
	}
}

// Rows codes rows, of which there are n where they are written. Where they are read, there
// are as many as there were then, and each takes size bytes of the room. row codes the one
// at index i, by calls of the other methods.
func (c *Coder) Rows(n int, size uintptr, row func(i int)) {
	if c.r != nil {
		c.readRows(int64(size), row)
		return
	}
	for i := 0; i < n; {
		c.reset()
		rows := 0
		for ; i < n && rows < maxRows && c.size < fullBlock; i++ {
			c.at = 0
			row(i)
			rows++
		}
		c.writeBlock(rows)
	}
	c.write(binary.AppendUvarint(nil, 0))
}

// reset empties the columns.
func (c *Coder) reset() {
	for i := range c.columns {
		c.columns[i], c.before[i] = c.columns[i][:0], 0
	}
	c.size = 0
}

// writeBlock writes the columns.
func (c *Coder) writeBlock(rows int) {
	used := len(c.columns)
	for used > 0 && len(c.columns[used-1]) == 0 {
		used--
	}
	head := binary.AppendUvarint(nil, uint64(rows))
	head = binary.AppendUvarint(head, uint64(used))
	for _, column := range c.columns[:used] {
		head = binary.AppendUvarint(head, uint64(len(column)))
	}
	c.write(head)
	for _, column := range c.columns[:used] {
		c.write(column)
	}
}

func (c *Coder) write(b []byte) {
	if c.err != nil {
		return
	}
	if _, err := c.w.Write(b); err != nil {
		c.Fail(err)
	}
}

// readRows is Rows for reading.
func (c *Coder) readRows(size int64, row func(i int)) {
	for i := 0; c.err == nil; {
		rows := c.length(maxRows)
		if rows == 0 || c.err != nil {
			return
		}
		c.readBlock()
		for range rows {
			if !c.Take(size) {
				return
			}
			c.at = 0
			row(i)
			if c.err != nil {
				return
			}
			i++
		}
		for _, column := range c.columns {
			if len(column) > 0 {
				c.Wrong()
			}
		}
	}
}

// readBlock reads the columns.
func (c *Coder) readBlock() {
	used := c.length(maxColumns)
	lengths, sum := make([]int, used), 0
	for i := range lengths {
		lengths[i] = c.length(maxBlock)
		sum += lengths[i]
	}
	if c.err == nil && sum > maxBlock {
		c.Wrong()
	}
	if c.err != nil {
		return
	}
	all := make([]byte, sum)
	if _, err := io.ReadFull(c.r, all); err != nil {
		c.torn(err)
		return
	}
	c.columns, c.before = c.columns[:0], c.before[:0]
	for _, n := range lengths {
		c.columns, c.before = append(c.columns, all[:n:n]), append(c.before, 0)
		all = all[n:]
	}
}

// length reads a number that is at most most.
func (c *Coder) length(most uint64) int {
	if c.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(c.r)
	if err != nil {
		c.torn(err)
		return 0
	}
	if n > most {
		c.Wrong()
		return 0
	}
	return int(n)
}

// torn fails as the reading did.
func (c *Coder) torn(err error) {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = io.ErrUnexpectedEOF
	}
	c.Fail(fmt.Errorf("it ends early or is damaged: %w", err))
}

// next returns the column of the next field.
func (c *Coder) next() int {
	k := c.at
	c.at++
	if k < len(c.columns) {
		return k
	}
	if c.r != nil || k >= maxColumns {
		c.Wrong()
		return -1
	}
	c.columns, c.before = append(c.columns, nil), append(c.before, 0)
	return k
}

// number codes a number in a column.
func (c *Coder) number(k int, x uint64) uint64 {
	if k < 0 || c.err != nil {
		return 0
	}
	if c.r == nil {
		was := len(c.columns[k])
		c.columns[k] = binary.AppendUvarint(c.columns[k], x)
		c.size += len(c.columns[k]) - was
		return x
	}
	x, n := binary.Uvarint(c.columns[k])
	if n <= 0 {
		c.Wrong()
		return 0
	}
	c.columns[k] = c.columns[k][n:]
	return x
}
