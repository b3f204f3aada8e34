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

// A SavedInterface is one whose frames are saved.
type SavedInterface struct {
	Name    string // "" if it is not told
	Link    LinkType
	SnapLen uint32 // its frames are cut to so many bytes
}

// A Saver writes frames with times in nanoseconds: of one interface to pcap files, of
// several to pcapng files, whose interfaces they are then. It is not safe
// for concurrent use.
type Saver struct {
	Rotation
	of    []SavedInterface
	began int64 // when the first file was

	// Drops, if it is set, returns what an interface has lost so far, by number. Files of
	// several interfaces end with that.
	Drops func(number int) (kernel, iface uint64)

	asPcapng Records // what is written of several interfaces
	lastTime int64   // of a frame
	ended    bool    // this file is complete, or cannot be written to

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
func NewSaver(to Rotation, of []SavedInterface, at int64) (*Saver, error) {
	s := &Saver{Rotation: to, of: of, began: at, lastTime: at, boundary: math.MaxInt64}
	return s, s.begin(at)
}

// pcapng reports whether files are in that format.
func (s *Saver) pcapng() bool { return len(s.of) > 1 }

// header is what a file begins with.
func (s *Saver) header() []byte {
	if !s.pcapng() {
		return FileHeader(s.of[0].Link, s.of[0].SnapLen)
	}
	b := appendSection(nil, "kaanalyze", "")
	for _, i := range s.of {
		b = appendInterface(b, i)
	}
	return b
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
	s.size, s.ended = 0, false
	_, err := s.writeFile(s.header())
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

// Write writes frames and returns how many it has written whole. Of one interface r.Buf must
// be what [AppendRecord] has made of them; of several, each frame has the number of its
// interface. The error names the file, or is [ErrLastFile] after the last one.
func (s *Saver) Write(r *Records) (int, error) {
	if s.pcapng() {
		r = s.convert(r)
	}
	from := uint32(0) // of what has not been written yet
	done := 0
	for i := range r.Frames {
		f := &r.Frames[i]
		start := s.start(f)
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

// convert makes records of pcapng of frames. They are valid until it is called again.
func (s *Saver) convert(r *Records) *Records {
	ng := &s.asPcapng
	ng.Buf, ng.Frames = ng.Buf[:0], append(ng.Frames[:0], r.Frames...)
	for i := range ng.Frames {
		f := &ng.Frames[i]
		data := r.Buf[f.Off : f.Off+f.CapLen]
		f.Off = uint32(len(ng.Buf)) + packetLen
		ng.Buf = appendPacket(ng.Buf, f.Iface, f.Time, f.WireLen, data, nil)
		s.lastTime = f.Time
	}
	return ng
}

// start returns where the record of a frame begins, and end where it ends.
func (s *Saver) start(f *Frame) uint32 {
	if s.pcapng() {
		return f.Off - packetLen
	}
	return f.Off - RecordLen
}

func (s *Saver) end(f *Frame) uint32 {
	if s.pcapng() {
		return f.Off + (f.CapLen+3)&^3 + trailerLen
	}
	return f.Off + f.CapLen
}

// flush writes the frames from the done-th on, whose bytes begin at from, up to
// the n-th. It returns how many frames of the block are written. Of one that is
// written in part nothing is left in a file.
func (s *Saver) flush(r *Records, from uint32, done, n int) (int, error) {
	if done == n {
		return n, nil
	}
	before := s.size
	wrote, err := s.writeFile(r.Buf[from:s.end(&r.Frames[n-1])])
	if err == nil {
		return n, nil
	}
	whole := before
	for ; done < n; done++ {
		end := int64(s.end(&r.Frames[done])) - int64(from)
		if end > int64(wrote) {
			break
		}
		whole = before + end
	}
	s.cut(whole)
	return done, err
}

// cut makes the file so long, after something was written in part. Where that cannot be,
// as with a pipe, it is found to be cut and read so far.
func (s *Saver) cut(size int64) {
	if s.file != nil {
		_ = s.file.Truncate(size)
	}
}

// writeFile writes to the file, and counts.
func (s *Saver) writeFile(p []byte) (int, error) {
	n, err := s.out.Write(p)
	s.size += int64(n)
	if err != nil {
		s.ended = true
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

// Close completes the file and closes it, unless that has been done.
func (s *Saver) Close() error {
	failed := s.writeDrops()
	if s.file == nil {
		return failed
	}
	err := s.file.Close()
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return errors.Join(failed, s.wrapError(err))
	}
	return failed
}

// writeDrops writes what the interfaces have lost so far, once for a file that has room.
func (s *Saver) writeDrops() error {
	if !s.pcapng() || s.Drops == nil || s.ended {
		return nil
	}
	s.ended = true
	var b []byte
	for i := range s.of {
		kernel, iface := s.Drops(i)
		b = appendStatistics(b, uint32(i), s.began, s.lastTime, kernel, iface)
	}
	before := s.size
	_, err := s.writeFile(b)
	if err != nil {
		s.cut(before)
	}
	return err
}
