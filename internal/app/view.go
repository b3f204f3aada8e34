package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/tui"
)

// openTerminal opens the terminal that the view has to itself: standard output
// is for the report, and standard input may be a capture.
func openTerminal() (*os.File, error) {
	const hint = "without --tui the report is written as text"
	if term := os.Getenv("TERM"); term == "" || term == "dumb" {
		return nil, &UsageError{fmt.Errorf("--tui: a terminal with TERM=%q cannot show it", term), hint}
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, &UsageError{errors.New("--tui: there is no terminal"), hint}
	}
	return tty, nil
}

// An outcome is what the reading beside the view ended with.
type outcome struct {
	r   *report.Report
	err error // a *crash if something panicked
}

// A crash is a panic beside the view. It goes on when the terminal is as it was before.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }

// guard calls f, and returns a panic in it as a *crash.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &crash{p, debug.Stack()}
		}
	}()
	return f()
}

// guarded returns a function that calls apply and returns a panic in it as a *crash.
func guarded(apply func([]flows.Segment)) func([]flows.Segment) error {
	return func(segs []flows.Segment) error {
		return guard(func() error {
			forcePanic("applying")
			apply(segs)
			return nil
		})
	}
}

// browse reads and analyses the capture while the view shows it; when the view is left,
// the report is written.
func (j *Job) browse(src *capture.Source, opt capture.Options, tty *os.File) error {
	v := tui.New(tui.Options{
		Name:     j.viewName(src),
		Live:     j.s.growing(),
		TimeWait: j.s.TimeWait,
		Zone:     j.s.zone,
		Color:    colored(j.s.Color, tty),
		ASCII:    asciiOnly(tty),
		Now:      time.Now,
		Input:    tty,
		Output:   tty,
		Size:     func() (int, int) { return size(tty) },
		Progress: func() tui.Progress {
			done, total := src.Progress()
			stats := src.Stats()
			p := tui.Progress{Done: done, Total: total, Packets: stats.Packets, Dropped: stats.InterfaceDropped}
			if stats.KernelDropped != nil {
				p.Dropped += *stats.KernelDropped
			}
			return p
		},
		Save:  func(x *live.Snapshot, name string) error { return j.save(src, x, name) },
		Story: j.connectionTeller(),
	})
	read := make(chan outcome, 1)
	j.terminal.Lock()
	j.ui.hold()
	go func() {
		var f outcome
		if err := guard(func() error { f = j.follow(src, opt, v); return nil }); err != nil {
			f.err = err
		}
		if f.r == nil {
			v.Quit()
		}
		read <- f
	}()
	go func() {
		<-j.ctx.Done()
		v.Quit()
	}()
	err := v.Run()
	j.ui.release()
	j.terminal.Unlock()
	j.stop()
	f := <-read
	if c, ok := errors.AsType[*crash](f.err); ok {
		panic(c.Error())
	}
	switch {
	case err != nil:
		return fmt.Errorf("view: %w", err)
	case f.err != nil:
		return f.err
	}
	return j.deliver(f.r)
}

// viewName returns the name of the capture at the top of the view.
func (j *Job) viewName(src *capture.Source) string {
	stats := src.Stats()
	if l := j.s.live; l != nil {
		name := printable(j.display(l.device.Name))
		if n := len(l.device.Others); n > 0 {
			name += fmt.Sprintf(" and %d more", n)
		}
		return name
	}
	name := printable(j.display(j.s.files[0]))
	if j.s.growing() {
		name = "standard input"
	}
	if n := len(stats.Sources); n > 1 {
		name += fmt.Sprintf(" and %d more", n-1)
	}
	if j.narrowed != (report.Narrowed{}) {
		name += ", narrowed"
	}
	return name
}

