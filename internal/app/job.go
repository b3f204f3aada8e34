package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/names"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// demoName is how reports name the capture that is built into the program.
const demoName = "demo.pcap"

// A Job is one run of the program: open, read, write. [New] makes it, [Job.Run] does
// it, once.
type Job struct {
	s      *settings
	ui     *ui
	names  *names.Table // nil unless they are wanted
	stdin  io.Reader
	stdout io.Writer

	stdinByDefault bool // standard input is read because no file was named

	ctx          context.Context // done when reading shall end
	stop         context.CancelFunc
	interruption *interruption

	narrowed report.Narrowed // the part of the capture that is asked for
	outs     *outputs
	source   sharedSource // what is read, once it is open
	sums     *fileSums
	terminal sync.Mutex // held while the view has the terminal

	// Of a capture that is being made.
	session  atomic.Pointer[sharedSession] // nil for files
	listener *listener                     // answers by HTTP meanwhile, or nil
	ticker   *ticker                       // of the status lines of a live capture, or nil
	host     *kernel.Host                  // as a live capture began, or nil
	owners   kernel.Owners                 // of sockets, as privileges let them be read
	identity *identity                     // who the program has become, or nil
	endError error                         // why a live capture ended before it was told to
	command  atomic.Pointer[execCommand]   // that runs meanwhile, or nil

	each []*settings // of the reports of --each, which have jobs of their own

	part *partMaker // of what is read, nil if no part is wanted

	keys *keys // secrets of TLS sessions

	ends *ends // what is kept of both captures with --other-side, or nil

	memory int64 // bytes for what is seen, 0 for no bound
	last   int64 // time of the last packet, once it is known
}

// New returns the job that c asks for. Its error is [ErrNoInput], or one for
// [Fail].
func New(c *Config, stdin io.Reader, stdout, stderr io.Writer) (*Job, error) {
	if c.OwnProcess {
		if err := limitProcess(c); err != nil {
			return nil, err
		}
	}
	s, err := newSettings(c)
	if err != nil {
		return nil, err
	}
	if s.live == nil && len(s.files)+len(s.parts) == 0 && IsTerminal(stdin) {
		if s.filter != "" {
			return nil, &UsageError{fmt.Errorf("no capture is named: %q was taken as a filter", s.filter), "name files before it, or an interface with -i"}
		}
		return nil, ErrNoInput
	}
	each, err := s.eachOf()
	if err != nil {
		return nil, err
	}
	j := newJob(s, &ui{w: stderr, quiet: s.Quiet, verbose: s.Verbose}, stdin, stdout)
	j.each = each
	j.useNames()
	if s.oddZone != "" {
		j.ui.warn("TZ=%s is not a known time zone; times are in UTC", printable(s.oddZone))
	}
	return j, nil
}

// ErrNoInput is the error of a job that names nothing to read, where standard
// input is a terminal.
var ErrNoInput = errors.New("there is nothing to read")

func newJob(s *settings, u *ui, stdin io.Reader, stdout io.Writer) *Job {
	i := newInterruption()
	j := &Job{s: s, ui: u, keys: &keys{every: moreKeysEvery}, stdin: stdin, stdout: stdout, outs: &outputs{interruption: i}, interruption: i}
	if s.Demo != nil {
		j.stdin = bytes.NewReader(j.s.Demo)
	} else if s.live == nil && len(s.files)+len(s.parts) == 0 {
		s.files, j.stdinByDefault = []string{"-"}, true
	}
	if s.goesOn() && !s.TUI {
		j.ticker = newTicker(j.statusInterval())
	}
	j.ctx, j.stop = context.WithCancel(context.Background())
	return j
}

// do opens, reads, analyses and writes.
func (j *Job) do() error {
	if len(j.s.parts) > 0 {
		return j.joinParts()
	}
	if j.s.writesPart() {
		j.part = &partMaker{}
	}
	opt, err := j.captureOptions()
	if err != nil {
		return err
	}
	j.narrowed = j.s.narrowed(opt)
	j.memory = j.limitMemory()
	if err := j.openKeys(); err != nil {
		return err
	}
	defer j.closeKeys()
	var tty *os.File
	if j.s.TUI {
		if tty, err = openTerminal(); err != nil {
			return err
		}
		defer tty.Close()
	}
	defer j.endCommand()
	src, err := j.open(opt)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := j.begin(src, opt); err != nil {
		return err
	}
	defer j.listener.close()
	j.command.Load().begin()
	switch {
	case tty != nil:
		return j.browse(src, opt, tty)
	case j.s.goesOn():
		return j.followCapture(src, opt)
	}
	return j.readFiles(src, opt)
}

// begin creates the outputs, and begins what goes on beside the reading.
func (j *Job) begin(src *capture.Source, opt capture.Options) error {
	if err := j.outs.open(j.s, j.stdout); err != nil {
		return j.notAllowed(err, j.identity)
	}
	j.source.set(src)
	stats := src.Stats()
	meta := j.meta(&stats)
	if err := j.outs.begin(&meta); err != nil {
		return err
	}
	j.sums = startSums(j.ctx, j.s)
	j.host = j.readHost()
	return j.listen(j.partOptions(opt))
}

// readFiles reads files to their end and reports, with evidence if that is asked for.
func (j *Job) readFiles(src *capture.Source, opt capture.Options) error {
	r, err := j.analyzeFiles(src, opt)
	if err != nil {
		return err
	}
	if j.s.Evidence != "" {
		j.addEvidence(r, opt)
	}
	return j.deliver(r)
}

// analyzeFiles reads files to their end, and judges them.
func (j *Job) analyzeFiles(src *capture.Source, opt capture.Options) (*report.Report, error) {
	if err := j.readOtherSide(src); err != nil {
		return nil, err
	}
	a := j.newReading(opt)
	interrupted, err := j.read(src, unfailing(a.Apply))
	if err != nil {
		return nil, err
	}
	if j.part != nil {
		stats := src.Stats()
		if err := j.checkOverlap(&stats); err != nil {
			return nil, err
		}
	}
	other := j.ends.compare(j)
	r := j.finish(src, a, opt)
	r.OtherSide = other
	r.Meta.Interrupted = interrupted
	return r, nil
}

// open opens what is to be read.
func (j *Job) open(opt capture.Options) (*capture.Source, error) {
	if j.s.live != nil {
		return j.openLive(opt)
	}
	src, err := capture.OpenFiles(j.s.files, opt)
	if err != nil {
		return nil, j.openFailed(err)
	}
	return src, nil
}
