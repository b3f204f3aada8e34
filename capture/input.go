package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/capture/internal/unpack"
)

// An input is the uncompressed bytes of one file.
type input struct {
	r       io.Reader
	file    *os.File      // to close, nil for standard input
	unzip   io.ReadCloser // nil if not compressed
	suffix  string        // of the compression
	regular bool          // reading does not wait for anybody, and can begin again
	size    int64         // on disk, -1 if unknown

	follower *follower // nil unless the file is followed
}

// A counter counts the bytes read from a file as it lies on disk.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// openInput opens the file called name, or stdin if that is "-", and finds
// out whether it is compressed. It returns the input and its first bytes,
// fewer than four only if the file has no more. done counts what is read. If follow is not
// nil the file is followed.
func openInput(name string, stdin io.Reader, done *atomic.Int64, follow *Follow) (*input, []byte, error) {
	in := &input{size: -1, r: stdin}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, nil, pcapfile.TrimPath(err)
		}
		in.r, in.file = file, file
	} else if stdin == nil {
		return nil, nil, errors.New("no standard input")
	}
	err := in.stat()
	if err != nil {
		in.close()
		return nil, nil, err
	}
	in.regular = in.regular && name != "-" // which cannot begin again
	if follow != nil {
		in.follow(name, follow)
	}
	in.r = &counter{in.r, done}
	head, err := in.peek()
	if err == nil && in.follower != nil && in.unzip != nil {
		err = fmt.Errorf("it is compressed (%s), and such a file cannot be followed", in.suffix)
	}
	if err != nil {
		in.close()
		return nil, nil, err
	}
	return in, head, nil
}

// stat learns what kind of file the input is.
func (in *input) stat() error {
	file, ok := in.r.(*os.File)
	if !ok {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return pcapfile.TrimPath(err)
	}
	if info.IsDir() {
		return errors.New("it is a directory")
	}
	if info.Mode().IsRegular() {
		in.regular, in.size = true, info.Size()
	}
	return nil
}

// follow has a regular file followed.
func (in *input) follow(name string, follow *Follow) {
	file, ok := in.r.(*os.File)
	if !ok || in.size < 0 {
		return
	}
	in.follower = &follower{name: name, file: file, follow: follow, fixed: name == "-"}
	in.r, in.regular, in.size = in.follower, false, -1
}

// peek reads the first bytes and, if they are a compression's magic, puts the
// decompressor in place and reads the first bytes that come out of it.
func (in *input) peek() ([]byte, error) {
	head, err := readHead(in.r)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	unzip, suffix, err := unpack.Open(head, in.r)
	if err != nil || unzip == nil {
		return head, err
	}
	in.r, in.unzip, in.suffix = unzip, unzip, suffix
	if head, err = readHead(in.r); err != nil {
		return nil, fmt.Errorf("decompress %s: %w", suffix, err)
	}
	return head, nil
}

// readHead reads the four bytes that tell formats apart, or what there is.
func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, 4, 64)
	n, err := io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF && n > 0 {
		err = nil
	}
	if err != nil {
		return nil, pcapfile.TrimPath(err)
	}
	return head[:n], nil
}

// more appends to buf what can be had without waiting longer than for the
// first byte, until buf has size bytes. The end of the input is io.EOF.
func (in *input) more(buf []byte, size int) ([]byte, error) {
	for len(buf) < size {
		if cap(buf) < size {
			grown := make([]byte, len(buf), size)
			copy(grown, buf)
			buf = grown
		}
		n, err := in.r.Read(buf[len(buf):size])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, pcapfile.TrimPath(err)
		}
		if n > 0 && !in.regular && in.unzip == nil {
			break
		}
	}
	return buf, nil
}

// plain reports whether the input is the bytes of a file as they lie on disk.
func (in *input) plain() bool { return in.regular && in.unzip == nil && in.file != nil }

// close closes what openInput has opened.
func (in *input) close() {
	if in.unzip != nil {
		in.unzip.Close()
	}
	if in.file != nil {
		in.file.Close()
	}
}
