package machine

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Stream writes NDJSON while a capture is being read: [Stream.Meta] first,
// [Stream.Connection] for each connection that ends, [Stream.End] last. After
// a failed write it writes nothing more and every call returns the failure. A
// Stream is not safe for concurrent use.
type Stream struct {
	w          io.Writer
	e          encoder
	count      int64 // of connections written
	lateCauses bool  // one of them was written without its cause
	err        error
}

// streamBuffer is how much a Stream keeps back at most.
const streamBuffer = 64 << 10

// NewStream returns a Stream that writes to w.
func NewStream(w io.Writer) *Stream { return &Stream{w: w} }

// metaLine is the first line: what is known before reading.
type metaLine struct {
	Type       string          `json:"type"`
	Schema     string          `json:"schema"`
	Tool       *toolObject     `json:"tool"`
	Sources    []str           `json:"sources"`
	Filter     text            `json:"filter"`
	Narrowed   *narrowedObject `json:"narrowed,omitempty"`
	Anonymized bool            `json:"anonymized,omitempty"`
}

// Meta writes the first line: the contract, the program and the sources, as
// far as they are known before reading.
func (s *Stream) Meta(version string, m *report.Meta) error {
	s.e.object(&metaLine{
		Type: "meta", Schema: report.SchemaName, Tool: newTool(version, m), Sources: listOf(m.Sources, func(x *report.Source) str { return str(x.Name) }),
		Filter: text(m.Filter), Narrowed: newNarrowed(&m.Narrowed, analyze.Unknown), Anonymized: m.Anonymized,
	})
	s.e.b = append(s.e.b, '\n')
	return s.Flush()
}

// Connection writes the line of a connection that has ended, or of one that
// is open when the capture ends, with why it was not reused if that is decided.
// It does not keep c.
func (s *Stream) Connection(c *analyze.Connection, is cause.NotReused) error {
	if s.err != nil {
		return s.err
	}
	s.e.raw(connectionLine)
	s.e.connection(c, is)
	s.e.b = append(s.e.b, '\n')
	s.count++
	s.lateCauses = s.lateCauses || is.Cause == cause.Undecided
	if len(s.e.b) >= streamBuffer {
		return s.Flush()
	}
	return nil
}

// Causes writes the lines of the causes of these connections that were not decided when
// they were written.
func (s *Stream) Causes(d *cause.Decisions, ids []uint64) error {
	for _, id := range ids {
		if s.err != nil {
			return s.err
		}
		if d.Early(id).Cause != cause.Undecided {
			continue
		}
		s.e.lateCause(id, d.Of(id))
		if len(s.e.b) >= streamBuffer {
			s.err = s.Flush()
		}
	}
	return s.err
}

// lateCause writes the line of a cause.
func (e *encoder) lateCause(id uint64, is cause.NotReused) {
	e.raw(`{"type":"cause","connection":`)
	e.uint(id)
	e.raw(`,"not_reused":`)
	e.notReused(is)
	e.raw("}\n")
}

// Flush writes what is kept back.
func (s *Stream) Flush() error {
	if s.err == nil && len(s.e.b) > 0 {
		if _, err := s.w.Write(s.e.b); err != nil {
			s.err = report.WriteError(err)
		}
	}
	s.e.b = s.e.b[:0]
	return s.err
}

// End writes the exchanges if r has them, the summary and the last line,
// which tells that nothing is cut off.
func (s *Stream) End(r *report.Report) error {
	if err := s.Flush(); err != nil {
		return err
	}
	if s.lateCauses {
		s.err = writeCauses(s.w, r)
	}
	if s.err == nil {
		s.err = writeEnd(s.w, r, s.count)
	}
	if s.err != nil {
		s.err = report.WriteError(s.err)
	}
	return s.err
}

// What the lines of NDJSON begin with.
const (
	connectionLine = `{"type":"connection",`
	exchangeLine   = `{"type":"exchange",`
	findingLine    = `{"type":"finding",`
	gateLine       = `{"type":"gate",`
	packetLine     = `{"type":"packet",`
)

// WriteNDJSON writes all of r as NDJSON.
func WriteNDJSON(w io.Writer, r *report.Report) error {
	s := NewStream(w)
	if err := s.Meta(r.Version, &r.Meta); err != nil {
		return err
	}
	if r.Story != nil {
		return s.story(r)
	}
	found, d := r.Records(), r.Diagnosed()
	if err := writeItems(w, r, found.Len(), func(e *encoder, i int) {
		e.raw(connectionLine)
		if r.PointOf != nil {
			found.Connection(i, &e.conn)
			e.completeConnection(&e.conn, r)
		} else {
			found.Numbers(i, &e.conn)
			e.connection(&e.conn, d.Early(e.conn.ID))
		}
		e.b = append(e.b, '\n')
	}); err != nil {
		return report.WriteError(err)
	}
	s.count, s.lateCauses = int64(found.Len()), r.PointOf == nil
	return s.End(r)
}

// story writes the lines of one connection and the end.
func (s *Stream) story(r *report.Report) error {
	if err := s.Connection(r.Story.Connection, r.Diagnosed().Of(r.Story.Connection.ID)); err != nil {
		return err
	}
	redactor := r.Redactor(r.ExchangesOf(r.Story.Connection.ID))
	for i := range r.Story.Lines {
		s.e.raw(packetLine)
		s.e.storyLine(&r.Story.Lines[i], redactor)
		s.e.b = append(s.e.b, '\n')
	}
	return s.End(r)
}

// writeEnd writes the lines that follow the connections.
func writeEnd(w io.Writer, r *report.Report, connections int64) error {
	exchanges := 0
	if list := endExchanges(r); len(list) > 0 {
		exchanges = len(list)
		if err := writeItems(w, r, len(list), func(e *encoder, i int) {
			e.raw(exchangeLine)
			e.exchange(&list[i])
			e.b = append(e.b, '\n')
		}); err != nil {
			return err
		}
	}
	findings := r.Diagnosed().Findings
	if err := writeItems(w, r, len(findings), func(e *encoder, i int) {
		e.raw(findingLine)
		e.finding(&findings[i], r.Origin)
		e.b = append(e.b, '\n')
	}); err != nil {
		return err
	}
	if err := writeItems(w, r, len(r.Gates), func(e *encoder, i int) {
		e.raw(gateLine)
		e.gate(&r.Gates[i])
		e.b = append(e.b, '\n')
	}); err != nil {
		return err
	}
	if err := writeSummary(w, r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `{"type":"end","connections":%d,"exchanges":%d}`+"\n", connections, exchanges)
	return err
}

// writeCauses writes the lines of the causes that only the whole capture could
// tell.
func writeCauses(w io.Writer, r *report.Report) error {
	late := r.Diagnosed().Late()
	return writeItems(w, r, len(late), func(e *encoder, i int) {
		e.lateCause(late[i], r.Diagnosed().Of(late[i]))
	})
}

// endExchanges returns the exchanges that NDJSON writes.
func endExchanges(r *report.Report) []analyze.Exchange {
	switch {
	case r.Story != nil:
		return r.ExchangesOf(r.Story.Connection.ID)
	case r.Options.Exchanges:
		return r.Records().Exchanges()
	}
	return nil
}

// writeSummary writes the line that holds what is not about one connection.
func writeSummary(w io.Writer, r *report.Report) error {
	e := newEncoder(r)
	e.raw(`{"type":"summary"`)
	e.facts(r, e.key)
	if err := flushTo(w, e); err != nil {
		return err
	}
	if err := writeGroups(w, r, inLine); err != nil {
		return err
	}
	e.raw("}\n")
	return flushTo(w, e)
}
