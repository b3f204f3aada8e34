package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

// Saving says where a live capture is saved to, and when another file is begun:
// as tcpdump's -w, -G, -C and -W do. Only Name is needed.
type Saving struct {
	Name  string        // "-" is Stdout; a time format (see TimeName) if Every is set
	Every time.Duration // begin another file after that
	Size  int64         // or when a file is larger than that, in bytes

	// Count is how many files there are at most: with Size they are written
	// over in turn, with Every alone the capture is over after the last one.
	Count int

	Stdout io.Writer
}

// Save has Run save all frames in pcap files, with times in nanoseconds. It
// creates the first one.
func (s *Source) Save(to Saving) error {
	v := &saver{Saving: to, link: s.live.link, snapLen: uint32(s.live.dev.SnapLen), boundary: math.MaxInt64}
	if err := v.begin(s.live.dev.Now()); err != nil {
		return err
	}
	s.live.save = v
	return nil
}

// A saver writes pcap files.
type saver struct {
	Saving
	link    linkType
	snapLen uint32

	out      io.Writer
	file     *os.File // nil for Stdout
	size     int64    // of the file
	period   int64    // when this period began, for the names
	boundary int64    // time from which on frames go to another file
	periods  int      // files by time so far
	number   int      // of the file within its period
}

const recordLen = 16 // of a record's header

var order = binary.LittleEndian

// begin begins the files of a period.
func (v *saver) begin(at int64) error {
	if v.Every > 0 {
		v.boundary = at + int64(v.Every)
	}
	v.period, v.number = at, 0
	return v.create()
}

// create creates the next file, which holds nothing but its header then.
func (v *saver) create() error {
	v.out, v.file = v.Stdout, nil
	if v.Name != "-" {
		name, err := v.fileName()
		if err != nil {
			return err
		}
		if v.file, err = os.Create(name); err != nil {
			return fmt.Errorf("save capture to %q: %w", name, reason(err))
		}
		v.out = v.file
	}
	v.size = 0
	_, err := v.put(fileHeader(v.link, v.snapLen))
	return err
}

// fileName returns the name of the file to create. The first of files by size
// has no number, unless they are written over in turn, as with tcpdump.
func (v *saver) fileName() (string, error) {
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

// write writes the frames of a block, and returns how many of them. The error
// is errOver after the last file.
func (v *saver) write(b *block) (int, error) {
	from := uint32(0) // of what has not been written yet
	done := 0
	for i := range b.frames {
		f := &b.frames[i]
		start := f.off - recordLen
		byTime := f.time >= v.boundary
		if !byTime && (v.Size == 0 || v.size+int64(start-from) <= v.Size) {
			continue
		}
		if n, err := v.flush(b, from, done, i); err != nil {
			return n, err
		}
		from, done = start, i
		if err := v.rotate(f.time, byTime); err != nil {
			return i, err
		}
	}
	return v.flush(b, from, done, len(b.frames))
}

// flush writes the frames from the done-th on, whose bytes begin at from, up to
// the n-th. It returns how many frames of the block are written. Of one that is
// written in part nothing is left in a file.
func (v *saver) flush(b *block, from uint32, done, n int) (int, error) {
	if done == n {
		return n, nil
	}
	last := &b.frames[n-1]
	before := v.size
	wrote, err := v.put(b.buf[from : last.off+last.capLen])
	if err == nil {
		return n, nil
	}
	whole := before
	for ; done < n; done++ {
		f := &b.frames[done]
		end := int64(f.off+f.capLen) - int64(from)
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
func (v *saver) put(p []byte) (int, error) {
	n, err := v.out.Write(p)
	v.size += int64(n)
	if err != nil {
		return n, v.failed(err)
	}
	return n, nil
}

func (v *saver) failed(err error) error {
	if v.file == nil {
		return fmt.Errorf("save capture to standard output: %w", err)
	}
	return fmt.Errorf("save capture to %q: %w", v.file.Name(), reason(err))
}

// rotate ends the file and begins the next one, at the time of a frame.
func (v *saver) rotate(at int64, byTime bool) error {
	if err := v.close(); err != nil {
		return err
	}
	if byTime {
		if v.periods++; v.Size == 0 && v.Count > 0 && v.periods >= v.Count {
			return errOver
		}
		return v.begin(at)
	}
	if v.number++; v.Count > 0 && v.number >= v.Count {
		v.number = 0
	}
	return v.create()
}

// close closes the file.
func (v *saver) close() error {
	if v.file == nil {
		return nil
	}
	err := v.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	if err != nil {
		return v.failed(err)
	}
	return nil
}

// timeWords are those of strftime's that [TimeName] knows, as package time has
// them.
var timeWords = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05",
	'p': "PM", 'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'Z': "MST", 'z': "-0700",
	'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
}

// TimeName returns a file's name with the time in it: %Y, %H and others of
// strftime(3), %s for seconds since the epoch, %% for %.
func TimeName(format string, at time.Time) (string, error) {
	var name []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			name = append(name, format[i])
			continue
		}
		i++
		switch layout, ok := timeWords[format[i]]; {
		case ok:
			name = at.AppendFormat(name, layout)
		case format[i] == 's':
			name = strconv.AppendInt(name, at.Unix(), 10)
		case format[i] == '%':
			name = append(name, '%')
		default:
			return "", fmt.Errorf("file name %q: %%%c is not a word of time", format, format[i])
		}
	}
	return string(name), nil
}
