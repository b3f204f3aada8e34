// Package assemble joins the layers for those that read a capture to its end: the
// command and Go programs. It holds what both must do alike for their reports to
// be the same, byte for byte.
//
// In order: [NewScan] goes into the options of the capture, [Options] makes those of
// the analysis, [Bounds] says from when to when its result is, [Meta] tells of the
// capture in the report, and [Sum] is of its files.
package assemble

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// NewScan returns a scanner for heads, for one worker of the capture.
func NewScan() func(payload []byte) flows.Note {
	var s httpparse.Scanner
	return func(payload []byte) flows.Note { return flows.Note(s.Scan(payload)) }
}

// Options returns the options with which a part of files is analysed.
func Options(part report.Narrowed, timeWait time.Duration) analyze.Options {
	return analyze.Options{
		TimeWait: timeWait,
		Server:   part.Server,
		Filtered: part.Filter != "" || part.Since != 0,
		Narrowed: part != report.Narrowed{},
	}
}

// Bounds returns from when to when, in nanoseconds since the epoch, the part of a
// capture is that since and until ask for; 0 is no bound.
func Bounds(s *capture.Stats, since, until int64) (first, last int64) {
	first, last = s.First, s.Last
	if since > first {
		first = min(since, last)
	}
	if until != 0 && until < last {
		last = max(until, first)
	}
	return first, last
}

// Meta returns what reports tell of files of which that part was read.
func Meta(s *capture.Stats, part report.Narrowed) report.Meta {
	m := report.Meta{
		Format:           s.Format,
		LinkTypes:        s.LinkTypes,
		Packets:          s.Packets,
		TCPPackets:       s.TCPPackets,
		Bytes:            s.Bytes,
		First:            s.First,
		Last:             s.Last,
		KernelDropped:    s.KernelDropped,
		CutPackets:       s.CutPackets,
		UndecodedPackets: s.UndecodedPackets,
		ClockFaults:      report.ClockFaults(s.Clock),
		Filter:           part.Filter,
		Narrowed:         part,
	}
	for _, src := range s.Sources {
		m.Sources = append(m.Sources, report.Source{
			Name: src.Name, Format: src.Format, Size: src.Size, Packets: src.Packets, KernelDropped: src.KernelDropped, InterfaceDropped: src.InterfaceDropped,
		})
	}
	for _, w := range s.Warnings {
		m.Warnings = append(m.Warnings, w.Say(nil))
	}
	if d := s.Damage; d != nil {
		m.Damage = &report.Damage{Source: d.Source, Packet: d.Packet, Offset: d.Offset, Reason: d.Reason}
	}
	return m
}

// Undecoded returns what a report says instead of judging where half of the packets or
// more could not be decoded, else "".
func Undecoded(s *capture.Stats) string {
	if s.UndecodedPackets == 0 || s.UndecodedPackets < s.Packets-s.UndecodedPackets {
		return ""
	}
	link := "link type"
	if len(s.LinkTypes) > 1 {
		link = "link types"
	}
	return fmt.Sprintf("%d of %d packets could not be decoded (%s %s); capture on an Ethernet interface, or with -i any",
		s.UndecodedPackets, s.Packets, link, strings.Join(s.LinkTypes, ", "))
}

// MaxSummed is the size in bytes of the largest file that is hashed without being
// asked: hashing a larger one takes longer than reading it.
const MaxSummed = 64 << 20

// Sum returns the SHA-256 of a regular file in hexadecimal. It is "" if the file is
// larger than most bytes or cannot be read, which the reader tells of, or if ctx
// ends.
func Sum(ctx context.Context, name string, most int64) string {
	if name == "-" {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	for ctx.Err() == nil {
		switch _, err := io.CopyN(h, f, 1<<20); err {
		case nil:
		case io.EOF:
			return hex.EncodeToString(h.Sum(nil))
		default:
			return ""
		}
	}
	return ""
}
