package app

import (
	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// analysisOptions returns the options of the one analysis that the report is of.
func (j *Job) analysisOptions(opt capture.Options) analyze.Options {
	what := j.partOptions(opt)
	what.Exchanges, what.Story, what.OnConnection = j.s.Exchanges || j.s.Conn != 0, j.s.Conn, j.onConnection()
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
		what.Filtered = false // the kernel filters before packets are numbered
		what.Clock = func() int64 { return l.device.Now() - inRing }
	}
	j.s.anonymizeAnalysis(&what)
	return what
}

// onConnection returns the function that takes connections as they end and writes
// them; nil if the analysis keeps all of them to the end.
func (j *Job) onConnection() func(*analyze.Connection) {
	write := j.outs.onConnection()
	if write == nil {
		return nil
	}
	if j.s.live != nil { // a cause that needs other connections to judge is written at the end, as far as they are kept
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
