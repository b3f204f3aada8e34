package app

import (
	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// analysisOptions says what to analyze of them.
func (j *Job) analysisOptions(opt capture.Options) analyze.Options {
	what := j.partOptions(opt)
	what.Exchanges, what.Story, what.OnConnection = j.s.Exchanges || j.s.Conn != 0, j.s.Conn, j.onConnection()
	return what
}

// partOptions says which packets and connections to look at.
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
