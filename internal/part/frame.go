package part

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/kaanalyze/kaanalyze/internal/part/fields"
)

// Format is the name of the format, with which a part begins on a line of its own.
const Format = "kaanalyze.part/1"

// family is what the formats of all versions begin with.
const family = "kaanalyze.part/"

// Is reports whether a file that begins so is a part, of whatever version.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(family)) }

// Recognized is how many bytes Is looks at.
const Recognized = len(family)

// A VersionError is that a part is not of the format that this program reads.
type VersionError struct{ Found string }

// Error says which format it is of.
func (e *VersionError) Error() string { return e.Found + "; this program reads " + Format }

// errDamaged is that the checksum is that of another file.
var errDamaged = errors.New("it is cut or damaged: its checksum is wrong")

// The last frame: its mark and its length, as RFC 8878, 3.1.2 has them, then the SHA-256 of
// all before it.
const (
	sumMark = 0x184D2A50
	sumLen  = 8 + sha256.Size
)

// windowSize is how far back compressed data refers, in bytes: readers need as much memory.
const windowSize = 4 << 20

// compressed returns a frame with the rows that code codes.
func compressed(code func(c *fields.Coder)) ([]byte, error) {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, err
	}
	c := fields.NewWriter(z)
	code(c)
	if err := errors.Join(c.Err(), z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeFrames writes a part of these frames.
func writeFrames(w io.Writer, frames ...[]byte) error {
	h := sha256.New()
	both := io.MultiWriter(w, h)
	if _, err := io.WriteString(both, Format+"\n"); err != nil {
		return err
	}
	for _, f := range frames {
		if _, err := both.Write(f); err != nil {
			return err
		}
	}
	last := binary.LittleEndian.AppendUint32(nil, sumMark)
	last = binary.LittleEndian.AppendUint32(last, sha256.Size)
	_, err := w.Write(h.Sum(last))
	return err
}

// readFrames reads the rows of a part: decode decodes them, with room for that many bytes.
func readFrames(r io.Reader, room int64, decode func(c *fields.Coder)) error {
	in := &summed{r: bufio.NewReaderSize(r, summedSize+sumLen), sum: sha256.New()}
	line, err := in.line()
	if err != nil {
		return err
	}
	if line != Format {
		return &VersionError{fmt.Sprintf("it is %.40q", line)}
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowSize), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer z.Close()
	c := fields.NewReader(z, room)
	decode(c)
	c.End()
	if _, ok := errors.AsType[*VersionError](c.Err()); ok || errors.Is(c.Err(), fields.ErrRoom) {
		return c.Err()
	}
	if c.Err() == nil && !in.right {
		return errDamaged
	}
	return c.Err()
}

// summed reads a file but for its checksum, which it compares at the end.
type summed struct {
	r     *bufio.Reader
	sum   hash.Hash
	right bool // the end was reached, and the checksum is right
}

const summedSize = 64 << 10

// line reads the first line.
func (s *summed) line() (string, error) {
	head, err := s.r.Peek(64)
	if len(head) == 0 {
		return "", fmt.Errorf("it is empty: %w", err)
	}
	text, _, ok := strings.Cut(string(head), "\n")
	if !ok {
		return "", errDamaged
	}
	n, _ := s.r.Discard(len(text) + 1)
	s.sum.Write(head[:n])
	return text, nil
}

// Read reads what is in front of the checksum.
func (s *summed) Read(b []byte) (int, error) {
	ahead, err := s.r.Peek(min(len(b), summedSize) + sumLen)
	n := len(ahead) - sumLen
	if n > 0 {
		copy(b, ahead[:n])
		s.sum.Write(ahead[:n])
		_, err = s.r.Discard(n)
		return n, err
	}
	if err != io.EOF {
		return 0, err
	}
	s.right = n == 0 && binary.LittleEndian.Uint32(ahead) == sumMark && binary.LittleEndian.Uint32(ahead[4:]) == sha256.Size &&
		subtle.ConstantTimeCompare(ahead[8:], s.sum.Sum(nil)) == 1
	if !s.right {
		return 0, errDamaged
	}
	return 0, io.EOF
}
