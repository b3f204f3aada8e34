package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// notReused appends why a connection carried no further request, null where
// that is not decided. Neighbours often share it.
func (e *encoder) notReused(n cause.NotReused) {
	if n.Cause == cause.Undecided {
		e.null()
		return
	}
	if n == e.lastCause {
		e.b = append(e.b, e.lastCauseText...)
		return
	}
	at := len(e.b)
	e.raw(`{"cause":`)
	e.word(n.Cause.String())
	e.raw(`,"by":`)
	e.word(report.PartyName(n.By))
	e.raw(`,"observed":`)
	e.b = n.AppendObserved(append(e.b, '"'))
	e.raw(`","confidence":`)
	e.word(n.Confidence.String())
	e.close()
	e.lastCause = n
	e.lastCauseText = append(e.lastCauseText[:0], e.b[at:]...)
}

// cause appends how many connections were not reused for one reason.
func (e *encoder) cause(c *cause.Total, all int64) {
	e.raw(`{"cause":`)
	e.word(c.Cause.String())
	e.raw(`,"by":`)
	e.word(report.PartyName(c.By))
	e.members(member{"connections", c.Connections})
	e.key("share")
	e.ratio(float64(c.Connections) / float64(max(all, 1)))
	e.close()
}

// finding appends f as an object without its opening brace. origin is that of the
// report.
func (e *encoder) finding(f *rules.Finding, origin report.Origin) {
	e.raw(`"rule":`)
	e.word(f.Rule.ID)
	e.raw(`,"severity":`)
	e.word(f.Severity.String())
	e.raw(`,"confidence":`)
	e.word(f.Confidence.String())
	e.key("title")
	e.str(f.Title)
	e.key("subject")
	e.str(f.Subject)
	e.key("observed")
	e.str(f.Observed)
	e.key("cause")
	e.str(f.Rule.Why)
	e.key("fix")
	e.str(f.Fix)
	e.key("alternatives")
	e.strings(f.Alternatives)
	e.key("note")
	e.text(f.Note)
	e.key("filter")
	e.str(f.Rule.Filter)
	e.key("hint")
	e.text(f.Rule.Hint)
	e.members(member{"connections", f.Connections}, member{"failed_requests", f.Failed})
	e.open("saves")
	e.members(member{"connections", f.Saves.Connections}, member{"time_wait", f.Saves.TimeWait})
	e.raw(`},"examples":[`)
	for i := range f.Examples {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.findingExample(&f.Examples[i], origin)
	}
	e.raw("]}")
}

// findingExample appends a connection that shows a finding. Of several files, it
// says which one has the first of its packets.
func (e *encoder) findingExample(x *rules.Example, origin report.Origin) {
	e.raw(`{"connection":`)
	e.uint(x.Connection)
	e.raw(`,"stream":`)
	e.int(x.Stream)
	e.raw(`,"packets":[`)
	for i, n := range x.Packets {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.uint(n)
	}
	e.raw("]")
	if origin != nil && len(x.Packets) > 0 {
		if source, n := origin(x.Packets[0]); n != 0 {
			e.key("source")
			e.str(source)
			e.members(member{"source_packet", int64(n)})
		}
	}
	e.key("filter")
	e.str(x.Filter)
	e.key("observed")
	e.str(x.Observed)
	e.close()
}

// policy appends a setting that was inferred.
func (e *encoder) policy(p *cause.Policy) {
	e.raw(`{"kind":`)
	e.word(p.Kind.String())
	e.raw(`,"by":`)
	e.word(p.By.String())
	e.key("subject")
	e.str(p.Subject)
	if p.Kind.Timed() {
		e.raw(`,"seconds":`)
		e.seconds(p.Value)
		e.raw(`,"count":null`)
	} else {
		e.raw(`,"seconds":null`)
		e.members(member{"count", p.Value})
	}
	e.members(member{"samples", p.Samples})
	e.key("spread")
	e.ratio(p.Spread)
	e.key("matches")
	e.strings(p.Matches)
	e.close()
}

// event appends a moment at which one side closed several connections at once.
func (e *encoder) event(x *cause.Event) {
	e.raw(`{"at":`)
	e.time(x.At)
	e.raw(`,"by":`)
	e.word(x.By.String())
	e.key("subject")
	e.str(x.Subject)
	e.raw(`,"cause":`)
	e.word(x.Cause.String())
	e.members(member{"closed", x.Closed}, member{"had", x.Had})
	e.key("back")
	e.bool(x.Back)
	e.key("text")
	e.str(x.Words())
	e.close()
}

// gate appends o as an object without its opening brace.
func (e *encoder) gate(o *gate.Outcome) {
	e.raw(`"expression":`)
	e.str(o.Condition.Expression)
	e.key("value")
	e.ratio(o.Value)
	e.key("passed")
	e.bool(o.Passed)
	e.key("lacks")
	e.text(o.Lacks)
	e.close()
}

// notJudged is the outcome of a rule that lacked what it needs.
const notJudged = "not_judged"

// judgement appends what became of a rule.
func (e *encoder) judgement(j *rules.Judgement) {
	e.raw(`{"rule":`)
	e.word(j.Rule.ID)
	e.raw(`,"outcome":`)
	switch {
	case j.Lacks != "":
		e.word(notJudged)
	case j.Findings > 0:
		e.word("fired")
	default:
		e.word("silent")
	}
	e.key("lacks")
	e.text(j.Lacks)
	e.close()
}
