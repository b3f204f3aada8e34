package unpack

import (
	"bufio"
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/ulikunitz/xz"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

// fuzzMost is how much a fuzz target reads of what a file decompresses to.
const fuzzMost = 1 << 20

// FuzzOpen reads compressed files that may be damaged, or made to do harm. Whatever
// they ask for, memory is bounded; read byte by byte they hold the same; the end
// of a file that is cut is not [io.EOF]; and gzip and xz are read as by their
// libraries alone.
func FuzzOpen(f *testing.F) {
	plain := sample(300)
	for _, suffix := range slices.Sorted(maps.Keys(filetest.Compressors)) {
		file := filetest.Compress(f, suffix, plain)
		f.Add(file)
		f.Add(append(file, file...))
		f.Add(file[:len(file)/2])
	}
	f.Add([]byte("\x02\x21\x4c\x18\x06\x00\x00\x00\x50hello"))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, (30 - 10) << 3, 1, 0, 0}) // a window of 1 GiB
	f.Fuzz(func(t *testing.T, file []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, suffix, err := readMost(file, func(r io.Reader) io.Reader { return r })
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2*maxWindow+64*fuzzMost {
			t.Errorf("%s: %d MiB were allocated for a file of %d bytes", suffix, n>>20, len(file))
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the error is %v", suffix, err)
		}
		slowly, _, slowErr := readMost(file, iotest.OneByteReader)
		if !bytes.Equal(slowly, got) || (slowErr == nil) != (err == nil) {
			t.Errorf("%s: got %d bytes, error %v; byte by byte %d, error %v", suffix, len(got), err, len(slowly), slowErr)
		}
		var library io.Reader
		var libraryErr error
		switch {
		case suffix == ".gz":
			library, libraryErr = stdgzip.NewReader(bufio.NewReader(bytes.NewReader(file)))
		case suffix == ".xz" && err == nil: // its errors are others, and it takes any dictionary
			library, libraryErr = xz.NewReader(bytes.NewReader(file))
		default:
			return
		}
		var want []byte
		if libraryErr == nil {
			want, libraryErr = io.ReadAll(io.LimitReader(library, fuzzMost))
		}
		n := min(len(got), len(want)) // of a damaged file one may read a little further
		if !bytes.Equal(got[:n], want[:n]) || err == nil && len(got) != len(want) || (err == nil) != (libraryErr == nil) {
			t.Errorf("%s: got %d bytes, error %v; its library reads %d, error %v", suffix, len(got), err, len(want), libraryErr)
		}
	})
}

// readMost returns the beginning of what a file decompresses to; how is how the file
// is read.
func readMost(file []byte, how func(io.Reader) io.Reader) (content []byte, suffix string, err error) {
	head := file[:min(4, len(file))]
	r, suffix, err := Open(head, how(bytes.NewReader(file[len(head):])))
	if r == nil || err != nil {
		return nil, suffix, err
	}
	defer r.Close()
	content, err = io.ReadAll(io.LimitReader(r, fuzzMost))
	return content, suffix, err
}

// FuzzCompressed compresses bytes, perhaps in two parts, and reads them again.
func FuzzCompressed(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), uint16(4))
	f.Add(bytes.Repeat([]byte("abc"), 2000), uint16(3000))
	f.Fuzz(func(t *testing.T, plain []byte, cut uint16) {
		n := min(int(cut), len(plain))
		for suffix := range filetest.Compressors {
			file := append(filetest.Compress(t, suffix, plain[:n]), filetest.Compress(t, suffix, plain[n:])...)
			got, found, err := unpacked(file)
			if err != nil || found != suffix || !bytes.Equal(got, plain) {
				t.Errorf("%s: got %d bytes of %q, error %v; want %d", suffix, len(got), found, err, len(plain))
			}
		}
	})
}
