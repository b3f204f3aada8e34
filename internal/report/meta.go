package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Meta says what was read and how.
type Meta struct {
	Sources   []Source // in the order in which they were named
	Points    []Point  // nil where captures alone were read
	Format    string   // of the capture file, "mixed" if several
	LinkTypes []string // tcpdump's names

	Packets, TCPPackets uint64
	Bytes               uint64 // as on the wire
	First, Last         int64  // capture times, ns since the epoch; without meaning if Packets is 0

	Damage        *Damage // the first damage met, or nil
	KernelDropped *uint64 // nil if the capture does not say

	InterfaceDropped uint64 // by the interface of a live capture, of any kind of packets

	CutPackets       uint64 // captured in part
	UndecodedPackets uint64 // neither TCP nor known to be something else

	Warnings []string // sentences on what is odd about the files

	ClockFaults ClockFaults // what is wrong with times

	Narrowed Narrowed // to which part of the capture
	Zone     Zone     // in which people are told times
	Naming   *Naming  // what addresses are called, nil unless that was asked for

	Interrupted bool     // the reading was stopped before the end
	Followed    bool     // the file was read as it grew
	Filter      string   // pcap filter, "" without
	CommandLine []string // as the program was called, nil if it is withheld
	Anonymized  bool     // addresses and names are pseudonyms, here and in all that was found
}

// Point is a place where captures were made.
type Point struct {
	Name        string
	Part        string // the file that has what they come to, "" for captures
	Captures    int
	Packets     uint64
	First, Last int64  // capture times, ns since the epoch; without meaning if Packets is 0
	Version     string // of the program that analysed them
}

// Source is one capture file, or one interface.
type Source struct {
	Name    string
	Format  string
	Size    int64 // bytes on disk, -1 if unknown
	Packets uint64
	SHA256  string // in hexadecimal, "" if it was not computed

	// Of an interface, what [Meta] has of all.
	KernelDropped    *uint64
	InterfaceDropped uint64
}

// DropsBySource says which of several interfaces the kernel dropped packets of, in
// parentheses; "" if there is one, or if it dropped none.
func (m *Meta) DropsBySource() string {
	return m.bySource(func(s *Source) uint64 {
		if s.KernelDropped == nil {
			return 0
		}
		return *s.KernelDropped
	})
}

// bySource says how many packets of each of several interfaces a count is of, in
// parentheses; "" if it is of none.
func (m *Meta) bySource(count func(*Source) uint64) string {
	var list []string
	for i := range m.Sources {
		if n := count(&m.Sources[i]); n > 0 && len(m.Sources) > 1 {
			list = append(list, Plain(m.Sources[i].Name)+" "+cause.Count(int64(n)))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// Warnings returns what is odd about the files, and whether packets came too fast.
func (r *Report) Warnings() []string {
	n := r.Result.CopiesMissed
	if n == 0 {
		return r.Meta.Warnings
	}
	return append(slices.Clip(r.Meta.Warnings), fmt.Sprintf("from %s on packets came too fast to remember each for 100 ms: a copy of one of %s may count as another packet",
		r.Meta.Zone.instant(r.Result.CopiesMissedSince), cause.Plural(n, "packet", "packets")))
}

// ClockFaults says which packets have times that cannot be right.
type ClockFaults struct {
	Absurd, Backwards              uint64   // how many have a time that no packet has, or come an hour or more before the one in front of them
	AbsurdPackets, BackwardPackets []uint64 // numbers of the first few
}

// Wrong reports whether there is any.
func (c *ClockFaults) Wrong() bool { return c.Absurd+c.Backwards > 0 }

// Damage says where a file could not be read further.
type Damage struct {
	Source string
	Packet uint64 // number within the source of the first packet that is lost
	Offset int64  // of its record, in bytes of the uncompressed file
	Reason string
}

// Live reports whether packets came from an interface, not from files.
func (m *Meta) Live() bool { return m.Format == "live" }

// Times returns the first and the last capture time, in ns since the epoch;
// [analyze.Unknown] without a packet.
func (m *Meta) Times() (first, last int64) {
	if m.Packets == 0 {
		return analyze.Unknown, analyze.Unknown
	}
	return m.First, m.Last
}

// Duration returns the time that the capture spans, in ns; [analyze.Unknown] without a
// packet.
func (m *Meta) Duration() int64 {
	if m.Packets == 0 {
		return analyze.Unknown
	}
	return m.Last - m.First
}

// Title names what was read: the source, or the first of several.
func (m *Meta) Title() string {
	list := m.Sources
	switch len(list) {
	case 0:
		return "no capture"
	case 1:
		return Plain(list[0].Name)
	}
	return fmt.Sprintf("%s and %s more", Plain(list[0].Name), cause.Count(int64(len(list)-1)))
}

// Extent says how much was read, and from when to when.
func (m *Meta) Extent() string {
	var facts []string
	var bytes int64
	for i := range m.Sources {
		if m.Sources[i].Size < 0 {
			bytes = -1
			break
		}
		bytes += m.Sources[i].Size
	}
	if bytes >= 0 && len(m.Sources) > 0 {
		facts = append(facts, size(bytes))
	}
	facts = append(facts, cause.Plural(int64(m.Packets), "packet", "packets"))
	if m.Packets > 0 {
		facts = append(facts, m.span())
	}
	return strings.Join(facts, ", ")
}

// span writes from when to when the capture lasts.
func (m *Meta) span() string {
	first, last := m.Times()
	return m.Zone.span(first, last)
}

// Doubts says why the numbers may be too low, "" if nothing makes them so.
func (m *Meta) Doubts() string {
	var list []string
	if m.Interrupted {
		list = append(list, "the reading was stopped before the end")
	}
	if d := m.Damage; d != nil {
		list = append(list, "damaged at packet "+cause.Count(int64(d.Packet)))
	}
	if n := m.KernelDropped; n != nil && *n > 0 {
		list = append(list, cause.Plural(int64(*n), "packet was", "packets were")+" dropped while capturing")
	}
	if len(list) == 0 {
		return ""
	}
	return "Numbers may be too low: " + strings.Join(list, "; ")
}

// Clock writes a time within the capture, in ns since the epoch, as a time of day: with
// milliseconds if the capture is short, with the date if it is of several days.
func (m *Meta) Clock(ns int64) string {
	if ns == analyze.Unknown {
		return notKnown
	}
	first, last := m.Times()
	t := m.Zone.At(ns)
	switch d := last - first; {
	case first == analyze.Unknown || m.Zone.At(first).Format(time.DateOnly) != m.Zone.At(last).Format(time.DateOnly):
		return t.Format(time.DateTime)
	case d < 10e9:
		return t.Format("15:04:05.000")
	}
	return t.Format(time.TimeOnly)
}
