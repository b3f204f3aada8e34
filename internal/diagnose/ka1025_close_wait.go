package diagnose

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var closeWait = &Rule{
	ID:      "KA1025",
	Title:   "client leaves closed connections open (CLOSE_WAIT)",
	Who:     analyze.Client,
	SetWhen: "the server sent FIN a second or more before the end of the capture, the client acknowledged it and never closed",
	Why:     "the client does not look at its idle connections, or leaks sockets: they stay in CLOSE_WAIT",
	Fix:     "close the socket when a read returns end of file; look for responses that are never closed and for leaked file descriptors",
	Verify:  "tcp.flags.fin == 1: one side only",
	Needs:   BothSides,
	Check:   checkCloseWait,
}

func checkCloseWait(v *view, r *Rule) []Finding {
	return v.halfClosed(r, oddCloseWait, "%s closed, and the client has not after %s: %s in CLOSE_WAIT there")
}

// longHalfClosed is how long a connection must be half-closed to be told.
const longHalfClosed = 1e9

// halfClosed finds connections that one side closed long ago.
func (v *view) halfClosed(r *Rule, what oddity, title string) []Finding {
	var out []Finding
	for _, e := range v.marked(what, func(m *marked) bool { return m.d >= longHalfClosed }) {
		f := v.found(r, e, title, e.server.name, Duration(e.worst.d), conns(e.len()))
		f.Confidence, f.Failed, f.Saves = High, 0, Saving{}
		if f.Severity = Info; e.len() >= minSamples {
			f.Severity = Notable
		}
		f.brief = f.Title
		out = append(out, f)
	}
	return out
}
