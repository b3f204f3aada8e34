package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// demoName is how reports name the capture that is built into the program.
const demoName = "demo.pcap"

// A Job is one run of the program: open, read, write.
type Job struct {
	s      *settings
	ui     *ui
	stdin  io.Reader
	stdout io.Writer

	implied bool // standard input is read because no file was named

	ctx  context.Context // done when reading shall end
	stop context.CancelFunc

	outs    *outputs
	source  sharedSource
	summing *summing
	watch   *watch       // answers questions meanwhile, or nil
	host    *kernel.Host // as a live capture began, or nil

	narrowed report.Narrowed // what is to be read of the capture

	user  *identity // who the program has become, or nil
	pulse *pulse    // of a live capture
	ended error     // why that ended before it was told to

	current atomic.Pointer[feed] // of a capture that is being made
	screen  sync.Mutex           // held while the view has the terminal

	collector *cause.Collector // of connections that are not kept, nil if all are
	last      int64            // time of the last packet, once it is known
}

// New returns the job that c asks for. Its error is [ErrNoInput], or one for
// [Fail].
func New(c *Config, stdin io.Reader, stdout, stderr io.Writer) (*Job, error) {
	s, err := newSettings(c)
	if err != nil {
		return nil, err
	}
	if s.live == nil && len(s.files) == 0 && IsTerminal(stdin) {
		return nil, ErrNoInput
	}
	return newJob(s, &ui{w: stderr, quiet: s.Quiet, verbose: s.Verbose}, stdin, stdout), nil
}

// ErrNoInput is the error of a job that names nothing to read, where standard
// input is a terminal.
var ErrNoInput = errors.New("there is nothing to read")

func newJob(s *settings, u *ui, stdin io.Reader, stdout io.Writer) *Job {
	j := &Job{s: s, ui: u, stdin: stdin, stdout: stdout, outs: &outputs{}}
	if s.Demo != nil {
		j.stdin = bytes.NewReader(j.s.Demo)
	} else if s.live == nil && len(s.files) == 0 {
		s.files, j.implied = []string{"-"}, true
	}
	if s.live != nil && !s.TUI {
		j.pulse = newPulse(j.pace())
	}
	j.ctx, j.stop = context.WithCancel(context.Background())
	return j
}

// errStrict is the end of a job that --strict does not accept.
var errStrict = errors.New("the capture is damaged or packets were dropped, and --strict was given")

// errGate is the end of a job whose report a condition of --fail-on does not
// accept. What these found has been said.
var errGate = errors.New("a condition of --fail-on holds")

// Run does the job and listens to signals meanwhile: the first SIGINT or
// SIGTERM ends the reading, the second one the program. With the view, SIGHUP
// does so, too.
func (j *Job) Run() int {
	defer j.stop()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	if j.s.TUI {
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)

	done := make(chan error, 1)
	go func() { done <- j.do() }()
	for told := false; ; {
		select {
		case err := <-done:
			j.outs.discard()
			switch {
			case err == nil:
				return ExitOK
			case errors.Is(err, errStrict):
				j.ui.line("error", "%v", err)
				return ExitDamaged
			case errors.Is(err, errGate):
				return ExitGate
			}
			return j.ui.fail(err)
		case s := <-signals:
			switch {
			case s == syscall.SIGUSR1:
				j.status()
			case s == syscall.SIGUSR2:
				go j.interim(time.Now())
			case !told:
				told = true
				j.stop()
			default:
				j.screen.Lock() // the view has left the terminal as it was
				j.outs.discard()
				return ExitInterrupted
			}
		}
	}
}

// status says how far the reading is.
func (j *Job) status() {
	src := j.source.get()
	if src == nil {
		j.ui.line("status", "nothing has been read yet")
		return
	}
	if j.pulse != nil {
		j.pulse.ask()
		return
	}
	done, total := src.Progress()
	stats := src.Stats()
	j.ui.line("status", "%s of the input read, %s packets", percent(done, total), grouped(stats.Packets))
}

// open opens what is to be read.
func (j *Job) open(opt capture.Options) (*capture.Source, error) {
	if j.s.live != nil {
		return j.openLive(opt)
	}
	if err := dropCapabilities(); err != nil {
		return nil, err
	}
	src, err := capture.OpenFiles(j.s.files, opt)
	if err != nil {
		return nil, j.openFailed(err)
	}
	return src, nil
}

