package app

import (
	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// times returns when the part of the capture that was asked for begins and ends.
func (j *Job) times(src *capture.Source, opt capture.Options) (first, last int64) {
	stats := src.Stats()
	return assemble.Bounds(&stats, opt.Since, opt.Until)
}

// finish analyses to the end.
func (j *Job) finish(src *capture.Source, a *analyze.Analyzer, opt capture.Options) *report.Report {
	first, last := j.times(src, opt)
	j.last = last
	defer limitHeapFurther(10)()
	result := a.Finish(first, last)
	if j.collector != nil { // the connections are written already: to judge them takes the most memory of all
		defer limitHeapFurther(3)()
	}
	return j.report(src, result, j.diagnose(result), nil)
}

// report makes the report of what was found. kept has the connections, if result
// does not.
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
		r.Host = j.besides(result, result)
	} else {
		r.Facts, r.NotKept = kept, kept.Left
		r.Host = j.besides(result, kept)
	}
	if len(stats.Sources) > 1 {
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

// deliver warns of what is missing in the report, and writes it.
func (j *Job) deliver(r *report.Report) error {
	for i, sum := range j.summing.wait() {
		r.Meta.Sources[i].SHA256 = sum
	}
	if j.s.Conn != 0 {
		var err error
		if r.Story, err = story(r.Result, j.s.Conn); err != nil {
			return err
		}
	}
	j.warn(&r.Meta)
	if err := j.outs.write(j.s, r, j.stdout); err != nil {
		return err
	}
	failed := j.gates(r.Gates)
	if j.ended != nil {
		return j.notAllowed(j.ended, j.user)
	}
	if j.s.Strict && (r.Meta.Damage != nil || lost(&r.Meta) > 0) {
		return errStrict
	}
	return failed
}

// gates says which gates failed, and returns errGate if any did.
func (j *Job) gates(list []gate.Outcome) error {
	var failed error
	for i := range list {
		o := &list[i]
		if o.Passed {
			j.ui.tell("--fail-on %s: passed, %s", printable(o.Condition.Expression), o.Said())
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
	if n := lost(m); n > 0 {
		more := ""
		if j.s.live != nil {
			more = "; -B gives the kernel more room for them"
		}
		j.ui.warn("%s packets were dropped while capturing; numbers are too low%s", grouped(n), more)
	}
	if n := m.InterfaceDropped; n > 0 {
		j.ui.warn("%s: the interface itself has dropped %s packets meanwhile", printable(j.s.live.device.Name), grouped(n))
	}
	if m.CutPackets > 0 {
		j.ui.tell("%s packets were captured in part", grouped(m.CutPackets))
	}
}

// lost returns how many packets the capturing system lost, as far as known.
func lost(m *report.Meta) uint64 {
	if m.KernelDropped == nil {
		return 0
	}
	return *m.KernelDropped
}
