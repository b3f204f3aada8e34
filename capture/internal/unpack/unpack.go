// Package unpack decompresses files: gzip, zstd, xz and lz4, told by their magic
// bytes. Several compressed parts in one file are read as one, as `cat` makes
// them. Memory is bounded whatever a file asks for: a decompressor may keep 128 MiB
// of its output.
package unpack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxWindow bounds what a decompressor may keep of its output. It is what
// `zstd --ultra -22` and twice what `xz -9` need.
const maxWindow = 128 << 20

// A compression is found by its magic bytes: names lie after a rotation.
type compression struct {
	suffix string
	magic  string
	open   func(r *bufio.Reader) (io.ReadCloser, error)
}

// compressions are those that are read.
var compressions = [...]compression{
	{".gz", "\x1f\x8b", openGzip},
	{".zst", "\x28\xb5\x2f\xfd", openZstd},
	{".xz", xzMagic, openXz},
	{".lz4", "\x04\x22\x4d\x18", openLZ4},
	{".lz4", "\x02\x21\x4c\x18", openLZ4}, // the legacy frame, `lz4 -l`
}

// Open returns a reader of what a file decompresses to, and the suffix of its
// compression (".gz", say), if head, the file's first four bytes, says that it is
// compressed; else it returns nil. The rest of the file comes from r, which Close
// does not close. A file that ends early gives [io.ErrUnexpectedEOF].
func Open(head []byte, r io.Reader) (unpacked io.ReadCloser, suffix string, err error) {
	for i := range compressions {
		z := &compressions[i]
		if !bytes.HasPrefix(head, []byte(z.magic[:min(4, len(z.magic))])) {
			continue
		}
		unpacked, err = z.open(bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head), r), 64<<10))
		if err != nil {
			return nil, "", fmt.Errorf("decompress %s: %w", z.suffix, cutEOF(err))
		}
		return unpacked, z.suffix, nil
	}
	return nil, "", nil
}

func openGzip(r *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// openZstd decodes in the reader's own goroutine: while one worker
// decompresses, the others decode packets.
func openZstd(r *bufio.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func openXz(r *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(&xzReader{r: r}), nil }

func openLZ4(r *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(lz4.NewReader(r)), nil }
