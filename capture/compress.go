package capture

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

var compressions = [...]compression{
	{".gz", "\x1f\x8b", openGzip},
	{".zst", "\x28\xb5\x2f\xfd", openZstd},
	{".xz", xzMagic, openXz},
	{".lz4", "\x04\x22\x4d\x18", openLZ4},
	{".lz4", "\x02\x21\x4c\x18", openLZ4}, // the legacy frame, `lz4 -l`
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

// foreign are files that people take for captures, by their first bytes.
var foreign = [...]struct{ magic, what string }{
	{"BZh", "bzip2 is not read; decompress it first"},
	{"PK\x03\x04", "a zip archive is not read; unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive is not read; unpack it first"},
	{"\x1f\x9d", "compress (.Z) is not read; decompress it first"},
	{"snoop\x00\x00\x00", "snoop files are not read; convert it with editcap"},
	{"GMBU", "Network Monitor files are not read; convert it with editcap"},
	{"RTSS", "Network Monitor files are not read; convert it with editcap"},
	{"\x7fELF", "it is a program"},
}

// notCapture explains why a file that begins with head is not a capture.
func notCapture(head []byte) error {
	if len(head) == 0 {
		return fmt.Errorf("not a capture: the file is empty")
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return fmt.Errorf("not a capture: %s", f.what)
		}
	}
	kind := ""
	if isText(head) {
		kind = "text, "
	}
	return fmt.Errorf("not a capture: %sfirst bytes are %q", kind, head[:min(len(head), 16)])
}

// isText reports whether head has only printable ASCII and white space.
func isText(head []byte) bool {
	for _, c := range head {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
