package capture

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// Stats say what a [Source] has read. Packets, Bytes, First and Last are of
// every frame read, before any filter.
type Stats struct {
	Sources   []SourceStats // in the order in which the files were named
	LinkTypes []string      // tcpdump's names, in order of appearance
	Format    string        // "pcap", "pcap-ns", "pcap-modified", "pcapng", "live"; "mixed" if several

	Packets, TCPPackets uint64 // frames as Wireshark numbers them, and those decoded as TCP
	Bytes               uint64 // as on the wire
	First, Last         int64  // earliest and latest capture time, nanoseconds since the Unix epoch; 0 without packets

	Damage        *Damage // the first damage met, or nil
	KernelDropped *uint64 // packets that the capturing system says it lost; nil if it does not say

	// InterfaceDropped is how many packets the interface of a live capture has
	// dropped meanwhile, of all kinds.
	InterfaceDropped uint64

	// Warnings say what is odd about the files.
	Warnings []Warning

	CutPackets       uint64 // captured in part
	UndecodedPackets uint64 // neither TCP nor known to be something else

	Clock ClockFaults // what is wrong with times
}

// SourceStats say what was read of one file.
type SourceStats struct {
	Name        string // as it was named
	Format      string // as in Stats, with ".gz", ".zst", ".xz" or ".lz4" if compressed
	Size        int64  // bytes on disk, -1 if unknown
	Packets     uint64
	First, Last int64 // as in Stats

	// Of an interface: what the system has lost of it, and what it has dropped itself.
	KernelDropped    *uint64 // nil for files, and if the system does not say
	InterfaceDropped uint64
}

// Damage says where a file could not be read further.
type Damage struct {
	Source string // name of the file
	Packet uint64 // number within the file of the first packet that is lost
	Offset int64  // of its record, in bytes of the uncompressed file
	Reason string
}

// maxSecrets and maxDropKeys bound what is kept of a file's claims.
const (
	maxSecrets  = 64 << 20 // bytes
	maxDropKeys = 1 << 16
)

// runningStats add up what has been delivered, block after block. They are safe
// for concurrent use.
type runningStats struct {
	mu          sync.Mutex
	total       Stats
	secrets     [][]byte
	secretBytes int

	dropTotals   map[pcapfile.Drops]uint64 // since the capture began; the key leaves Packets out
	dropsBetween []betweenDrops            // by source

	origins  origins
	overlaps overlaps // of several files
	related  bool     // the sources are known to be one capture

	interfaces bool // the sources are interfaces
}

// betweenDrops are a source's drops as counted from packet to packet. They say
// nothing new if the source has totals, too.
type betweenDrops struct {
	packets       uint64
	known, totals bool
}

// init readies the stats for files of those names.
func (s *runningStats) init(names []string) {
	s.total.Sources = make([]SourceStats, len(names))
	for i, name := range names {
		s.total.Sources[i] = SourceStats{Name: name, Size: -1, First: math.MaxInt64, Last: math.MinInt64}
	}
	s.total.First, s.total.Last = math.MaxInt64, math.MinInt64
	s.overlaps.init(len(names))
	s.dropsBetween = make([]betweenDrops, len(names))
	s.dropTotals = map[pcapfile.Drops]uint64{}
}

// grow adds a source, in the format of the first, and returns its index; false if there
// are too many.
func (s *runningStats) grow(name string) (source int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.total.Sources)
	if n >= maxFollowed {
		return n - 1, false
	}
	s.total.Sources = append(s.total.Sources, SourceStats{
		Name: name, Size: -1, First: math.MaxInt64, Last: math.MinInt64, Format: s.total.Sources[0].Format,
	})
	s.dropsBetween = append(s.dropsBetween, betweenDrops{})
	return n, true
}

// describe notes a file's format, the suffix of its compression and its size, once
// its header has been read.
func (s *runningStats) describe(source int, format, suffix string, size int64) {
	of := &s.total.Sources[source]
	of.Format, of.Size = format+suffix, size
	switch s.total.Format {
	case "", format:
		s.total.Format = format
	default:
		s.total.Format = "mixed"
	}
}

// maxWarnings bounds the warnings: one that as many files call for says enough.
const maxWarnings = 20

// warn notes a warning.
func (s *runningStats) warn(w Warning) {
	if len(s.total.Warnings) < maxWarnings {
		s.total.Warnings = append(s.total.Warnings, w)
	}
}

// A Warning is a sentence on files.
type Warning struct {
	Text  string   // with %s for each name
	Files []string // as they were named, in the order of Text
}

// Say returns the sentence. name, if set, returns what is told in place of a file's name.
func (w Warning) Say(name func(string) string) string {
	names := make([]any, len(w.Files))
	for i, file := range w.Files {
		names[i] = file
		if name != nil {
			names[i] = name(file)
		}
	}
	return fmt.Sprintf(w.Text, names...)
}

// size returns how many bytes all files have, 0 if one's size is not known.
func (s *runningStats) size() (n int64) {
	for i := range s.total.Sources {
		if s.total.Sources[i].Size < 0 {
			return 0
		}
		n += s.total.Sources[i].Size
	}
	return n
}

