// Package kaanalyze reads packet captures and tells why HTTP kept opening new TCP
// connections instead of reusing them, and what to change: what the command
// kaanalyze does, for Go programs.
//
// [Analyze] reads captures, of which [Options] may ask for a part, and returns a
// [Report]. Its fields are the contract kaanalyze.report/1 as Go values: the verdict,
// the findings and the totals first, then what they are of. [Report.WriteJSON]
// writes what kaanalyze --json writes of the same files.
//
// Further down, packages capture, flows and httpparse read segments, connections and
// messages one by one.
package kaanalyze

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Options say which part of captures to analyze, and how. The zero value is for all
// of it, as kaanalyze FILE has it.
type Options struct {
	Input io.Reader // what the source "-" is, nil for nothing

	Filter       string         // a pcap filter (pcap-filter(7)), which needs libpcap; "" for all packets
	Since, Until time.Time      // leave out packets before and after; the zero time is no bound
	Server       netip.AddrPort // only connections to it; the zero value is all
	Count        uint64         // stop after that many packets; 0 is all

	KeyLog io.Reader // secrets of TLS sessions, as programs write them to SSLKEYLOGFILE; nil for none

	TimeWait    time.Duration // how long TIME_WAIT lasts; 0 is a minute, as on Linux
	Exchanges   bool          // list each request with its response and times
	ShowSecrets bool          // keep queries and user names in the targets of requests

	FailOn []string // conditions as of --fail-on: reuse_ratio<0.9, finding=KA1011; see [Report].Gates

	Workers int // goroutines that read and judge; 0 is GOMAXPROCS. The report does not depend on it
}

// A DamageError is the error of a capture that could not be read to its end. The
// report beside it is of what stands before the damage.
type DamageError struct {
	Damage Damage // the first one met
}

// Error names the file, the packet, the byte and the reason.
func (e *DamageError) Error() string {
	d := &e.Damage
	return fmt.Sprintf("%s: damaged at packet %d, byte %d: %s", d.Source, d.Packet, d.Offset, d.Reason)
}

// Analyze reads captures as one, in order of time, and reports. A source is the name
// of a file, pcap or pcapng, maybe compressed; "-" is opt.Input. Files are told apart
// by what they hold, not by their names.
//
// What was read is not lost by an error that comes later: if a file is damaged further
// in, or ctx ends, the report is of what was read and comes with a [*DamageError] or
// with the error of ctx. For all other errors it is nil: a source cannot be opened or
// is no capture, it holds no packet, a filter does not compile
// ([capture.FilterError]; without libpcap only simple ones do), a condition of opt.FailOn is none.
//
// The whole report is held in memory. Analyze may be called from several goroutines
// at once, and keeps nothing of its arguments.
func Analyze(ctx context.Context, sources []string, opt Options) (*Report, error) {
	conditions, err := parseConditions(opt.FailOn)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, errors.New("no capture was named")
	}
	opt.setDefaults()
	part := report.Narrowed{Since: nanos(opt.Since), Until: nanos(opt.Until), Server: opt.Server, Count: opt.Count, Filter: opt.Filter}
	src, err := capture.OpenFiles(sources, capture.Options{
		Filter: part.Filter, Since: part.Since, Until: part.Until, Count: part.Count,
		Workers: opt.Workers, NewScan: assemble.NewScan, Stdin: opt.Input,
	})
	if err != nil {
		return nil, err
	}
	defer src.Close()

	what := assemble.Options(part, opt.TimeWait)
	what.Exchanges = opt.Exchanges
	if what.Keys, err = readKeys(opt.KeyLog, src); err != nil {
		return nil, err
	}
	a := analyze.New(what)
	err = src.Run(ctx, func(segs []flows.Segment) error { a.Apply(segs); return nil })
	interrupted := err != nil && ctx.Err() != nil
	stats := src.Stats()
	switch {
	case err != nil && (!interrupted || stats.Packets == 0):
		return nil, err
	case stats.Packets == 0:
		return nil, fmt.Errorf("read capture %q: there is no packet in it", sources[0])
	}

	model := &report.Report{
		Version: report.ToolVersion,
		Meta:    assemble.Meta(&stats, part),
		Result:  a.Finish(assemble.Bounds(&stats, part.Since, part.Until)),
		Options: report.Options{Exchanges: opt.Exchanges, ShowSecrets: opt.ShowSecrets, Workers: opt.Workers},
	}
	model.Result.Undecoded = assemble.Undecoded(&stats)
	model.Meta.Interrupted = interrupted
	for i, name := range sources {
		model.Meta.Sources[i].SHA256 = assemble.Sum(ctx, name, assemble.MaxSummed)
	}
	if len(sources) > 1 {
		model.Origin = src.Origin
	}
	r, judgeErr := judge(model, conditions)
	switch {
	case judgeErr != nil:
		return nil, judgeErr
	case interrupted:
		return r, err
	case r.Capture.Damage != nil:
		return r, &DamageError{*r.Capture.Damage}
	}
	return r, nil
}

