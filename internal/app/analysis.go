package app

import (
	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// analysisOptions returns the options of the one analysis that the report is of.
func (j *Job) analysisOptions(opt capture.Options) analyze.Options {
	what := j.partOptions(opt)
	what.Exchanges, what.Story = j.s.Exchanges || j.s.Conn != 0, j.s.Conn
	if j.ends != nil {
		what.Packets = j.ends.here.Packet
	}
	return what
}

// partOptions returns options that say which packets and connections to analyse;
// nothing else is asked for.
func (j *Job) partOptions(opt capture.Options) analyze.Options {
	what := assemble.Options(j.s.narrowed(opt), j.s.TimeWait)
	if j.host != nil {
		what.PortBudget = j.host.PortBudget
	}
	if l := j.s.live; l != nil {
		// The kernel filters before packets are numbered, so Wireshark gives the same
		// numbers to streams of the file that is saved. Without one it has none to give.
		what.Filtered = l.saving.Name == "" || l.saving.Every != 0 || l.saving.Size != 0
		what.Clock = func() int64 { return l.device.Now() - inRing }
	}
	j.useKeys(&what)
	j.s.anonymizeAnalysis(&what)
	return what
}

// sessionOptions are those of a capture that is being made: connections are written as
// they end. A cause that needs other connections to judge is written later, as far as
// they are kept.
func (j *Job) sessionOptions(opt capture.Options) analyze.Options {
	what := j.analysisOptions(opt)
	if write := j.outs.onConnection(); write != nil {
		what.OnConnection = func(c *analyze.Connection) { write(c, cause.Judge(c, max(j.last, c.End))) }
	}
	return what
}

// newReading begins the analysis of files. Connections are written as they end, if they
// are to be.
func (j *Job) newReading(opt capture.Options) *live.Reading {
	var stream *live.Stream
	if write := j.outs.onConnection(); write != nil {
		stream = &live.Stream{Ended: write, Decided: j.outs.decided, Last: func() int64 { return j.last }}
	}
	what := j.analysisOptions(opt)
	j.takeSums(&what)
	return live.NewReading(what, stream, j.workers(), j.memory)
}

// diagnose says why connections were not reused: those of a collector, or else those
// that r keeps.
func (j *Job) diagnose(r *analyze.Result, d *cause.Collector) *rules.Diagnosis {
	if d == nil {
		d = cause.Collect(r, j.workers())
	}
	d.Prove(j.ends.proves())
	return rules.Diagnose(d, r)
}
