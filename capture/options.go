package capture

import (
	"io"
	"math"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Follow says how long a file that grows is read, and how often its end is looked at.
type Follow struct {
	Done  <-chan struct{}  // closed when what is there now is enough
	Again <-chan time.Time // sends when the end is to be looked at again
}

// Options say what to read and how. The zero Options read everything.
type Options struct {
	// Filter is a pcap filter expression (pcap-filter(7)), "" for all. Frames that
	// it leaves out of a file are numbered and counted, and yield no segment.
	Filter string

	// Since and Until bound the capture time of what is analysed, both
	// inclusive, in nanoseconds since the Unix epoch; 0 is no bound. Frames
	// outside are numbered and counted, and yield no segment.
	Since, Until int64

	// Count stops the reading after that many frames, as tcpdump's -c; 0 is
	// no limit. Frames that the filter or the bounds leave out do not count.
	Count uint64

	// Workers is how many goroutines read and decode files; 0 is GOMAXPROCS. The
	// result does not depend on it. An interface has one.
	Workers int

	// NewScan returns a function that one worker runs on every captured payload
	// that is not empty; its answer becomes the segment's Note. NewScan is called
	// once for each worker, so that the functions need not be safe for concurrent
	// use, and may be nil. A function must not keep the payload.
	NewScan func() func(payload []byte) flows.Note

	// Follow, if it is not nil, makes OpenFiles wait at the end of a file for what another
	// program adds to it, until its Done is closed; Run's ctx does not end such a reading. It is for one capture that is not compressed. Where the writer goes on in
	// another file, as tcpdump's -C, -W and -G and dumpcap's -b have it, so does the Source,
	// and [Stats] list that one, too. A packet that is not whole at the end is none yet. A
	// pipe is read as without it.
	Follow *Follow

	// DNS, if set, is called with each datagram from port 53, before apply with the segments
	// around it, by the same goroutine. Fragments and DNS over TCP are not looked at.
	DNS func(message []byte)

	// Stdin is what the name "-" reads. It may be a pipe: then packets are handed
	// over as they come. It is not closed.
	Stdin io.Reader
}

// window returns the bounds of what is analysed.
func (o *Options) window() (since, until int64) {
	since, until = o.Since, o.Until
	if since == 0 {
		since = math.MinInt64
	}
	if until == 0 {
		until = math.MaxInt64
	}
	return since, until
}

// newScan returns what one goroutine makes notes with, or nil.
func (o *Options) newScan() func(payload []byte) flows.Note {
	if o.NewScan == nil {
		return nil
	}
	return o.NewScan()
}
