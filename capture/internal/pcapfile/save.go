package pcapfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"syscall"
	"time"
)

// A Rotation says where frames are saved to, and when another file is begun: the
// fields are those of capture.Saving.
type Rotation struct {
	Name   string
	Every  time.Duration
	Size   int64
	Count  int
	Stdout io.Writer
	Create func(name string) (*os.File, io.Writer, error)
}

// A Saver writes frames to pcap files, with times in nanoseconds. It is not safe
// for concurrent use.
type Saver struct {
	Rotation
	link    LinkType
	snapLen uint32

	out      io.Writer
	file     *os.File // nil for Stdout
	name     string   // of the file, as it was asked for
	size     int64    // of the file
	period   int64    // when this period began, for the names
	boundary int64    // time from which on frames go to another file
	periods  int      // files by time so far
	number   int      // of the file within its period
}

// NewSaver creates the first file, at a time in nanoseconds since the Unix epoch.
// All frames are of one link type, and cut to snapLen bytes.
func NewSaver(to Rotation, link LinkType, snapLen uint32, at int64) (*Saver, error) {
	s := &Saver{Rotation: to, link: link, snapLen: snapLen, boundary: math.MaxInt64}
	return s, s.begin(at)
}

// begin begins the files of a period.
func (s *Saver) begin(at int64) error {
	if s.Every > 0 {
		s.boundary = at + int64(s.Every)
	}
	s.period, s.number = at, 0
	return s.create()
}

// create creates the next file, which holds nothing but its header then.
func (s *Saver) create() error {
	s.out, s.file = s.Stdout, nil
	if s.Name != "-" {
		name, err := s.fileName()
		if err != nil {
			return err
		}
		s.name = name
		if s.Create != nil {
			s.file, s.out, err = s.Create(name)
		} else {
			s.file, err = CreateAlone(name)
			s.out = s.file
		}
		if err != nil {
			return fmt.Errorf("save capture to %q: %w", name, TrimPath(err))
		}
	}
	s.size = 0
	_, err := s.writeFile(FileHeader(s.link, s.snapLen))
	return err
}

// errInUse says that another program saves to the file.
var errInUse = errors.New("another program is saving to it")

// CreateAlone creates a file that only its owner may read, or empties one, which is then
// for its owner alone. It fails where another program does so, until the file is closed,
// and follows no link but those of folders.
func CreateAlone(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = empty(f, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// empty empties a file that is there, and keeps others from reading it.
func empty(f *os.File, info os.FileInfo) error {
	// Where files cannot be locked, as on some network disks, nobody is kept out.
	if errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return errInUse
	}
	if others := info.Mode().Perm() &^ 0o600; others != 0 {
		// The file of another user stays as that user wants it.
		if err := f.Chmod(info.Mode().Perm() &^ others); err != nil && !errors.Is(err, syscall.EPERM) {
			return err
		}
	}
	return f.Truncate(0)
}

// fileName returns the name of the file to create. The first of files by size
// has no number, unless they are written over in turn, as with tcpdump.
func (s *Saver) fileName() (string, error) {
	name := s.Name
	if s.Every > 0 {
		var err error
		if name, err = TimeName(name, time.Unix(0, s.period)); err != nil {
			return "", err
		}
	}
	switch {
	case s.Size == 0 || s.number == 0 && s.Count == 0:
		return name, nil
	case s.Count == 0:
		return name + strconv.Itoa(s.number), nil
	}
	digits := 0
	for n := s.Count - 1; n > 0; n /= 10 {
		digits++
	}
	return fmt.Sprintf("%s%0*d", name, digits, s.number), nil
}

// ErrLastFile says that the last file is complete.
var ErrLastFile = errors.New("the last file is complete")

// Write writes frames and returns how many it has written whole. r.Buf must be what
// [AppendRecord] has made of them. The error names the file, or is [ErrLastFile]
// after the last one.
func (s *Saver) Write(r *Records) (int, error) {
	from := uint32(0) // of what has not been written yet
	done := 0
	for i := range r.Frames {
		f := &r.Frames[i]
		start := f.Off - RecordLen
		byTime := f.Time >= s.boundary
		if !byTime && (s.Size == 0 || s.size+int64(start-from) <= s.Size) {
			continue
		}
		if n, err := s.flush(r, from, done, i); err != nil {
			return n, err
		}
		from, done = start, i
		if err := s.rotate(f.Time, byTime); err != nil {
			return i, err
		}
	}
	return s.flush(r, from, done, len(r.Frames))
}

// flush writes the frames from the done-th on, whose bytes begin at from, up to
// the n-th. It returns how many frames of the block are written. Of one that is
// written in part nothing is left in a file.
func (s *Saver) flush(r *Records, from uint32, done, n int) (int, error) {
	if done == n {
		return n, nil
	}
	last := &r.Frames[n-1]
	before := s.size
	wrote, err := s.writeFile(r.Buf[from : last.Off+last.CapLen])
	if err == nil {
		return n, nil
	}
	whole := before
	for ; done < n; done++ {
		f := &r.Frames[done]
		end := int64(f.Off+f.CapLen) - int64(from)
		if end > int64(wrote) {
			break
		}
		whole = before + end
	}
	if s.file != nil {
		_ = s.file.Truncate(whole) // else it is found to be cut, and read so far
	}
	return done, err
}

// writeFile writes to the file, and counts.
func (s *Saver) writeFile(p []byte) (int, error) {
	n, err := s.out.Write(p)
	s.size += int64(n)
	if err != nil {
		return n, s.wrapError(err)
	}
	return n, nil
}

// wrapError says which file an error is of.
func (s *Saver) wrapError(err error) error {
	if s.file == nil {
		return fmt.Errorf("save capture to standard output: %w", err)
	}
	return fmt.Errorf("save capture to %q: %w", s.name, TrimPath(err))
}

// rotate ends the file and begins the next one, at the time of a frame.
func (s *Saver) rotate(at int64, byTime bool) error {
	if err := s.Close(); err != nil {
		return err
	}
	if byTime {
		if s.periods++; s.Size == 0 && s.Count > 0 && s.periods >= s.Count {
			return ErrLastFile
		}
		return s.begin(at)
	}
	if s.number++; s.Count > 0 && s.number >= s.Count {
		s.number = 0
	}
	return s.create()
}

// Close closes the file, unless that has been done.
func (s *Saver) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	if err != nil {
		return s.wrapError(err)
	}
	return nil
}
