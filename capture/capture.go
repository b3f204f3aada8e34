// Package capture turns capture files into TCP segments: pcap and pcapng of
// any age and byte order, plain or compressed, one file or hundreds that are
// one capture, any link type, with or without a pcap filter. It captures from
// interfaces, too.
//
// [OpenFiles] looks at every file and says at once what cannot be read. The
// [Source] that it returns is read by [Source.Run], which hands runs of
// segments to its caller in the order of the capture. Afterwards
// [Source.Stats] says what was read and what was damaged, and
// [Source.Origin] which file a frame came from.
//
// [OpenLive] returns the Source of one of the [Interfaces] instead, whose packets
// [Source.Save] saves.
//
// Files are read in blocks: a worker takes the reader's lock, reads a block,
// finds the records in it and gives the lock back; it decodes what it read
// with no shared state, waits for its turn and delivers. So the result never
// depends on the number of workers. Nothing here trusts a length that a file
// states: memory is a few blocks, and one record at most 16 MiB.
package capture

import (
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// Options say what to read and how. The zero Options read everything.
type Options struct {
	Filter string // pcap filter expression, "" for all

	// Since and Until bound the capture time of what is analysed, both
	// inclusive, in nanoseconds since the Unix epoch; 0 is no bound. Frames
	// outside are numbered and counted, and yield no segment.
	Since, Until int64

	// Count stops the reading after that many frames, as tcpdump's -c; 0 is
	// no limit. Frames that the filter or the bounds leave out do not count.
	Count uint64

	Workers int // 0 is GOMAXPROCS

	// NewScan returns a function that one worker runs on every captured payload
	// that is not empty; its answer becomes the segment's Note. It is called for
	// each worker, and may be nil.
	NewScan func() func(payload []byte) flows.Note

	Stdin io.Reader // what the name "-" reads
}

// Stats say what a [Source] has read. Packets, Bytes, First and Last are of
// every frame read, before any filter.
type Stats struct {
	Sources   []SourceStats // in the order in which the files were named
	LinkTypes []string      // tcpdump's names, in order of appearance
	Format    string        // "pcap", "pcap-ns", "pcap-modified", "pcapng", "live"; "mixed" if several

	Packets, TCPPackets uint64 // frames as Wireshark numbers them, and those decoded as TCP
	Bytes               uint64 // as on the wire
	First, Last         int64  // earliest and latest capture time, nanoseconds since the Unix epoch

	Damage        *Damage // the first damage met, or nil
	KernelDropped *uint64 // packets that the capturing system says it lost; nil if it does not say

	// InterfaceDropped is how many packets the interface of a live capture has
	// dropped meanwhile, of all kinds.
	InterfaceDropped uint64

	CutPackets       uint64 // captured in part
	UndecodedPackets uint64 // neither TCP nor known to be something else
}

// SourceStats say what was read of one file.
type SourceStats struct {
	Name        string
	Format      string // as in Stats, with ".gz", ".zst", ".xz" or ".lz4" if compressed
	Size        int64  // bytes on disk, -1 if unknown
	Packets     uint64
	First, Last int64
}

// Damage says where a file could not be read further.
type Damage struct {
	Source string
	Packet uint64 // number within the source of the first packet that is lost
	Offset int64  // of its record, in bytes of the uncompressed file
	Reason string
}

// blockSize is what is read at once: large enough to make the system calls
// and the hand-over cheap, small enough for a block and its segments to stay
// in a core's cache.
const blockSize = 256 << 10

// OpenFiles opens captures that are read as one, in order of time; "-" is
// opt.Stdin. Its errors name the file and the reason. A filter that does not
// compile is a [*FilterError], and [ErrNoLibpcap] where libpcap is missing.
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
	s := &Source{opt: opt, filters: newFilterSet(opt.Filter)}
	s.merger.size = size
	s.book.init(names)
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
		c := &cursor{name: name, source: i, stdin: s.opt.Stdin}
		s.cursors = append(s.cursors, c)
		if err := c.open(); err != nil {
			return fmt.Errorf("open capture %q: %w", name, err)
		}
		s.book.describe(c)
		s.streams = s.streams || !c.in.regular
		if len(names) > 1 || s.filters != nil {
			c.probe(len(names) == 1)
			links = append(links, c.ahead.Side.Links...)
		}
		if len(names) > 1 {
			c.rewind()
		}
	}
	s.total = s.book.size()
	if err := s.filters.compileAll(links); err != nil {
		return err
	}
	s.merger.waiting = slices.Clone(s.cursors)
	slices.SortStableFunc(s.merger.waiting, func(a, b *cursor) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
	return nil
}

// noTime is the time of the first packet of a file that has none.
const noTime = math.MaxInt64
