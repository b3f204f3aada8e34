package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/live"
)

// Reports of a capture that goes on, as of now: SIGUSR2 asks for one, --report-every for one
// after each period. They tell, as the last one does, what there was since the capture began.

// interim writes the reports of -o as of now, under names with a time stamp. A
// capture that is not being made has only the report at its end.
func (j *Job) interim(now time.Time) {
	f, src := j.session.Load(), j.source.get()
	switch {
	case f == nil || src == nil:
		j.ui.warn("SIGUSR2: there is no live capture under way, so the report comes at the end")
	case len(j.s.outputs) == 0:
		j.ui.warn("SIGUSR2: no file was named with -o, so there is no interim report")
	default:
		if x := j.asOfNow(f, src); x != nil {
			j.saveInterim(src, x, now, "SIGUSR2")
		} else {
			j.ui.warn("SIGUSR2: no packet has been captured yet")
		}
	}
}

// asOfNow returns what there is since the capture began, nil before its first packet.
func (j *Job) asOfNow(f *sharedSession, src *capture.Source) *live.Snapshot {
	stats := src.Stats()
	if stats.Packets == 0 {
		return nil
	}
	var none uint64
	x, _, _ := f.snapshot(&none, func() (first, last int64) { return stats.First, j.end(&stats, stats.Last) })
	return x
}

// saveInterim writes the reports of -o. The lines to standard error name who asked for them.
func (j *Job) saveInterim(src *capture.Source, x *live.Snapshot, now time.Time, asked string) {
	for _, out := range j.s.outputs {
		name := withTime(out.name, now)
		if err := j.save(src, x, name); err != nil {
			j.ui.warn("%s: %v", asked, err)
			continue
		}
		j.ui.line("status", "interim report %s", printable(name))
	}
}

// withTime puts a time before the ending of a file's name.
func withTime(name string, t time.Time) string {
	ending := filepath.Ext(name)
	return fmt.Sprintf("%s-%s%s", strings.TrimSuffix(name, ending), t.UTC().Format("20060102T150405Z"), ending)
}

// The shortest and the longest period of --report-every.
const (
	leastPeriod = time.Second
	mostPeriod  = 7 * 24 * time.Hour
)

// checkReportEvery checks --report-every, which has the last period judged beside the whole,
// unless --window says otherwise.
func (s *settings) checkReportEvery() error {
	every := s.Live.ReportEvery
	switch {
	case every == 0 && !s.given("report-every"):
		return nil
	case every < leastPeriod || every > mostPeriod:
		return usagef("--report-every %v: it is not from %v to %v", every, leastPeriod, mostPeriod)
	case !s.goesOn():
		return &UsageError{errors.New("--report-every is for live capture, with -i, and for --follow"), "the report of a file comes once it is read"}
	}
	if len(s.outputs) == 0 {
		switch {
		case s.TUI:
			return &UsageError{errors.New("--report-every: the view has the terminal"), "name a file for the reports, as in -o report.json"}
		case s.Live.Exec != "":
			return &UsageError{errors.New("--report-every: the command of --exec has standard output"), "name a file for the reports, as in -o report.json"}
		case s.format.Name == streaming || !slices.Contains(eachFormats, s.format.Name):
			return &UsageError{
				fmt.Errorf("--report-every and -f %s exclude each other: several reports cannot follow each other on standard output", s.format.Name),
				"name a file, as in -o report.json: its name gets the time",
			}
		}
	}
	if s.Live.Window == 0 && every >= leastWindow && every <= mostWindow {
		s.Live.Window = every
	}
	return nil
}

// reportEvery begins to write the reports of --report-every. The function that it returns
// ends that.
func (j *Job) reportEvery(src *capture.Source) (end func()) {
	if j.s.Live.ReportEvery == 0 {
		return func() {}
	}
	ctx, stop := context.WithCancel(j.ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		ticks := time.NewTicker(j.s.Live.ReportEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticks.C:
				j.reportNow(src, now)
			}
		}
	}()
	return func() {
		stop()
		<-gone
	}
}

// reportNow writes a report of --report-every: to the files of -o, or else to standard
// output. Before the first packet there is none.
func (j *Job) reportNow(src *capture.Source, now time.Time) {
	f := j.session.Load()
	if f == nil {
		return
	}
	x := j.asOfNow(f, src)
	switch {
	case x == nil:
		j.ui.inform("--report-every: no packet has been captured yet")
	case len(j.s.outputs) > 0:
		j.saveInterim(src, x, now, "--report-every")
	default:
		j.showInterim(src, x)
	}
}

// showInterim writes the report of x to standard output, apart from the one that follows.
func (j *Job) showInterim(src *capture.Source, x *live.Snapshot) {
	k := &sink{format: j.s.format, w: bufio.NewWriterSize(&outputWriter{j.stdout, true, j.interruption}, bufferSize)}
	r := j.report(src, x.Result, x.Diagnosis, x)
	r.Options.Width, r.Options.Height = size(j.stdout)
	r.Options.Color, r.Options.ASCII = colored(j.s.Color, j.stdout), asciiOnly(j.stdout)
	err := k.format.Write(k.w, r)
	if err == nil && k.format.Name != "json" {
		err = k.w.WriteByte('\n')
	}
	if err = errors.Join(err, k.w.Flush()); err != nil {
		j.ui.warn("--report-every: %v", k.failed(err))
		j.stop()
	}
}