// readKeys reads a key log, if there is one, and returns what tells its secrets and those
// that src carries.
func readKeys(r io.Reader, src *capture.Source) (func() (*keylog.Log, bool), error) {
	k := &assemble.Keys{}
	if r != nil {
		if _, err := k.Log.ReadFrom(r); err != nil {
			return nil, fmt.Errorf("read the key log: %w", err)
		}
		k.Log.End()
		k.Given = true
	}
	return func() (*keylog.Log, bool) { return k.Known(src) }, nil
}

// judge adds to a model why connections were not reused and what became of the
// conditions, and returns it for Go programs.
func judge(model *report.Report, conditions []*gate.Condition) (*Report, error) {
	model.Diagnosis = rules.Run(model.Result, model.Options.Workers)
	for _, c := range conditions {
		model.Gates = append(model.Gates, c.Judge(model.Result, model.Diagnosis))
	}
	var b bytes.Buffer
	if err := machine.WriteJSON(&b, model); err != nil {
		return nil, err
	}
	r := &Report{}
	return r, r.read(b.Bytes())
}

// parseConditions reads the conditions of Options.FailOn.
func parseConditions(texts []string) ([]*gate.Condition, error) {
	var list []*gate.Condition
	for _, text := range texts {
		c, err := gate.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("condition %q: %w", text, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// setDefaults gives values to the options whose zero value stands for one.
func (o *Options) setDefaults() {
	if o.Input == nil {
		o.Input = bytes.NewReader(nil)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.TimeWait <= 0 {
		o.TimeWait = time.Minute
	}
}

// nanos returns a time in nanoseconds since the epoch, 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, t.UnixNano())
}

// Report is what a capture shows. Fields may be read from several goroutines.
//
// A Report is written as it was made, whatever its fields are set to, and
// [json.Unmarshal] reads what kaanalyze --json wrote. What only other flags of the
// command or a live capture add (a story, a baseline, the other side, evidence, a window, the host's sockets)
// is in the JSON and has no field.
type Report struct {
	Schema   string      `json:"schema"` // kaanalyze.report/1
	Tool     Tool        `json:"tool"`
	Verdict  Verdict     `json:"verdict"`
	Capture  Capture     `json:"capture"`
	Totals   Totals      `json:"totals"`
	Causes   []Cause     `json:"causes"`            // why connections carried no further request; most connections first
	Findings []Finding   `json:"findings"`          // what costs most first
	Gates    []Gate      `json:"gates,omitempty"`   // what became of each condition of Options.FailOn
	Repeats  []Repeat    `json:"repeats,omitempty"` // requests that failed and were sent again
	Policies []Policy    `json:"policies"`          // settings inferred from how connections ended
	Rules    []Judgement `json:"rules"`             // what became of each rule
	Servers  []Server    `json:"servers"`           // most connections first
	Pairs    []Pair      `json:"pairs"`             // most connections first
	Events   []Event     `json:"events,omitempty"`  // moments at which one side closed several connections at once
	Series   Series      `json:"series"`

	Names          []Name       `json:"names,omitempty"`            // with --resolve
	ServersLeftOut *LeftOut     `json:"servers_left_out,omitempty"` // those that have no row
	PairsLeftOut   *LeftOut     `json:"pairs_left_out,omitempty"`
	Connections    []Connection `json:"connections"`         // by ID
	Exchanges      []Exchange   `json:"exchanges,omitempty"` // with Options.Exchanges

	text []byte // as WriteJSON writes it
}

// fields is a Report that is decoded field by field.
type fields Report

// read fills r from its JSON, which it keeps.
func (r *Report) read(text []byte) error {
	var f fields
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("read report: %w", err)
	}
	if f.Schema != report.SchemaName {
		return fmt.Errorf("read report: its schema is %q, not %s", f.Schema, report.SchemaName)
	}
	*r = Report(f)
	r.text = text
	return nil
}

// UnmarshalJSON reads a report as kaanalyze --json writes it.
func (r *Report) UnmarshalJSON(text []byte) error {
	return r.read(append(bytes.Clone(text), '\n')) // the space behind it is not handed over
}

// errEmpty is the error of writing a Report that nothing was read into.
var errEmpty = errors.New("write report: it is empty")

// MarshalJSON returns what WriteJSON writes. [json.Marshal] takes the space out of it
// and escapes <, > and &; the values are the same.
func (r Report) MarshalJSON() ([]byte, error) {
	if r.text == nil {
		return nil, errEmpty
	}
	return r.text, nil
}

// WriteJSON writes the report byte for byte as kaanalyze --json writes that of the
// same files, but that tool.command_line is empty.
func (r *Report) WriteJSON(w io.Writer) error {
	if r.text == nil {
		return errEmpty
	}
	if _, err := w.Write(r.text); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
