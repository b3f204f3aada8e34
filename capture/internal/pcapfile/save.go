package pcapfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

// A rotation says where frames are saved to, and when another file is begun: the
// fields are those of capture.Saving.
type Rotation struct {
	Name   string
	Every  time.Duration
	Size   int64
	Count  int
	Stdout io.Writer
}

// A saver writes pcap files.
type Saver struct {
	Rotation
	link    LinkType
	snapLen uint32

	out      io.Writer
	file     *os.File // nil for Stdout
	size     int64    // of the file
	period   int64    // when this period began, for the names
	boundary int64    // time from which on frames go to another file
	periods  int      // files by time so far
	number   int      // of the file within its period
}

// newSaver creates the first file, at a time. Its frames are of one link type.
func NewSaver(to Rotation, link LinkType, snapLen uint32, at int64) (*Saver, error) {
	v := &Saver{Rotation: to, link: link, snapLen: snapLen, boundary: math.MaxInt64}
	return v, v.begin(at)
}

// begin begins the files of a period.
func (v *Saver) begin(at int64) error {
	if v.Every > 0 {
		v.boundary = at + int64(v.Every)
	}
	v.period, v.number = at, 0
	return v.create()
}

// create creates the next file, which holds nothing but its header then.
func (v *Saver) create() error {
	v.out, v.file = v.Stdout, nil
	if v.Name != "-" {
		name, err := v.fileName()
		if err != nil {
			return err
		}
		if v.file, err = os.Create(name); err != nil {
			return fmt.Errorf("save capture to %q: %w", name, TrimPath(err))
		}
		v.out = v.file
	}
	v.size = 0
	_, err := v.writeFile(FileHeader(v.link, v.snapLen))
	return err
}

// fileName returns the name of the file to create. The first of files by size
// has no number, unless they are written over in turn, as with tcpdump.
func (v *Saver) fileName() (string, error) {
	name := v.Name
	if v.Every > 0 {
		var err error
		if name, err = TimeName(name, time.Unix(0, v.period)); err != nil {
			return "", err
		}
	}
	switch {
	case v.Size == 0 || v.number == 0 && v.Count == 0:
		return name, nil
	case v.Count == 0:
		return name + strconv.Itoa(v.number), nil
	}
	digits := 0
	for n := v.Count - 1; n > 0; n /= 10 {
		digits++
	}
	return fmt.Sprintf("%s%0*d", name, digits, v.number), nil
}

// errLastFile says that the last file is complete.
var ErrLastFile = errors.New("the last file is complete")

// write writes the frames of a block, and returns how many of them. The error
// is errLastFile after the last file.
func (v *Saver) Write(b *Records) (int, error) {
	from := uint32(0) // of what has not been written yet
	done := 0
	for i := range b.Frames {
		f := &b.Frames[i]
		start := f.Off - RecordLen
		byTime := f.Time >= v.boundary
		if !byTime && (v.Size == 0 || v.size+int64(start-from) <= v.Size) {
			continue
		}
		if n, err := v.flush(b, from, done, i); err != nil {
			return n, err
		}
		from, done = start, i
		if err := v.rotate(f.Time, byTime); err != nil {
			return i, err
		}
	}
	return v.flush(b, from, done, len(b.Frames))
}

// flush writes the frames from the done-th on, whose bytes begin at from, up to
// the n-th. It returns how many frames of the block are written. Of one that is
// written in part nothing is left in a file.
func (v *Saver) flush(b *Records, from uint32, done, n int) (int, error) {
	if done == n {
		return n, nil
	}
	last := &b.Frames[n-1]
	before := v.size
	wrote, err := v.writeFile(b.Buf[from : last.Off+last.CapLen])
	if err == nil {
		return n, nil
	}
	whole := before
	for ; done < n; done++ {
		f := &b.Frames[done]
		end := int64(f.Off+f.CapLen) - int64(from)
		if end > int64(wrote) {
			break
		}
		whole = before + end
	}
	if v.file != nil {
		_ = v.file.Truncate(whole) // else it is found to be cut, and read so far
	}
	return done, err
}

// put writes to the file.
func (v *Saver) writeFile(p []byte) (int, error) {
	n, err := v.out.Write(p)
	v.size += int64(n)
	if err != nil {
		return n, v.wrapError(err)
	}
	return n, nil
}

func (v *Saver) wrapError(err error) error {
	if v.file == nil {
		return fmt.Errorf("save capture to standard output: %w", err)
	}
	return fmt.Errorf("save capture to %q: %w", v.file.Name(), TrimPath(err))
}

// rotate ends the file and begins the next one, at the time of a frame.
func (v *Saver) rotate(at int64, byTime bool) error {
	if err := v.Close(); err != nil {
		return err
	}
	if byTime {
		if v.periods++; v.Size == 0 && v.Count > 0 && v.periods >= v.Count {
			return ErrLastFile
		}
		return v.begin(at)
	}
	if v.number++; v.Count > 0 && v.number >= v.Count {
		v.number = 0
	}
	return v.create()
}

// close closes the file.
func (v *Saver) Close() error {
	if v.file == nil {
		return nil
	}
	err := v.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	if err != nil {
		return v.wrapError(err)
	}
	return nil
}