// follow reads the capture to its end, and hands v the whole.
func (j *Job) follow(src *capture.Source, opt capture.Options, v *tui.View) outcome {
	forcePanic("reading")
	if j.s.growing() {
		return j.followSession(src, opt, v)
	}
	a := j.newReading(opt)
	interrupted, err := j.read(src, guarded(a.Apply))
	if err != nil {
		return outcome{err: err}
	}
	r := j.finish(src, a, opt)
	r.Meta.Interrupted = interrupted
	if kept, ok := r.Facts.(*live.Snapshot); ok {
		v.Finish(kept)
	} else {
		v.Finish(live.Whole(r.Result, r.Diagnosis))
	}
	return outcome{r: r}
}

// followSession reads a capture that is being made, and hands v snapshots of it.
func (j *Job) followSession(src *capture.Source, opt capture.Options, v *tui.View) outcome {
	s := j.newSession(opt)
	ctx, stop := context.WithCancel(j.ctx)
	var shows sync.WaitGroup
	var notShown error
	shows.Go(func() {
		notShown = guard(func() error {
			s.show(ctx, v, func() (int64, int64) { return j.times(src, opt) })
			return nil
		})
		if notShown != nil {
			j.stop()
		}
	})
	interrupted, err := j.read(src, guarded(s.Apply))
	stop()
	shows.Wait()
	if err = cmp.Or(err, notShown); err != nil {
		return outcome{err: err}
	}
	r := j.finishSession(src, opt, s)
	r.Meta.Interrupted = interrupted
	v.Finish(s.last)
	return outcome{r: r}
}

// judgePause is how many times as long as a snapshot took passes before the next one: to
// judge takes time that the reading may need.
const judgePause = 4

// show hands v a snapshot when something has changed, at most once a second. The
// reading waits for it for a tenth of the time at most.
func (f *sharedSession) show(ctx context.Context, v *tui.View, times func() (first, last int64)) {
	var seen uint64
	for wait := time.Second / 4; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if x, held, took := f.snapshot(&seen, times); x != nil {
			wait = max(time.Second, 9*held, judgePause*took)
			v.Show(x)
		}
	}
}

// save writes the report of x to a file that is not there yet.
func (j *Job) save(src *capture.Source, x *live.Snapshot, name string) error {
	format, ok := formats.ByEnding(name)
	if !ok {
		return fmt.Errorf("the ending of %q is not one of %s", name, FormatEndings())
	}
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s already exists", printable(name))
	}
	k := &sink{format: format, name: name}
	if err := k.create(j.interruption, 0o666); err != nil {
		return err
	}
	defer k.discard()
	return k.write(j.report(src, x.Result, x.Diagnosis, x))
}

// connectionTeller returns tellConnection, nil if the capture cannot be read again.
func (j *Job) connectionTeller() func(*live.Snapshot, uint64, int) (string, error) {
	if j.s.goesOn() {
		return nil
	}
	for _, name := range j.s.files {
		if info, err := os.Stat(name); j.s.Demo == nil && (err != nil || !info.Mode().IsRegular()) {
			return nil
		}
	}
	return j.tellConnection
}

// tellConnection reads the capture again and tells a connection of x packet by packet,
// as --conn does.
func (j *Job) tellConnection(x *live.Snapshot, id uint64, width int) (string, error) {
	again := *j.s
	again.Conn = id
	r := &Job{s: &again, ui: j.ui, keys: j.keys, outs: &outputs{}, ctx: j.ctx, stdin: bytes.NewReader(j.s.Demo)}
	opt, err := r.captureOptions()
	if err != nil {
		return "", err
	}
	src, err := capture.OpenFiles(again.files, opt)
	if err != nil {
		return "", err
	}
	defer src.Close()
	a := analyze.New(r.analysisOptions(opt))
	if err := src.Run(j.ctx, j.s.replaceAddresses(unfailing(a.Apply))); err != nil {
		return "", err
	}
	told := r.report(src, a.Finish(r.times(src, opt)), x.Diagnosis, nil)
	if told.Story, err = story(told.Result, told.Result, id); err != nil {
		return "", err
	}
	told.Options.Width = width
	var b bytes.Buffer
	err = text.Write(&b, told)
	return b.String(), err
}
