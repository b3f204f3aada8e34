package capture

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A follower reads a file that another program writes: at its end it waits for more. Where
// the program goes on in another file, as tcpdump's -C, -G and -W have it, that one is
// the next. One goroutine at a time may use it.
type follower struct {
	name   string
	file   *os.File
	follow *Follow
	fixed  bool  // it is standard input, which no other file follows
	at     int64 // bytes read
	last   int64 // latest time of a packet, as far as known

	stopped bool   // the end is that of follow.Done
	next    string // the file that goes on, once this one is over; "" before
}

// Read implements [io.Reader].
func (f *follower) Read(p []byte) (int, error) {
	for found := ""; ; {
		select {
		case <-f.follow.Done:
			f.stopped = true
			return 0, io.EOF
		default:
		}
		n, err := f.file.Read(p)
		f.at += int64(n)
		if n > 0 || err != io.EOF {
			return n, err
		}
		if found != "" { // nothing was added after that one began
			f.next = found
			return 0, io.EOF
		}
		if found = f.successor(); found != "" {
			continue
		}
		select {
		case <-f.follow.Done:
		case <-f.follow.Again:
		}
	}
}

// successor returns the name of the file in which the writer goes on, "" if it has not
// left this one.
func (f *follower) successor() string {
	own, err := f.file.Stat()
	if err != nil || f.fixed {
		return ""
	}
	now, err := os.Stat(f.name)
	if err == nil && now.Mode().IsRegular() && (!os.SameFile(own, now) || now.Size() < f.at) {
		return f.name // it was begun anew
	}
	for _, name := range f.candidates() {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || os.SameFile(own, info) || info.ModTime().Before(own.ModTime()) {
			continue
		}
		if first, ok := firstTime(name); ok && first >= f.last-followSlack {
			return name
		}
	}
	return ""
}

// followSlack is by how much the first packet of a file may be earlier than those of the
// file before: packets of several queues are not in order.
const followSlack = int64(time.Second)

// candidates returns the names that the next file may have: tcpdump numbers those of -C at
// their ends and begins anew after those of -W; names with the time or a long number in
// them differ in their digits alone.
func (f *follower) candidates() (names []string) {
	parts := numberedName().FindStringSubmatch(f.name)
	before, number := parts[1], parts[2]
	if n, err := strconv.ParseUint(number, 10, 32); err == nil {
		names = append(names, before+leadingZeros(n+1, len(number)), before+leadingZeros(0, len(number)))
	} else {
		names = append(names, f.name+"1")
	}
	if longNumber().MatchString(filepath.Base(f.name)) {
		names = append(names, f.alike()...)
	}
	return names
}

func leadingZeros(n uint64, width int) string {
	s := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

var (
	numberedName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(.*?)([0-9]*)$`) })
	longNumber   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9]{6}`) })
)

// mostAlike bounds the files of a folder that are looked at.
const mostAlike = 100_000

// alike returns the files beside this one whose names differ in their digits alone, those
// of later names first to come, then from the first one on.
func (f *follower) alike() []string {
	folder, base := filepath.Split(f.name)
	dir, err := os.Open(filepath.Clean("./" + folder))
	if filepath.IsAbs(f.name) {
		dir, err = os.Open(filepath.Clean(folder))
	}
	if err != nil {
		return nil
	}
	defer dir.Close()
	list, _ := dir.Readdirnames(mostAlike)
	var best, first string
	for _, name := range list {
		switch {
		case name == base || !sameShape(name, base):
		case name > base && (best == "" || name < best):
			best = name
		case name < base && (first == "" || name < first):
			first = name
		}
	}
	var names []string
	for _, name := range []string{best, first} {
		if name != "" {
			names = append(names, folder+name)
		}
	}
	return names
}

// sameShape reports whether two names differ in their digits alone.
func sameShape(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	for i := range len(a) {
		if digit(a[i]) != digit(b[i]) || !digit(a[i]) && a[i] != b[i] {
			return false
		}
	}
	return true
}

// stopped reports whether the file was followed, and its end is not the writer's.
func (in *input) stopped() bool { return in.follower != nil && in.follower.stopped }

// sawTimes tells the follower, if there is one, of frames that were read.
func (in *input) sawTimes(frames []pcapfile.Frame) {
	if in.follower == nil {
		return
	}
	for i := range frames {
		in.follower.last = max(in.follower.last, frames[i].Time)
	}
}

// stopped reports whether the file is to be followed no longer.
func (f *fileReader) stopped() bool {
	if f.follow == nil {
		return false
	}
	select {
	case <-f.follow.Done:
		return true
	default:
		return false
	}
}

// firstTime returns the time of the first packet of a file, if it has one.
func firstTime(name string) (int64, bool) {
	f := &fileReader{name: name, unwatched: true}
	if f.open() != nil {
		return 0, false
	}
	defer f.close()
	f.probe(false)
	return f.first, f.first != noTime
}

// maxFollowed is how many files that follow each other are told apart. Those behind them
// count as the last.
const maxFollowed = 10_000

// following is what a Source knows of the file that it follows.
type following struct {
	mu      sync.Mutex
	current *fileReader // nil where no file is followed
	past    int64       // bytes of those before
}

// set notes which file is read.
func (f *following) set(r *fileReader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		f.past += f.current.done.Load()
	}
	f.current = r
}

// progress returns how many bytes have been read of all files, false if none is followed.
func (f *following) progress() (done int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return 0, false
	}
	return f.past + f.current.done.Load(), true
}

// abandon closes the file under its reader.
func (f *following) abandon() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		f.current.abandon()
	}
}

// successor returns the reader of the file that goes on where f has ended, nil if none
// does.
func (s *Source) successor(f *fileReader) *fileReader {
	if f.in == nil || f.in.follower == nil || f.in.follower.next == "" {
		return nil
	}
	next := &fileReader{name: f.in.follower.next, source: f.source, follow: f.follow}
	if source, ok := s.stats.grow(next.name); ok {
		next.source = source
	} else {
		next.before = f.before + f.packets
	}
	s.following.set(next)
	return next
}
