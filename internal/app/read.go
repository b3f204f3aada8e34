package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
)

// read reads the capture, and reports whether it was stopped before its end. Of a live
// capture that ended by itself it notes why in j.endError.
func (j *Job) read(src *capture.Source, apply func([]flows.Segment) error) (interrupted bool, err error) {
	j.interruption.enter(phaseReading)
	defer j.interruption.enter(phaseJudging)
	began := time.Now()
	ctx, stop := context.WithCancel(j.ctx)
	defer stop()
	if d := j.s.Live.Duration; d > 0 {
		defer time.AfterFunc(d, stop).Stop()
	}
	switch {
	case j.s.TUI:
	case j.ticker != nil:
		defer j.ui.showStatus(j.ticker, j.drawsStatus())()
	case j.s.progress && !j.s.Quiet && IsTerminal(j.ui.w):
		defer j.ui.progress(src.Progress)()
	}
	small := smallCapture // packets until the capture is not small any more
	if j.s.live != nil {
		small = 0
	}
	defer j.reportEvery(src)()
	if j.s.Follow {
		j.ui.inform("following %s", printable(j.s.files[0]))
	}
	err = src.Run(ctx, j.s.replaceAddresses(func(segs []flows.Segment) error {
		if small -= len(segs); small < 0 {
			settleHeap()
		}
		if err := apply(segs); err != nil {
			return err
		}
		j.listener.apply(j, src, segs)
		return j.outs.sync()
	}))
	if errors.Is(err, context.Canceled) {
		interrupted, err = !j.s.Follow, nil
	}
	if ended, ok := errors.AsType[*capture.EndError](err); ok {
		j.endError, err = ended.Err, nil
		if j.s.Live.Piped && errors.Is(ended.Err, syscall.EPIPE) {
			j.endError = nil // it is how Wireshark ends a capture
		}
	}
	if j.s.live != nil {
		j.endError = errors.Join(j.endError, src.Close())
	}
	if err == nil && src.Stats().Packets == 0 && !j.s.Live.Piped {
		err = j.noPacket()
	}
	j.ui.inform("%s packets read in %v", grouped(src.Stats().Packets), time.Since(began).Round(time.Millisecond))
	return interrupted, err
}

// unfailing returns apply as a source wants it: as a function that can fail.
func unfailing(apply func([]flows.Segment)) func([]flows.Segment) error {
	return func(segs []flows.Segment) error {
		apply(segs)
		return nil
	}
}

// captureOptions returns the options of the capture. For a bound that is counted from
// the first packet it reads that one.
func (j *Job) captureOptions() (capture.Options, error) {
	opt := capture.Options{
		Filter:  j.s.filter,
		Count:   j.s.Count,
		Workers: j.s.Workers,
		NewScan: assemble.NewScan,
		Stdin:   j.stdin,
		Follow:  j.following(),
	}
	j.takeNames(&opt)
	first := int64(0)
	if j.s.since.relative() || j.s.until.relative() {
		var err error
		if first, err = j.firstPacket(); err != nil {
			return opt, err
		}
	}
	opt.Since, opt.Until = j.s.since.at(first, j.s.zone), j.s.until.at(first, j.s.zone)
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

// openFailed adds a hint to the error of opening standard input where no file was
// named: the user may not have meant that.
func (j *Job) openFailed(err error) error {
	if !j.stdinByDefault || errors.Is(err, capture.ErrNoLibpcap) {
		return mayNotRead(err)
	}
	if _, ok := errors.AsType[*capture.FilterError](err); ok {
		return err
	}
	return &hintError{err, "no FILE was given, so standard input was read; see kaanalyze --help"}
}

// noPacket is the error of a capture that has no packets.
func (j *Job) noPacket() error {
	switch {
	case j.endError != nil:
		return j.notAllowed(j.endError, j.identity)
	case j.s.live != nil:
		return &hintError{
			fmt.Errorf("%s: no packet was captured", j.s.live.names()),
			fmt.Sprintf("the filter was %q; kaanalyze -D lists the interfaces, and -i any captures from all", j.s.live.filter),
		}
	case len(j.s.files) > 1:
		return errors.New("there is no packet in any of these captures")
	}
	return fmt.Errorf("read capture %q: there is no packet in it", j.s.files[0])
}
