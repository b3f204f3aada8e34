package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A Source is an opened capture or interface. [Source.Run] reads it once. Stats,
// Progress, Origin, Secrets and Close may be called at any time, from any
// goroutine.
type Source struct {
	opt        Options
	files      []*fileReader // as named
	merger     merger
	live       *live           // nil for files, and for several interfaces
	taps       *taps           // several interfaces, nil without
	saver      *pcapfile.Saver // of an interface's packets, nil if they are not saved
	captured   uint64          // frames of interfaces handed over
	following  following
	mayWait    bool  // a file may make a reader wait, or a filter: to compile one may take minutes
	totalBytes int64 // of all files, 0 if one's size is not known
	filters    *filterSet
	limit      countLimit
	stats      runningStats
	started    atomic.Bool
	current    *block // whose segments apply sees

	reassembler reassembler
}

// blockSize is what is read at once, in bytes: large enough to make the system
// calls and the hand-over cheap, small enough for a block and its segments to
// stay in a core's cache.
const blockSize = 256 << 10

// OpenFiles opens captures that are read as one, in order of time; the name "-"
// is opt.Stdin. Files are told apart by their first bytes, not by their names.
//
// An error names the file and the reason: it cannot be opened, is no capture, or
// has a version that is not known. A filter that does not compile is a
// [*FilterError], or [ErrNoLibpcap] where libpcap is missing. Damage further in
// is no error, see [Stats.Damage].
func OpenFiles(names []string, opt Options) (*Source, error) {
	return openFiles(names, opt, blockSize)
}

// openFiles is OpenFiles with blocks of another size.
func openFiles(names []string, opt Options, size int) (*Source, error) {
	if len(names) == 0 {
		return nil, errors.New("open captures: no file named")
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	s := &Source{opt: opt, filters: newFilterSet(opt.Filter), limit: countLimit{left: opt.Count}}
	s.mayWait = s.filters != nil
	s.merger.size, s.merger.successor = size, s.successor
	s.stats.init(names)
	if err := s.openAll(names); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openAll opens every file far enough to know its first packet's time, and
// puts them in that order. A file that can be opened again is closed
// meanwhile: a rotated capture may have more files than there are descriptors.
func (s *Source) openAll(names []string) error {
	var links []pcapfile.LinkType
	for i, name := range names {
		if name == "-" && slices.Contains(names[:i], "-") {
			return errors.New("open captures: standard input is named twice")
		}
		f := &fileReader{name: name, source: i, stdin: s.opt.Stdin, follow: s.opt.Follow}
		s.files = append(s.files, f)
		if err := f.open(); err != nil {
			return fmt.Errorf("open capture %q: %w", name, err)
		}
		if f.in.follower != nil {
			s.following.set(f)
			s.stats.related = true
		}
		s.stats.describe(i, f.format.Name(), f.in.suffix, f.in.size)
		if w := f.format.Warning(); w != "" {
			s.stats.warn(Warning{"%s: " + w, []string{name}})
		}
		s.mayWait = s.mayWait || !f.in.regular
		if len(names) > 1 || s.filters != nil {
			f.probe(len(names) == 1)
			links = append(links, f.buffered.Side.Links...)
		}
		if len(names) > 1 {
			f.rewind()
		}
	}
	s.totalBytes = s.stats.size()
	if err := s.filters.compileAll(links); err != nil {
		return err
	}
	s.merger.waiting = slices.Clone(s.files)
	slices.SortStableFunc(s.merger.waiting, func(a, b *fileReader) int { return cmp.Compare(a.first, b.first) })
	return nil
}

// Run reads the capture to its end, or until ctx is done, and calls apply with
// runs of TCP segments in the order of the capture: one call at a time, each
// after the one before, maybe from different goroutines. Segments and payloads
// are the Source's memory, valid only during the call; apply may change the
// segments. Calling Run a second time is an error.
//
// Run returns apply's error, ctx's, or nil. Damage is an error only if no packet
// could be read, see [Stats.Damage]. If apply panics, Run panics with the same
// value. For an interface see [OpenLive].
func (s *Source) Run(ctx context.Context, apply func([]flows.Segment) error) error {
	if s.started.Swap(true) {
		return errors.New("read capture: it has been read before")
	}
	s.reassembler = reassembler{defrag: decode.NewDefragmenter(), opt: &s.opt}
	switch {
	case s.live != nil:
		return s.runLive(ctx, apply)
	case s.taps != nil:
		return s.runTaps(ctx, apply)
	}
	if s.stats.related { // ends by what stops the follower, and with all that was read until then
		ctx = context.WithoutCancel(ctx)
	}
	if err := newPipeline(ctx, s, apply).run(); err != nil {
		return err
	}
	if d := s.Stats(); d.Packets == 0 && d.Damage != nil {
		return fmt.Errorf("read capture %q: at byte %d: %s", d.Damage.Source, d.Damage.Offset, d.Damage.Reason)
	}
	return nil
}

// Stats returns what has been handed to apply so far; it is final after Run.
func (s *Source) Stats() Stats { return s.stats.snapshot() }

// Progress returns how many bytes of the files have been read, and of how
// many, as they lie on disk. The total is 0 if it is not known.
func (s *Source) Progress() (done, total int64) {
	if done, ok := s.following.progress(); ok {
		return done, 0
	}
	for _, f := range s.files {
		done += f.done.Load()
	}
	return done, s.totalBytes
}

// Origin returns the name of the file that packet num of the capture comes from,
// and the packet's number within it, from 1. It knows the packets that have been
// handed to apply, and returns "" and 0 for others. Of files that overlap in time
// it keeps two bytes for each change from one file to another, up to 64 MiB;
// packets beyond that have no origin, and those of several interfaces neither.
func (s *Source) Origin(num uint64) (source string, packet uint64) { return s.stats.origin(num) }

// Origins returns where packets come from, one after the other: each is the first of
// several that follow each other in one file. Of one file alone there is none.
func (s *Source) Origins() iter.Seq[Origin] { return s.stats.allOrigins }

// Secrets returns the TLS key logs that pcapng captures carry, in the order of
// the capture, as far as they have been handed over. They are the caller's to
// read, not to change.
func (s *Source) Secrets() [][]byte {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	return slices.Clip(s.stats.secrets)
}

// Headers returns the innermost IP header of a segment of a capture file, without
// options or extension headers, and its TCP header with the options that were
// captured. It may be called while apply runs, for the segments that apply was
// handed; the bytes are valid until apply returns. It decodes the frame again: it
// is for the few packets that somebody wants to keep.
func (s *Source) Headers(seg *flows.Segment) (ip, tcp []byte) {
	b := s.current
	f := &b.Frames[seg.Num-b.first]
	h, v := decode.FindHeaders(f.Link, f.Iface, b.Buf[f.Off:f.Off+f.CapLen], f.WireLen)
	if v == decode.Fragment {
		for _, r := range b.reassembled {
			if r.num == seg.Num {
				h = r.Headers
			}
		}
	}
	return h.Split()
}

// Close closes the files. It does not wait for a read that Run has given up. Of
// an interface it also closes the file that packets are saved to, whose error it
// returns.
func (s *Source) Close() error {
	if of := s.interfaces(); of != nil {
		for _, l := range of {
			l.tap.close()
		}
		if s.saver == nil {
			return nil
		}
		return s.saver.Close()
	}
	for _, f := range s.files {
		f.abandon()
	}
	s.following.abandon()
	return nil
}