// addBlock adds a block that is delivered.
func (s *runningStats) addBlock(b *block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.total
	if !s.interfaces && (len(t.Sources) > 1 || s.related) {
		s.origins.add(b)
	}
	if s.mayBeStrangers() {
		s.overlaps.add(b)
	}
	s.addSide(&b.Side)
	if t.Damage == nil {
		t.Damage = b.damage
	}
	t.Packets += uint64(len(b.Frames))
	t.Bytes += b.counts.bytes
	t.CutPackets += b.counts.cut
	t.TCPPackets += b.counts.tcp
	t.UndecodedPackets += b.counts.undecoded
	t.Clock.add(&b.counts.clock)
	for _, r := range b.runs {
		of := &t.Sources[r.source]
		of.Packets += uint64(r.frames)
		of.First, of.Last = min(of.First, r.first), max(of.Last, r.last)
		t.First, t.Last = min(t.First, r.first), max(t.Last, r.last)
	}
}

// mayBeStrangers reports whether the sources are files that may not belong together.
func (s *runningStats) mayBeStrangers() bool {
	return len(s.total.Sources) > 1 && !s.related && !s.interfaces
}

// addSide adds what a block's records say beside packets.
func (s *runningStats) addSide(side *pcapfile.SideRecords) {
	t := &s.total
	for _, l := range side.Links {
		if name := l.String(); !slices.Contains(t.LinkTypes, name) {
			t.LinkTypes = append(t.LinkTypes, name)
		}
	}
	for _, secret := range side.Secrets {
		if s.secretBytes+len(secret) <= maxSecrets {
			s.secretBytes += len(secret)
			s.secrets = append(s.secrets, secret)
		}
	}
	for _, d := range side.Drops {
		s.addDrops(d)
	}
}

// addDrops adds lost packets. Totals with a name are of one interface in all
// files, so that the largest counts once.
func (s *runningStats) addDrops(d pcapfile.Drops) {
	between := &s.dropsBetween[d.Source]
	if !d.Total {
		between.packets = pcapfile.SumOfDrops(between.packets, d.Packets)
		between.known = true
		return
	}
	between.totals = true
	key := d
	key.Packets = 0
	if d.Name != "" {
		key.Source, key.Section, key.Iface = 0, 0, 0
	}
	if _, ok := s.dropTotals[key]; ok || len(s.dropTotals) < maxDropKeys {
		s.dropTotals[key] = max(s.dropTotals[key], d.Packets)
	}
}

// setLiveDrops notes what a live capture has lost so far of an interface.
func (s *runningStats) setLiveDrops(source int, kernel, iface uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addDrops(pcapfile.Drops{Packets: kernel, Total: true, Source: source})
	of := &s.total.Sources[source]
	s.total.InterfaceDropped += iface - of.InterfaceDropped
	of.KernelDropped, of.InterfaceDropped = &kernel, iface
}

// liveDrops returns what setLiveDrops has noted of an interface.
func (s *runningStats) liveDrops(source int) (kernel, iface uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := &s.total.Sources[source]
	if of.KernelDropped != nil {
		kernel = *of.KernelDropped
	}
	return kernel, of.InterfaceDropped
}

// lose notes that an interface has ended while others go on.
func (s *runningStats) lose(name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warn(Warning{"%s ended early, " + strings.ReplaceAll(strings.TrimPrefix(err.Error(), name+": "), "%", "%%") + ": what has passed it since is not in the numbers", []string{name}})
}

// A wrapping counter of 32 bits adds up to more.
type wrapping struct {
	sum  uint64
	last uint32
}

// count takes what the counter says now. One that has gone back has begun anew, or
// the system has thought better of it: what it says next is counted from there.
func (w *wrapping) count(now uint32) {
	if more := now - w.last; more < 1<<31 {
		w.sum += uint64(more)
	}
	w.last = now
}

// snapshot returns the stats as they are now.
func (s *runningStats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.total
	t.Sources = slices.Clone(t.Sources)
	t.LinkTypes = slices.Clone(t.LinkTypes)
	t.Warnings = slices.Clone(t.Warnings)
	for i := range t.Sources {
		if of := &t.Sources[i]; of.First > of.Last { // no packet with a time
			of.First, of.Last = 0, 0
		}
	}
	if s.mayBeStrangers() {
		more := s.overlaps.warnings(t.Sources)
		t.Warnings = append(t.Warnings, more[:min(len(more), maxWarnings)]...)
	}
	if t.First > t.Last {
		t.First, t.Last = 0, 0
	}
	if drops, known := s.drops(); known {
		t.KernelDropped = &drops
	}
	return t
}

// drops returns how many packets the capturing systems have lost, if they say so.
func (s *runningStats) drops() (drops uint64, known bool) {
	known = len(s.dropTotals) > 0
	for _, n := range s.dropTotals {
		drops = pcapfile.SumOfDrops(drops, n)
	}
	for _, b := range s.dropsBetween {
		if b.known && !b.totals {
			drops, known = pcapfile.SumOfDrops(drops, b.packets), true
		}
	}
	return drops, known
}

// origin returns the name of the file that packet num comes from, and its number
// there; "" and 0 if that is not known.
func (s *runningStats) origin(num uint64) (source string, packet uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if num == 0 || num > s.total.Packets {
		return "", 0
	}
	if len(s.total.Sources) == 1 {
		return s.total.Sources[0].Name, num
	}
	if s.interfaces {
		return "", 0
	}
	i, packet := s.origins.find(num)
	if packet == 0 {
		return "", 0
	}
	return s.total.Sources[i].Name, packet
}