// do opens, reads, analyses and writes.
func (j *Job) do() error {
	opt, err := j.captureOptions()
	if err != nil {
		return err
	}
	j.narrowed = j.s.narrowed(opt)
	var tty *os.File
	if j.s.TUI {
		if tty, err = openTerminal(); err != nil {
			return err
		}
		defer tty.Close()
	}
	src, err := j.open(opt)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := j.outs.open(j.s, j.stdout); err != nil {
		return j.notAllowed(err, j.user)
	}
	j.source.set(src)
	stats := src.Stats()
	begun := j.meta(&stats)
	if err := j.outs.begin(&begun); err != nil {
		return err
	}
	j.summing = startSumming(j.ctx, j.s)
	j.host = j.lookAtHost()
	if err := j.listen(j.wanted(opt)); err != nil {
		return err
	}
	defer j.watch.close()
	if tty != nil {
		return j.browse(src, opt, tty)
	}
	if j.s.live != nil {
		return j.sniff(src, opt)
	}
	a := analyze.New(j.analysis(opt))
	interrupted, err := j.read(src, unfailing(a.Apply))
	if err != nil {
		return err
	}
	r := j.finish(src, a, opt)
	r.Meta.Interrupted = interrupted
	if j.s.Evidence == "" {
		return j.deliver(r)
	}
	if !interrupted {
		err = j.prove(r, opt)
	}
	switch {
	case interrupted, errors.Is(err, context.Canceled):
		j.outs.withoutEvidence()
		j.ui.warn("interrupted; there is no evidence")
	case err != nil:
		return err
	}
	return j.deliver(r)
}

// sniff follows an interface, in bounded memory, until it is told to stop.
func (j *Job) sniff(src *capture.Source, opt capture.Options) error {
	f := j.feed(opt)
	interrupted, err := j.read(src, func(segs []flows.Segment) error {
		defer j.pulse.beat(src, f.census)
		f.Apply(segs)
		return nil
	})
	if err != nil {
		return err
	}
	r := j.finishSession(src, opt, f)
	r.Meta.Interrupted = interrupted
	return j.deliver(r)
}

// finishSession makes the last report of a session.
func (j *Job) finishSession(src *capture.Source, opt capture.Options, f *feed) *report.Report {
	first, last := j.times(src, opt)
	j.last = last
	x := f.finish(first, last)
	return j.report(src, x.Result, x.Diagnosis, x)
}

// wanted says which packets and connections to look at.
func (j *Job) wanted(opt capture.Options) analyze.Options {
	what := assemble.Options(j.s.narrowed(opt), j.s.TimeWait)
	if j.host != nil {
		what.PortBudget = j.host.PortBudget
	}
	if l := j.s.live; l != nil {
		what.Filtered = false // the kernel filters before packets are numbered
		what.Clock = func() int64 { return l.device.Now() - inRing }
	}
	j.s.anonymized(&what)
	return what
}

// analysis says what to analyze of them.
func (j *Job) analysis(opt capture.Options) analyze.Options {
	what := j.wanted(opt)
	what.Exchanges, what.Story, what.OnConnection = j.s.Exchanges || j.s.Conn != 0, j.s.Conn, j.onConnection()
	return what
}

// onConnection returns what takes connections as they end, nil if they are all
// kept to the end.
func (j *Job) onConnection() func(*analyze.Connection) {
	write := j.outs.onConnection()
	if write == nil {
		return nil
	}
	if j.s.live != nil { // what only the group can tell is told of the last ones, at the end
		return func(c *analyze.Connection) { write(c, cause.Judge(c, max(j.last, c.End))) }
	}
	j.collector = cause.NewCollector(j.workers())
	return func(c *analyze.Connection) {
		write(c, j.collector.Add(c, max(j.last, c.End)))
	}
}

// diagnose says why connections were not reused.
func (j *Job) diagnose(r *analyze.Result) *rules.Diagnosis {
	if j.collector != nil {
		return rules.Diagnose(j.collector, r)
	}
	return rules.Run(r, j.workers())
}

