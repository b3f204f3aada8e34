package machine

import (
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// writeRepeats writes the member repeats if there are any.
func writeRepeats(w io.Writer, r *report.Report, newline string) error {
	list := r.Diagnosed().Repeats
	if len(list) == 0 {
		return nil
	}
	return writeList(w, r, newline, "repeats", len(list), func(e *encoder, i int) { e.repeat(&list[i]) })
}

// repeat appends a request that failed and was sent again.
func (e *encoder) repeat(x *rules.Repeat) {
	e.raw(`{"lost":`)
	e.uint(x.Lost)
	e.raw(`,"lost_packet":`)
	e.uint(x.LostPacket)
	e.raw(`,"connection":`)
	e.uint(x.Connection)
	e.raw(`,"packet":`)
	e.uint(x.Packet)
	e.raw(`,"after_seconds":`)
	e.seconds(x.AfterLoss())
	e.raw(`,"method":`)
	e.word(x.Method.String())
	status := int64(x.Status)
	if status == 0 {
		status = analyze.Unknown
	}
	e.members(member{"status", status})
	e.raw(`,"outcome":`)
	e.word(x.Outcome.String())
	e.close()
}
