// Package report is the model of a report: what is told of a capture, and in which
// order, whatever the format.
//
// The caller fills a [Report]: [Meta] says what was read, the result of package
// analyze or other [Facts] hold the connections, and [Host], [Baseline], [Evidence]
// and [Story] what else there may be. A [Format] writes it. Formats for people are
// a [Medium] each, on which [Tell] tells the report section by section; all of them
// share its [Advice], the comparison that [Report.Compare] makes, and the words of
// this package. The formats are in the packages machine, page, picture and text
// beside this one; package formats lists them.
//
// House rules: bytes that come from packets or file names are hostile, so each
// format escapes them its own way; what is not known is null or "unknown", never
// zero; names and units are those of [SchemaName].
package report

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// SchemaName is the contract that the JSON keeps.
const SchemaName = "kaanalyze.report/1"

// ToolName is the name of the program in every format.
const ToolName = "kaanalyze"

// ToolVersion is its version.
const ToolVersion = "0.1.0"

// Report is everything that a format writes. Formats only read it, so several may
// write one report at the same time.
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

	// PointOf returns the name of the point where the connection with that ID was captured.
	// If it is set, NDJSON has complete rows: written at the end, each with all that is known
	// of its connection.
	PointOf func(id uint64) string

	NotKept int64 // connections that are counted in Result, but not among the Facts

	Recent *Recent // what happened last, or nil

	Evidence *Evidence // the small capture beside the report, or nil

	OtherSide *OtherSide // the capture at the other end of the path, or nil

	Host *Host // what the kernel says beside the packets, nil unless they are captured here

	Origin Origin // of packets of several files, nil for one file
}

// An Origin says which file a packet of the capture comes from, and its number
// there: "" and 0 if that is not known.
type Origin func(packet uint64) (source string, number uint64)

// Facts are the connections and exchanges that a report tells one by one; an
// [analyze.Result] has them. The methods are safe for concurrent use.
type Facts interface {
	// Len returns how many connections there are.
	Len() int
	// Connection sets c to the connection at i, from 0 to Len()-1. IDs ascend.
	Connection(i int, c *analyze.Connection)
	// Numbers is Connection, but may leave out the evidence.
	Numbers(i int, c *analyze.Connection)
	// Exchanges returns all exchanges. The caller only reads them.
	Exchanges() []analyze.Exchange
	// Example returns the ID of a connection that is worth a look, and why it is.
	Example() (id uint64, why string, ok bool)
}

// Options say how to write. The zero value is what the command does without flags.
type Options struct {
	Top         int  // rows that a table of the text shows; 0 is 10
	Exchanges   bool // write the exchanges too
	ShowSecrets bool // keep the queries of targets
	Brief       bool // only the verdict in the text, what it rests on and what it was compared with
	Width       int  // columns of the terminal that the text is for, of which 80 to 100 are used; 0 for a file
	Height      int  // lines of that terminal, 0 for a file
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

// WriteError wraps the failure of a write. A format wraps once, what it calls does
// not.
func WriteError(err error) error { return fmt.Errorf("write report: %w", err) }

// Rows returns how many rows a table of the text shows.
func (o *Options) Rows() int {
	if o.Top <= 0 {
		return 10
	}
	return o.Top
}

// Columns returns how wide the text is.
func (o *Options) Columns() int {
	if o.Width <= 0 {
		return 100
	}
	return min(max(o.Width, 80), 100)
}

// Records returns the connections and exchanges of r: its Facts, or those of its
// Result.
func (r *Report) Records() Facts {
	if r.Facts != nil {
		return r.Facts
	}
	return r.Result
}

// Diagnosed returns the diagnosis of r, an empty one if there is none.
func (r *Report) Diagnosed() *rules.Diagnosis {
	if r.Diagnosis == nil {
		return &rules.Diagnosis{}
	}
	return r.Diagnosis
}

// Lost returns the requests without a whole response; [analyze.Unknown] if none could
// be counted, or no response was captured that could tell.
func (r *Report) Lost() cause.Lost { return lostOf(r.Result, r.Diagnosed()) }

// EstimatedLost is Lost for requests that are estimated; [analyze.Unknown] if none is.
func (r *Report) EstimatedLost() cause.Lost {
	if !r.Result.Totals.Estimated.Known() {
		return cause.Lost{Failed: analyze.Unknown, Abandoned: analyze.Unknown}
	}
	return r.Diagnosed().EstimatedLost()
}

// lostOf is [Report.Lost] of a result and its diagnosis.
func lostOf(r *analyze.Result, d *rules.Diagnosis) cause.Lost {
	lost := d.TotalLost()
	if r.Totals.LossUnknown() && lost == (cause.Lost{}) {
		return cause.Lost{Failed: analyze.Unknown, Abandoned: analyze.Unknown}
	}
	return lost
}

// Analyzed returns how long the part of the capture lasts that was asked for, in ns;
// [analyze.Unknown] without a packet.
func (r *Report) Analyzed() int64 {
	if r.Meta.Packets == 0 {
		return analyze.Unknown
	}
	return r.Result.Last - r.Result.First
}
