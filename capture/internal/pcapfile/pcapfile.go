// Package pcapfile knows the formats of capture files: it finds the records of
// pcap and pcapng files of any age and byte order, and writes pcap files.
//
// [Open] tells the format of a file by its first bytes and returns a [Format],
// which is told the rest in pieces: Walk appends a [Frame] for each packet to the
// [Records] of a piece, and what else the file says to their [SideRecords]. It
// reads nothing itself, keeps no piece, and trusts no length that a file states.
// A [Saver] writes frames to one file or to several in turn.
//
// The package has no use for the bytes of a packet, but for its [LinkType].
package pcapfile

import (
	"math"
	"slices"
)

// MaxRecord bounds the length of a record in bytes: more is taken for damage. A
// pcapng block of 16 MiB is the most that libpcap reads, too.
const MaxRecord = 16 << 20

// A Frame is one packet of a file, or a record that counts as one.
type Frame struct {
	Time    int64    // nanoseconds since the Unix epoch
	Off     uint32   // offset of its bytes in Records.Buf
	CapLen  uint32   // bytes captured
	WireLen uint32   // bytes on the wire, at least CapLen
	Link    LinkType // how its first header is to be read
	Iface   uint32   // number of the interface in its section, which tells interfaces apart
	Kind    FrameKind
	Fault   ClockFault
}

// FrameKind tells what a frame lacks, if anything.
type FrameKind uint8

// The kinds of frames.
const (
	TimedPacket   FrameKind = iota // it lacks nothing
	UntimedPacket                  // its time is that of the packet before
	NoPacket                       // a record that has a number and nothing else
)

// ClockFault tells what is wrong with the time of a frame, 0 for nothing.
type ClockFault uint8

// The faults of times. A Format finds only fractions of a second that are more than
// one, which are absurd.
const (
	Absurd    ClockFault = 1 + iota // it cannot be the time of a packet
	Backwards                       // it is long before that of the packet before
)

// MaxSnapLen is the longest packet that tcpdump captures unless told otherwise
// (MAXIMUM_SNAPLEN of libpcap).
const MaxSnapLen = 256 << 10

// Records are bytes of a file, and what was found in them. All are the caller's.
type Records struct {
	Buf    []byte
	Frames []Frame
	Side   SideRecords
}

// A Format finds the records of one capture file. It is told the bytes in pieces
// and keeps what earlier records have declared. It is not safe for concurrent use.
type Format interface {
	// Name is the name of the format: "pcap", "pcap-ns", "pcap-modified" or
	// "pcapng".
	Name() string
	// HeaderLen is how many bytes the file's header has, 0 if that is a record.
	HeaderLen() int64
	// Warning says what is odd about the file's header, "" if nothing is.
	Warning() string
	// LinkTypes are those that are known before the first record.
	LinkTypes() []LinkType
	// Walk appends to r.Frames those whose records lie whole in r.Buf[at:], and
	// to r.Side what else it finds. It returns where the first record begins
	// that is not whole, and how many bytes of it are needed to tell more. An
	// error says that this record is damaged.
	Walk(r *Records, at int) (next, need int, err error)
}

// SideRecords are what records say beside packets. They stay with the frames that
// were found with them, so that they are known in the order of the capture.
type SideRecords struct {
	Links   []LinkType // of interfaces declared, each once
	Drops   []Drops
	Secrets [][]byte // TLS key logs, copied
}

// Drops is a count of packets that a capture lost.
type Drops struct {
	// Source is what Open was given; Section and Iface tell of which interface
	// in that file a total is.
	Source, Section, Iface int
	// Start, a time stamp, and Name tell which capture and interface of all files
	// it is, if that is known; else Name is "".
	Start   uint64
	Name    string
	Packets uint64
	Total   bool // since the capture began; else since the packet before
}

// maxDrops is the largest count of lost packets that is believed; a capture of a
// month at 100 million packets a second has less. Some programs write what they do
// not know as the largest number there is.
const maxDrops = 1 << 48

// SumOfDrops returns the sum of two counts of lost packets, or the largest number
// that a report can hold.
func SumOfDrops(a, b uint64) uint64 {
	return min(a, math.MaxInt64-min(b, math.MaxInt64)) + min(b, math.MaxInt64)
}

// AddLink notes a link type.
func (s *SideRecords) AddLink(l LinkType) {
	if !slices.Contains(s.Links, l) {
		s.Links = append(s.Links, l)
	}
}

// AddDrops notes lost packets. Those since the packet before add up at once.
func (s *SideRecords) AddDrops(d Drops) {
	if last := len(s.Drops) - 1; last >= 0 && !d.Total {
		if l := &s.Drops[last]; !l.Total && l.Source == d.Source {
			l.Packets = SumOfDrops(l.Packets, d.Packets)
			return
		}
	}
	s.Drops = append(s.Drops, d)
}

// AddSecret keeps a copy of secrets.
func (s *SideRecords) AddSecret(b []byte) { s.Secrets = append(s.Secrets, slices.Clone(b)) }

// Empty reports whether there are none.
func (s *SideRecords) Empty() bool {
	return s.Links == nil && s.Drops == nil && s.Secrets == nil
}

// Take appends what m has, and leaves m empty.
func (s *SideRecords) Take(m *SideRecords) {
	for _, l := range m.Links {
		s.AddLink(l)
	}
	s.Drops = append(s.Drops, m.Drops...)
	s.Secrets = append(s.Secrets, m.Secrets...)
	*m = SideRecords{}
}
