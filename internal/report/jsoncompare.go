package report

import "github.com/kaanalyze/kaanalyze/internal/gate"

// baseline appends what became of the baseline.
func (e *encoder) baseline(r *Report) {
	b, c := r.Baseline, r.compare()
	e.raw(`{"source":`)
	e.str(b.source)
	e.key("duration_seconds")
	e.float(b.duration)
	e.key("verdict")
	e.verdict(b.verdict)
	e.key("change")
	e.word(string(c.verdict))
	e.raw(`,"metrics":[`)
	for i := range c.metrics {
		x := &c.metrics[i]
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(`{"name":`)
		e.word(x.Name)
		e.key("per_second")
		e.bool(x.Length == gate.PerSecond)
		e.key("before")
		e.ratio(x.before)
		e.key("now")
		e.ratio(x.now)
		e.key("change")
		e.word(string(x.change))
		e.close()
	}
	e.raw(`],"findings":{`)
	e.counterparts("gone", c.gone)
	e.counterparts("kept", c.kept)
	e.counterparts("new", c.fresh)
	e.counterparts("not_judged", c.notJudged)
	e.raw(`},"notes":`)
	e.strings(c.notes)
	e.close()
}

// counterparts appends a list of findings as a member of the open object.
func (e *encoder) counterparts(name string, list []counterpart) {
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
		e.text(f.note)
		e.close()
	}
	e.b = append(e.b, ']')
}
