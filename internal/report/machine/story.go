package machine

import (
	"io"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

// writeStoryLists writes the lists of a JSON report that tells one connection.
func writeStoryLists(w io.Writer, r *report.Report) error {
	s := r.Story
	one := func(e *encoder, _ int) {
		e.b = append(e.b, '{')
		e.connection(s.Connection, r.Diagnosed().Of(s.Connection.ID))
	}
	if err := writeList(w, r, onLines, "connections", 1, one); err != nil {
		return err
	}
	exchanges := r.ExchangesOf(s.Connection.ID)
	if err := writeExchanges(w, r, exchanges); err != nil {
		return err
	}
	e := newEncoder(r)
	e.line("story")
	e.raw(`{"connection":`)
	e.uint(s.Connection.ID)
	e.members(member{"truncated_packets", int64(s.Truncated)})
	if err := flushTo(w, e); err != nil {
		return err
	}
	redactor := r.Redactor(exchanges)
	if err := writeList(w, r, onLines, "packets", len(s.Lines), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.storyLine(&s.Lines[i], redactor)
	}); err != nil {
		return err
	}
	e.close()
	return flushTo(w, e)
}

// storyLine appends one packet without its opening brace.
func (e *encoder) storyLine(l *report.StoryLine, redactor *strings.Replacer) {
	e.raw(`"packet":`)
	e.uint(l.Num)
	e.raw(`,"at":`)
	e.time(l.Time)
	e.raw(`,"after_seconds":`)
	e.seconds(l.Rel)
	if l.FromClient {
		e.raw(`,"by":"client","flags":`)
	} else {
		e.raw(`,"by":"server","flags":`)
	}
	e.str(l.Flags)
	e.members(member{"seq", int64(l.Seq)}, member{"ack", int64(l.Ack)},
		member{"bytes", int64(l.Len)}, member{"window", int64(l.Window)})
	e.key("means")
	e.b = append(e.b, '[')
	for i, s := range l.Means {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.str(redactor.Replace(s))
	}
	e.raw("]}")
}
