package app

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

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
	live         bool // flush streams whenever packets have been read
	interruption *interruption

	mu    sync.Mutex // guards sinks against discard
	sinks []*sink    // the files, then standard output

	evidence *sink // the one of sinks that is the evidence file, or nil
}

// A sink is one of the outputs. A file is written under another name and gets its own
// when it is whole. The evidence file has no format: addEvidence writes it. One that
// fails does not keep the others from being written.
type sink struct {
	format report.Format
	w      *bufio.Writer
	stream *machine.Stream // writes connections as they end, or nil
	name   string          // as the user wrote it, "" for standard output
	err    error           // why it failed
	done   bool            // nothing more is written, also if it failed

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
		if err := k.create(o.interruption, 0o666); err != nil {
			return err
		}
		o.add(k)
	}
	if s.Evidence != "" {
		o.evidence = &sink{name: s.Evidence}
		if err := o.evidence.create(o.interruption, 0o600); err != nil {
			return err
		}
		o.add(o.evidence)
	}
	if err := o.addStandardOutput(s, stdout); err != nil {
		return err
	}
	if s.Conn == 0 && !s.TUI && !s.CompleteRows && !slices.ContainsFunc(o.sinks, func(k *sink) bool { return k.format.Name != streaming }) {
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
	k := &sink{format: s.format, w: bufio.NewWriterSize(&outputWriter{stdout, true, o.interruption}, bufferSize)}
	if s.follows && (s.format.Name == "text" || s.format.Name == "md") {
		_ = k.w.WriteByte('\n') // into the buffer
	}
	o.add(k)
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

// create creates the file under its other name, for those whom mode lets read it, and of
// them for those who may read the file that it replaces. What is not a regular file, as
// a pipe, is written directly.
func (k *sink) create(i *interruption, mode os.FileMode) error {
	at, err := findPlace(k.name)
	regular := at.regular()
	switch {
	case err != nil:
	case !regular:
		k.file, err = openForWriting(at, i, 0)
	default:
		if at.info != nil {
			mode &= at.info.Mode().Perm()
		}
		if err = at.mayReplace(); err == nil {
			k.final = at.path
			k.file, k.temp, err = createBeside(k.final, mode)
		}
	}
	if err != nil {
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			err = pathErr.Err
		}
		return fmt.Errorf("create report %q: %w", k.name, err)
	}
	k.w = bufio.NewWriterSize(&outputWriter{k.file, !regular, i}, bufferSize)
	return nil
}

// createBeside creates a file beside the one of that name, under a name that nobody can
// know before.
func createBeside(name string, mode os.FileMode) (f *os.File, temp string, err error) {
	dir, base := filepath.Split(name)
	for range 100 {
		temp = filepath.Join(dir, "."+base+"."+rand.Text())
		if f, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, temp, err
}

// errNoReader is that a pipe was opened which nobody reads.
var errNoReader = errors.New("nobody reads this pipe")

// openForWriting opens what is not a regular file. A pipe is waited for until somebody
// reads it, a signal comes, or the time is over, if it is not 0.
func openForWriting(at place, i *interruption, patience time.Duration) (*os.File, error) {
	if at.info.Mode()&os.ModeNamedPipe == 0 {
		return os.OpenFile(at.path, os.O_WRONLY, 0)
	}
	var late <-chan time.Time
	if patience > 0 {
		late = time.After(patience)
	}
	for {
		f, err := os.OpenFile(at.path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-i.come:
			return nil, fmt.Errorf("%w: %w", errInterrupted, errNoReader)
		case <-late:
			return nil, errNoReader
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// fail notes why the output failed, unless it has failed before, and removes it.
func (k *sink) fail(err error) {
	if k.err == nil {
		k.err, k.done = err, true
		k.discard()
	}
}

// errors returns why outputs failed, in their order.
func (o *outputs) errors() (list []error) {
	for _, k := range o.sinks {
		if k.err != nil {
			list = append(list, k.err)
		}
	}
	return list
}

// streams returns the outputs that are written while connections end, but for those
// that have failed.
func (o *outputs) streams() (list []*sink) {
	for _, k := range o.sinks {
		if k.stream != nil && !k.done {
			list = append(list, k)
		}
	}
	return list
}

// lost returns an error if no output is left that could be written.
func (o *outputs) lost() error {
	for _, k := range o.sinks {
		if k.err == nil {
			return nil
		}
	}
	return errors.Join(o.errors()...)
}

// begin writes the first lines of streams.
func (o *outputs) begin(m *report.Meta) error {
	for _, k := range o.streams() {
		if err := k.stream.Meta(Version, m); err != nil {
			k.fail(k.failed(err))
		}
	}
	return o.lost()
}

// onConnection returns a function that writes an ended connection to the streams, nil
// if there are none. An error is kept for sync.
func (o *outputs) onConnection() func(*analyze.Connection, cause.NotReused) {
	streams := o.streams()
	if streams == nil {
		return nil
	}
	return func(c *analyze.Connection, is cause.NotReused) {
		for _, k := range streams {
			if k.done {
				continue
			}
			if err := k.stream.Connection(c, is); err != nil {
				k.fail(k.failed(err))
			}
		}
	}
}

// decided writes to the streams why connections were not reused that have been written
// without that, and are kept no longer.
func (o *outputs) decided(d *cause.Decisions, ids []uint64) {
	for _, k := range o.streams() {
		if k.done {
			continue
		}
		if err := k.stream.Causes(d, ids); err != nil {
			k.fail(k.failed(err))
		}
	}
}

// sync flushes streams if the capture is being made. Its error is that no output is
// left.
func (o *outputs) sync() error {
	for _, k := range o.sinks {
		if !o.live || k.stream == nil || k.done {
			continue
		}
		if err := errors.Join(k.stream.Flush(), k.w.Flush()); err != nil {
			k.fail(k.failed(err))
		}
	}
	return o.lost()
}

// write writes the report everywhere, to standard output last: its reader may
// be gone, and the files are to be whole then.
func (o *outputs) write(s *settings, r *report.Report, stdout io.Writer) {
	for _, k := range o.sinks {
		if k.done {
			continue
		}
		own := *r
		if k.file == nil {
			own.Options.Width, own.Options.Height = size(stdout)
			own.Options.Brief = IsTerminal(stdout) && len(s.outputs) > 0 && !s.given("format")
			own.Options.Color = colored(s.Color, stdout)
			own.Options.ASCII = asciiOnly(stdout)
		}
		if err := k.write(&own); err != nil {
			k.fail(err)
		}
	}
}

// written returns the names of the files that are whole.
func (o *outputs) written() (names []string) {
	for _, k := range o.sinks {
		if k.file != nil && k.err == nil {
			names = append(names, printable(k.name))
		}
	}
	return names
}

// write writes the report.
func (k *sink) write(r *report.Report) error {
	var err error
	if k.stream != nil {
		err = k.stream.End(r)
	} else {
		err = k.format.Write(k.w, r)
	}
	if err != nil {
		return k.failed(err)
	}
	return k.complete()
}

// writeWhole writes all that the output is to hold.
func (k *sink) writeWhole(b []byte) error {
	if _, err := k.w.Write(b); err != nil {
		return k.failed(err)
	}
	return k.complete()
}

// complete ends the writing.
func (k *sink) complete() error {
	err := k.w.Flush()
	if err == nil {
		err = k.finish()
	}
	if err != nil {
		return k.failed(err)
	}
	k.done = true
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