// openFailed adds a hint where nobody may have meant standard input.
func (j *Job) openFailed(err error) error {
	if !j.implied || errors.Is(err, capture.ErrNoLibpcap) {
		return err
	}
	if _, ok := errors.AsType[*capture.FilterError](err); ok {
		return err
	}
	return &hintError{err, "no FILE was named, so standard input was read; kaanalyze --help tells more"}
}

// captureOptions says what to read. A bound that is counted from the first
// packet needs a look at that one before.
func (j *Job) captureOptions() (capture.Options, error) {
	opt := capture.Options{
		Filter:  j.s.filter,
		Count:   j.s.Count,
		Workers: j.s.Workers,
		NewScan: assemble.NewScan,
		Stdin:   j.stdin,
	}
	first := int64(0)
	if j.s.since.relative() || j.s.until.relative() {
		var err error
		if first, err = j.firstPacket(); err != nil {
			return opt, err
		}
	}
	opt.Since, opt.Until = j.s.since.at(first), j.s.until.at(first)
	if opt.Since != 0 && opt.Until != 0 && opt.Since > opt.Until {
		return opt, usagef("--since is after --until")
	}
	return opt, nil
}

// firstPacket returns the time of the capture's first packet.
func (j *Job) firstPacket() (int64, error) {
	stdin := j.stdin
	if j.s.Demo != nil {
		stdin = bytes.NewReader(j.s.Demo)
	}
	for _, name := range j.s.files {
		if name == "-" && j.s.Demo == nil {
			return 0, usagef("standard input is read only once, so --since and --until need a date, as in 2026-11-20T04:13:20Z")
		}
	}
	src, err := capture.OpenFiles(j.s.files, capture.Options{Count: 1, Workers: 1, Stdin: stdin})
	if err != nil {
		return 0, err
	}
	defer src.Close()
	if err := src.Run(j.ctx, func([]flows.Segment) error { return nil }); err != nil {
		return 0, err
	}
	stats := src.Stats()
	if stats.Packets == 0 {
		return 0, j.noPacket()
	}
	return stats.First, nil
}

// noPacket is the error of a capture that has no packets.
func (j *Job) noPacket() error {
	switch {
	case j.ended != nil:
		return j.notAllowed(j.ended, j.user)
	case j.s.live != nil:
		return &hintError{
			fmt.Errorf("%s: no packet was captured", j.s.live.device.Name),
			fmt.Sprintf("the filter was %q; kaanalyze -D lists the interfaces, and -i any captures from all", j.s.live.filter),
		}
	case len(j.s.files) > 1:
		return errors.New("there is no packet in any of these captures")
	}
	return fmt.Errorf("read capture %q: there is no packet in it", j.s.files[0])
}

// unfailing returns apply as a source wants it: as a function that can fail.
func unfailing(apply func([]flows.Segment)) func([]flows.Segment) error {
	return func(segs []flows.Segment) error {
		apply(segs)
		return nil
	}
}

// read reads the capture, and reports whether it was stopped before the end. A
// live capture is stopped at any time, and that is its end.
func (j *Job) read(src *capture.Source, apply func([]flows.Segment) error) (interrupted bool, err error) {
	began := time.Now()
	ctx, stop := context.WithCancel(j.ctx)
	defer stop()
	if l := j.s.live; l != nil && l.duration > 0 {
		defer time.AfterFunc(l.duration, stop).Stop()
	}
	switch {
	case j.s.TUI:
	case j.pulse != nil:
		defer j.ui.watch(j.pulse, j.terminal())()
	case j.s.progress && !j.s.Quiet && IsTerminal(j.ui.w):
		defer j.ui.progress(src.Progress)()
	}
	err = src.Run(ctx, j.s.replacing(func(segs []flows.Segment) error {
		if err := apply(segs); err != nil {
			return err
		}
		j.watch.apply(j, src, segs)
		return j.outs.sync()
	}))
	if errors.Is(err, context.Canceled) {
		interrupted, err = true, nil
	}
	if ended, ok := errors.AsType[*capture.EndError](err); ok {
		j.ended, err = ended.Err, nil
	}
	if j.s.live != nil {
		j.ended = errors.Join(j.ended, src.Close())
	}
	if err == nil && src.Stats().Packets == 0 {
		err = j.noPacket()
	}
	j.ui.tell("%s packets read in %v", grouped(src.Stats().Packets), time.Since(began).Round(time.Millisecond))
	return interrupted, err
}
