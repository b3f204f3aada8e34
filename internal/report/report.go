// Package report writes what was found in a capture: as text, Markdown, a page of
// HTML and pictures for people, as JSON, as NDJSON while connections end, and as CSV.
//
// The caller fills a [Report] and picks a [Format] from [Formats], by
// [ByName] or [ByEnding]. [Stream] writes NDJSON while the capture is still
// being read. [Schema] describes the JSON.
//
// House rules: bytes that come from packets or file names are hostile, so
// each format escapes them its own way; what is not known is null or
// "unknown", never zero; names and units are those of kaanalyze.report/1.
package report

import (
	"io"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// schemaName is the contract that the JSON keeps.
const schemaName = "kaanalyze.report/1"

// toolName is the name of the program in every format.
const toolName = "kaanalyze"

// Report is everything that a format writes. The formats only read it.
type Report struct {
	Version string // of the program
	Meta    Meta
	Result  *analyze.Result
	Options Options

	Diagnosis *rules.Diagnosis // why connections were not reused
	Gates     []gate.Outcome   // what became of the conditions of --fail-on
	Baseline  *Baseline        // to compare with, or nil

	// Story is the connection asked for with --conn. If it is set, the formats
	// tell that connection packet by packet and leave the others out.
	Story *Story

	// Facts stands in for Result where connections are kept elsewhere; nil
	// otherwise.
	Facts Facts

	NotKept int64 // connections that are in the sums alone

	Evidence *Evidence // the small capture beside the report, or nil

	Host *Host // what the kernel says beside the packets, nil unless they are captured here
}

// Facts is what the formats ask a [analyze.Result] for. Its methods are safe for
// concurrent use.
type Facts interface {
	Len() int
	Connection(i int, c *analyze.Connection)
	Exchanges() []analyze.Exchange
	Example() (id uint64, why string, ok bool)
}

// found returns where connections and exchanges come from.
func (r *Report) found() Facts {
	if r.Facts != nil {
		return r.Facts
	}
	return r.Result
}

// Meta says what was read and how.
type Meta struct {
	Sources   []Source // in the order in which they were named
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

	Narrowed Narrowed // to which part of the capture

	Interrupted bool     // the reading was stopped before the end
	Filter      string   // pcap filter, "" without
	CommandLine []string // as the program was called, nil if it is withheld
	Anonymized  bool     // addresses and names are pseudonyms, here and in all that was found
}

// Source is one capture file.
type Source struct {
	Name    string
	Format  string
	Size    int64 // bytes on disk, -1 if unknown
	Packets uint64
	SHA256  string // in hexadecimal, "" if it was not computed
}

// Damage says where a file could not be read further.
type Damage struct {
	Source string
	Packet uint64 // number within the source of the first packet that is lost
	Offset int64  // of its record, in bytes of the uncompressed file
	Reason string
}

// Options say how to write.
type Options struct {
	Top         int  // rows that a table of the text shows; 0 is 10
	Exchanges   bool // write the exchanges too
	ShowSecrets bool // keep the queries of targets
	Width       int  // columns of the text, from 80 to 100; 0 is 100
	Color       bool // use colour in the text
	ASCII       bool // use ASCII alone in the text
	Workers     int  // goroutines that encode connections; 0 is 1
}

// Format is one way to write a report.
type Format struct {
	Name   string // for -f
	Ending string // of file names, with the dot
	Help   string // one line
	Write  func(w io.Writer, r *Report) error
	Binary bool // not to be shown on a terminal
}

// Formats are all formats; help and completion are printed from here.
var Formats = []Format{
	{"text", ".txt", "for a person: numbers, shape over time, servers, trust", WriteText, false},
	{"md", ".md", "for a ticket: the text in Markdown, at most 60,000 characters", writeMarkdown, false},
	{"html", ".html", "one page for a browser: charts and all connections, no network", writeHTML, false},
	{"json", ".json", "everything, as " + schemaName + " (see --json-schema)", writeJSON, false},
	{"ndjson", ".ndjson", "one JSON object a line, connections as they end", writeNDJSON, false},
	{"csv", ".csv", "one row per connection", writeCSV, false},
	{"svg", ".svg", "a picture for a ticket: the verdict and charts over time", writeSVG, false},
	{"png", ".png", "the same for a chat, 1200 pixels wide", writePNG, true},
}

// ByName returns the format called name.
func ByName(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// ByEnding returns the format that the ending of a file name asks for. Case
// does not matter.
func ByEnding(file string) (Format, bool) {
	file = strings.ToLower(file)
	for _, f := range Formats {
		if strings.HasSuffix(file, f.Ending) {
			return f, true
		}
	}
	return Format{}, false
}
