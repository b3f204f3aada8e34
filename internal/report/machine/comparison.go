package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// baseline appends what became of the baseline.
func (e *encoder) baseline(r *report.Report) {
	b, c := r.Baseline, r.Compare()
	e.raw(`{"source":`)
	e.str(b.Source)
	e.key("duration_seconds")
	e.float(b.Duration)
	e.key("verdict")
	e.verdict(b.Verdict)
	e.key("change")
	e.word(string(c.Verdict))
	e.raw(`,"metrics":[`)
	for i := range c.Metrics {
		x := &c.Metrics[i]
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(`{"name":`)
		e.word(x.Name)
		e.key("per_second")
		e.bool(x.Length == gate.PerSecond)
		e.key("before")
		e.ratio(x.Before)
		e.key("now")
		e.ratio(x.Now)
		e.key("change")
		e.word(string(x.Change))
		e.close()
	}
	e.raw(`],"findings":{`)
	e.counterparts("gone", c.Gone)
	e.counterparts("kept", c.Kept)
	e.counterparts("new", c.New)
	e.counterparts("not_judged", c.NotJudged)
	e.raw(`},"notes":`)
	e.strings(c.Notes)
	e.close()
}

// counterparts appends a list of findings as a member of the open object.
func (e *encoder) counterparts(name string, list []report.Counterpart) {
	e.key(name)
	e.b = append(e.b, '[')
	for i := range list {
		f := &list[i]
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(`{"rule":`)
		e.str(f.Rule)
		e.key("severity")
		e.str(f.Severity)
		e.key("title")
		e.str(f.Title)
		e.key("subject")
		e.str(f.Subject)
		e.key("note")
		e.text(f.Note)
		e.close()
	}
	e.b = append(e.b, ']')
}
