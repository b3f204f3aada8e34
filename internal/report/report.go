// Package report holds what is told of a capture, in its order, whatever the
// format: the model that the formats beside it share.
//
// The caller fills a [Report]: [Meta] says what was read, [Facts] or the result
// hold the connections, [Host], [Baseline], [Evidence] and [Story] what else
// there is. [Tell] tells it on a [Medium], as text, Markdown and pages for a
// browser are; [Report.Compare] compares it with its baseline. The formats
// themselves are in the packages machine, page, picture and text; package
// formats lists them.
//
// House rules: bytes that come from packets or file names are hostile, so
// each format escapes them its own way; what is not known is null or
// "unknown", never zero; names and units are those of kaanalyze.report/1.
package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// WriteError says what failed. The formats wrap once, what they call does not.
func WriteError(err error) error { return fmt.Errorf("write report: %w", err) }

// Analysed returns how long the part of the capture is that was asked for in ns,
// or Unknown.
func (r *Report) Analysed() int64 {
	if r.Meta.Packets == 0 {
		return analyze.Unknown
	}
	return r.Result.Last - r.Result.First
}

// Diagnosed returns what was diagnosed; an empty one in tests without.
func (r *Report) Diagnosed() *rules.Diagnosis {
	if r.Diagnosis == nil {
		return &rules.Diagnosis{}
	}
	return r.Diagnosis
}

// SchemaName is the contract that the JSON keeps.
const SchemaName = "kaanalyze.report/1"

// ToolName is the name of the program in every format.
const ToolName = "kaanalyze"

// ToolVersion is its version.
const ToolVersion = "0.1.0"

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

	Origin Origin // of packets of several files, nil for one file
}

// An Origin says which file a packet of the capture comes from, and its number
// there: "" and 0 if that is not known.
type Origin func(packet uint64) (source string, number uint64)

// Facts is what the formats ask a [analyze.Result] for. Its methods are safe for
// concurrent use.
type Facts interface {
	Len() int
	Connection(i int, c *analyze.Connection)
	Exchanges() []analyze.Exchange
	Example() (id uint64, why string, ok bool)
}

// Records returns where connections and exchanges come from.
func (r *Report) Records() Facts {
	if r.Facts != nil {
		return r.Facts
	}
	return r.Result
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

// Format is one way to write a report.
type Format struct {
	Name   string // for -f
	Ending string // of file names, with the dot
	Help   string // one line
	Write  func(w io.Writer, r *Report) error
	Binary bool // not to be shown on a terminal
}

// ExchangesOf returns the exchanges of one connection.
func (r *Report) ExchangesOf(id uint64) []analyze.Exchange {
	var list []analyze.Exchange
	for _, x := range r.Records().Exchanges() {
		if x.Connection == id {
			list = append(list, x)
		}
	}
	return list
}

// Redactor returns what takes the secrets of targets out of what packets
// mean, where targets stand as they were sent. The longest goes first: a
// target may begin with another.
func (r *Report) Redactor(list []analyze.Exchange) *strings.Replacer {
	secret := make(map[string]bool)
	for i := range list {
		if sent := list[i].Target; Target(sent, r.Options.ShowSecrets) != sent {
			secret[sent] = true
		}
	}
	targets := slices.SortedFunc(maps.Keys(secret), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, sent := range targets {
		pairs = append(pairs, sent, Target(sent, false))
	}
	return strings.NewReplacer(pairs...)
}
