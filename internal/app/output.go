package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
)

// bufferSize is what a report is written in: few system calls, little memory.
const bufferSize = 256 << 10

// outputs are the files and the stream that a run writes. discard may be called at any
// time; the other methods are for one goroutine.
type outputs struct {
	live bool  // flush streams whenever packets have been read
	err  error // the first one of a stream

	mu    sync.Mutex // guards sinks against discard
	sinks []*sink    // the files, then standard output

	evidence *sink // the one of sinks that is the evidence file, or nil
}

// A sink is one of the outputs. A file is written under another name and gets its own
// when it is whole. The evidence file has no format: writeEvidence fills it.
type sink struct {
	format report.Format
	w      *bufio.Writer
	stream *machine.Stream // writes connections as they end, or nil
	name   string          // as the user wrote it, "" for standard output

	mu        sync.Mutex // guards the rest
	file      *os.File   // nil for standard output
	temp      string     // the other name, "" if there is none
	final     string     // the name that the whole file gets
	discarded bool
}

// open creates all outputs, so that an error comes before the reading.
func (o *outputs) open(s *settings, stdout io.Writer) error {
	for _, out := range s.outputs {
		k := &sink{format: out.format, name: out.name}
		if err := k.create(); err != nil {
			return err
		}
		o.add(k)
	}
	if s.Evidence != "" {
		o.evidence = &sink{name: s.Evidence}
		if err := o.evidence.create(); err != nil {
			return err
		}
		o.add(o.evidence)
	}
	if err := o.addStandardOutput(s, stdout); err != nil {
		return err
	}
	if s.Conn == 0 && !s.TUI && !slices.ContainsFunc(o.sinks, func(k *sink) bool { return k.format.Name != streaming }) {
		for _, k := range o.sinks {
			k.stream = machine.NewStream(k.w)
		}
	}
	o.live = s.growing()
	return nil
}

// addStandardOutput adds standard output, unless packets go there or the view is all
// that is wanted.
func (o *outputs) addStandardOutput(s *settings, stdout io.Writer) error {
	if s.live != nil && s.live.saving.Name == "-" || s.TUI && s.Quiet {
		return nil
	}
	if s.format.Binary && IsTerminal(stdout) {
		return &UsageError{
			fmt.Errorf("--format %s: standard output is a terminal", s.format.Name),
			"write it to a file: -o timewait" + s.format.Ending,
		}
	}
	o.add(&sink{format: s.format, w: bufio.NewWriterSize(stdout, bufferSize)})
	return nil
}

func (o *outputs) add(k *sink) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sinks = append(o.sinks, k)
}

// streaming is the name of the format that writes connections as they end. It does so
// if no other format is wanted: the others need all connections at the end, and with
// streams alone the analysis forgets those that were written.
const streaming = "ndjson"

// create creates the file under its other name. What is not a regular file, as
// a pipe, is written directly.
func (k *sink) create() error {
	k.final = k.name
	if real, err := filepath.EvalSymlinks(k.name); err == nil {
		k.final = real
	}
	flags, path, mode := os.O_WRONLY, k.final, os.FileMode(0o666)
	info, err := os.Stat(k.final)
	if err == nil && info.Mode().IsRegular() {
		mode = info.Mode().Perm() // who may read the file that is replaced
	}
	if err != nil || info.Mode().IsRegular() {
		flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
		dir, base := filepath.Split(k.final)
		path = filepath.Join(dir, fmt.Sprintf(".%s.%d", base, os.Getpid()))
		k.temp = path
	}
	f, err := os.OpenFile(path, flags, mode)
	if err != nil {
		k.temp = ""
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			err = pathErr.Err
		}
		return fmt.Errorf("create report %q: %w", k.name, err)
	}
	k.file, k.w = f, bufio.NewWriterSize(f, bufferSize)
	return nil
}

// begin writes the first lines of streams.
func (o *outputs) begin(m *report.Meta) error {
	for _, k := range o.sinks {
		if k.stream == nil {
			continue
		}
		if err := k.stream.Meta(Version, m); err != nil {
			return k.failed(err)
		}
	}
	return nil
}

// onConnection returns a function that writes an ended connection to the streams, nil
// if there are none. An error is kept for sync.
func (o *outputs) onConnection() func(*analyze.Connection, cause.NotReused) {
	var streams []*sink
	for _, k := range o.sinks {
		if k.stream != nil {
			streams = append(streams, k)
		}
	}
	if streams == nil {
		return nil
	}
	return func(c *analyze.Connection, is cause.NotReused) {
		for _, k := range streams {
			if err := k.stream.Connection(c, is); err != nil && o.err == nil {
				o.err = k.failed(err)
			}
		}
	}
}

// sync returns the error of a stream. It flushes streams if the capture is being made.
func (o *outputs) sync() error {
	if o.err != nil || !o.live {
		return o.err
	}
	for _, k := range o.sinks {
		if k.stream == nil {
			continue
		}
		if err := errors.Join(k.stream.Flush(), k.w.Flush()); err != nil {
			return k.failed(err)
		}
	}
	return nil
}

// withoutEvidence discards the evidence file; the others stay.
func (o *outputs) withoutEvidence() {
	o.evidence.discard()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sinks = slices.DeleteFunc(o.sinks, func(k *sink) bool { return k == o.evidence })
}

// write writes the report everywhere, to standard output last: its reader may
// be gone, and the files are to be whole then.
func (o *outputs) write(s *settings, r *report.Report, stdout io.Writer) error {
	for _, k := range o.sinks {
		own := *r
		if k.file == nil {
			own.Options.Width = width(stdout)
			own.Options.Color = colored(s.Color, stdout)
			own.Options.ASCII = asciiOnly(stdout)
		}
		if err := k.write(&own); err != nil {
			return err
		}
	}
	return nil
}

func (k *sink) write(r *report.Report) error {
	var err error
	switch {
	case k.stream != nil:
		err = k.stream.End(r)
	case k.format.Write != nil:
		err = k.format.Write(k.w, r)
	}
	if err == nil {
		err = k.w.Flush()
	}
	if err == nil {
		err = k.finish()
	}
	if err != nil {
		return k.failed(err)
	}
	return nil
}

// failed adds to an error which output it is of.
func (k *sink) failed(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		err = pathErr.Err
	}
	if k.file == nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return fmt.Errorf("write report %q: %w", k.name, err)
}

// finish closes a file and gives it its name.
func (k *sink) finish() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil || k.discarded {
		return nil
	}
	err := k.file.Close()
	if err != nil || k.temp == "" {
		return err
	}
	if err = os.Rename(k.temp, k.final); err == nil {
		k.temp = ""
	}
	return err
}

// discard removes files that are not finished. It may be called more than once.
func (o *outputs) discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.sinks {
		k.discard()
	}
}

func (k *sink) discard() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.temp != "" {
		_ = k.file.Close()
		_ = os.Remove(k.temp)
		k.temp, k.discarded = "", true
	}
}

// colored reports whether the text has colours. NO_COLOR is honoured.
func colored(mode string, stdout io.Writer) bool {
	if mode == "auto" {
		return IsTerminal(stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return mode == "always"
}

// asciiOnly reports whether stdout is a terminal that is not told to show UTF-8.
func asciiOnly(stdout io.Writer) bool {
	if !IsTerminal(stdout) {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}
