package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// evidence appends e as an object.
func (enc *encoder) evidence(e *report.Evidence) {
	enc.raw(`{"file":`)
	enc.str(e.Name)
	enc.members(member{"bytes", e.Bytes}, member{"left_out_packets", int64(e.Left)})
	enc.key("bodies")
	enc.bool(e.Bodies)
	enc.key("verdict")
	enc.verdict(e.Verdict)
	enc.key("same_verdict")
	enc.bool(e.Same)
	enc.raw(`,"connections":[`)
	for i, c := range e.Connections {
		if i > 0 {
			enc.b = append(enc.b, ',')
		}
		enc.raw(`{"connection":`)
		enc.uint(c.ID)
		enc.raw(`,"evidence_stream":`)
		enc.int(c.Stream)
		enc.close()
	}
	enc.raw(`],"packets":[`)
	for i, n := range e.Packets {
		if i > 0 {
			enc.b = append(enc.b, ',')
		}
		enc.uint(n)
	}
	enc.raw("]}")
}
