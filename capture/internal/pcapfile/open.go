package pcapfile

import (
	"errors"
	"io"
	"io/fs"
)

// Open reads the header of a capture, of which head, its first four bytes or all
// that it has, has been read from r already. It returns what has been read beyond
// the header. source goes into Drops.Source. A file that is no capture is a
// [*NotCaptureError].
func Open(r io.Reader, head []byte, source int) (f Format, rest []byte, err error) {
	switch {
	case isPcapng(head):
		return &pcapngFile{source: source}, head, nil
	case isPcap(head):
		h := make([]byte, pcapHeaderLen)
		copy(h, head)
		if _, err := io.ReadFull(r, h[len(head):]); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errors.New("not a capture: the file ends inside its header")
			}
			return nil, nil, TrimPath(err)
		}
		p, err := newPcap(h)
		if err != nil {
			return nil, nil, err
		}
		return p, nil, nil
	}
	more := make([]byte, 12)
	n, _ := io.ReadFull(r, more)
	return nil, nil, notCapture(append(head, more[:n]...))
}

// TrimPath strips the name from an error of package os: the caller names it.
func TrimPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
