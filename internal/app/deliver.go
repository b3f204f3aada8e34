package app

import (
	"errors"
	"io"
	"strings"
	"syscall"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// times returns when the part of the capture that was asked for begins and ends.
func (j *Job) times(src *capture.Source, opt capture.Options) (first, last int64) {
	stats := src.Stats()
	first, last = assemble.Bounds(&stats, opt.Since, opt.Until)
	return first, j.end(&stats, last)
}

// end returns when a capture ends whose last packet came then: one that is being made goes
// on though no packet comes, so that what stays open does so until now.
func (j *Job) end(stats *capture.Stats, last int64) int64 {
	if l := j.s.live; l != nil && stats.Packets > 0 {
		return max(last, l.device.Now())
	}
	return last
}

// finish ends the analysis of files, judges it and makes the report.
func (j *Job) finish(src *capture.Source, a *live.Reading, opt capture.Options) *report.Report {
	first, last := j.times(src, opt)
	j.last = last
	defer limitHeapFurther(15)()
	result, collector, kept := a.Finish(first, last)
	stats := src.Stats()
	result.Undecoded = assemble.Undecoded(&stats)
	if kept != nil {
		return j.report(src, result, kept.Diagnosis, kept)
	}
	if j.part != nil && collector == nil {
		j.part.encode(result, src)
	}
	if collector != nil { // the connections are written already: judging takes the most memory of the whole run
		defer limitHeapFurther(10)()
	}
	return j.report(src, result, j.diagnose(result, collector), nil)
}

// report makes the report of a result and its diagnosis. kept holds the connections of
// a capture that is being made, and is nil if result does.
func (j *Job) report(src *capture.Source, result *analyze.Result, d *rules.Diagnosis, kept *live.Snapshot) *report.Report {
	stats := src.Stats()
	r := &report.Report{
		Version:   Version,
		Meta:      j.meta(&stats),
		Result:    result,
		Diagnosis: d,
		Baseline:  j.s.baseline,
		Options: report.Options{
			Top: j.s.Top, Exchanges: j.s.Exchanges, ShowSecrets: j.s.ShowSecrets, Workers: j.workers(),
		},
	}
	if kept == nil {
		r.Host = j.hostSection(result, result)
	} else {
		r.Facts, r.NotKept, r.Recent = kept, kept.Left, kept.Recent.Told()
		r.Host = j.hostSection(result, kept)
	}
	if len(stats.Sources) > 1 && j.s.live == nil { // frames of interfaces are numbered as one file
		r.Origin = func(packet uint64) (string, uint64) {
			name, number := src.Origin(packet)
			return j.display(name), number
		}
	}
	for _, g := range j.s.gates {
		r.Gates = append(r.Gates, g.Judge(result, d))
	}
	return r
}

// errStrict is the end of a job that --strict does not accept.
var errStrict = errors.New("the capture is damaged or packets were dropped, and --strict was given")

// errClock is the same where times cannot be right.
var errClock = errors.New("packets have times that cannot be right, and --strict was given")

// errGate is the end of a job whose report a condition of --fail-on does not
// accept. Which ones that are has been said.
var errGate = errors.New("a condition of --fail-on holds")

// deliver warns of what is missing in the report, and writes it.
func (j *Job) deliver(r *report.Report) error {
	for i, sum := range j.sums.wait() {
		r.Meta.Sources[i].SHA256 = sum
	}
	if j.s.Conn != 0 {
		var err error
		if r.Story, err = story(r.Result, r.Records(), j.s.Conn); err != nil {
			return err
		}
	}
	if j.s.CompleteRows {
		if r.NotKept > 0 || r.Facts != nil && r.PointOf == nil { // which were bounded
			return j.s.rowsMissing()
		}
		if r.PointOf == nil {
			point := j.s.pointOfCaptures()
			r.PointOf = func(uint64) string { return point }
		}
	}
	j.warn(&r.Meta)
	j.interruption.enter(phaseWriting)
	for _, k := range j.outs.sinks {
		if k.format.Name == partFormat {
			k.format.Write = func(w io.Writer, r *report.Report) error { return j.part.write(w, r, j.s.pointOf(k.name), j.s) }
		}
	}
	j.outs.write(j.s, r, j.stdout)
	if names := j.outs.written(); len(names) > 0 && IsTerminal(j.stdout) {
		j.ui.note("wrote %s", strings.Join(names, " and "))
	}
	failed := j.gates(r.Gates)
	if err := j.outputErrors(); err != nil {
		return err
	}
	if j.endError != nil {
		return j.notAllowed(j.endError, j.identity)
	}
	if j.s.Strict && (r.Meta.Damage != nil || lost(&r.Meta) > 0) {
		return errStrict
	}
	if j.s.Strict && r.Meta.ClockFaults.Wrong() {
		return errClock
	}
	return failed
}

// outputErrors returns the error of an output that failed, and says those of the
// others. A closed pipe is no news beside them.
func (j *Job) outputErrors() (last error) {
	for _, err := range j.outs.errors() {
		if last != nil && !errors.Is(last, syscall.EPIPE) {
			if errors.Is(err, syscall.EPIPE) {
				continue
			}
			j.ui.fail(last)
		}
		last = err
	}
	return last
}

// gates says which conditions of --fail-on hold, and returns errGate if any does.
func (j *Job) gates(list []gate.Outcome) error {
	var failed error
	for i := range list {
		o := &list[i]
		if o.Passed {
			j.ui.inform("--fail-on %s: passed, %s", printable(o.Condition.Expression), o.Said())
			continue
		}
		j.ui.line("error", "--fail-on %s: failed, %s", printable(o.Condition.Expression), o.Said())
		failed = errGate
	}
	return failed
}

// warn says on standard error what is missing in the report.
func (j *Job) warn(m *report.Meta) {
	if m.Interrupted {
		j.ui.warn("interrupted; the report is of the %s packets read", grouped(m.Packets))
	}
	if d := m.Damage; d != nil {
		j.ui.warn("%s: damaged at packet %d, byte %d: %s; what follows in it is not analysed", printable(d.Source), d.Packet, d.Offset, d.Reason)
	}
	for _, w := range m.Warnings {
		j.ui.warn("%s", printable(w))
	}
	if c := &m.ClockFaults; c.Wrong() {
		j.ui.warn("%s times that cannot be right; the report names them", cause.Plural(int64(c.Absurd+c.Backwards), "packet has", "packets have"))
	}
	if n := lost(m); n > 0 {
		more := ""
		if j.s.live != nil {
			more = m.DropsBySource() + "; -B gives the kernel more room for them"
		}
		j.ui.warn("%s packets were dropped while capturing; numbers are too low%s", grouped(n), more)
	}
	for i := range m.Sources {
		if src := &m.Sources[i]; src.InterfaceDropped > 0 {
			j.ui.warn("%s: the interface itself has dropped %s packets meanwhile", printable(src.Name), grouped(src.InterfaceDropped))
		}
	}
	if m.CutPackets > 0 {
		j.ui.inform("%s packets were captured in part", grouped(m.CutPackets))
	}
}

// lost returns how many packets the capturing system says it lost, 0 if it says
// nothing.
func lost(m *report.Meta) uint64 {
	if m.KernelDropped == nil {
		return 0
	}
	return *m.KernelDropped
}
