package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var closeWait = &Rule{
	ID:    "KA1025",
	Title: "client leaves closed connections open (CLOSE_WAIT)",
	Who:   analyze.Client,
	SetWhen: "the server sent FIN a second or more before the end of the capture, the client acknowledged it and never closed; or it " +
		"closes a second or more later, as it opens others",
	Why: "the client does not look at its idle connections, or leaks sockets: they stay in CLOSE_WAIT",
	Advice: products.Advise(
		"close the socket when a read returns end of file",
		"look for responses that are never closed and for leaked file descriptors",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "only one side sends it",
	Needs:  BothSides,
	Check:  checkCloseWait,
}

func checkCloseWait(v *view, r *Rule) []Finding {
	found := v.halfClosed(r, cause.AnomalyCloseWait, "%s closed, but the client has not after %s: %s in CLOSE_WAIT there")
	late := map[*cause.Server]int64{}
	for _, e := range v.withAnomaly(cause.AnomalyLateClose, nil) {
		late[e.server] = e.len()
	}
	for i := range found {
		if f := &found[i]; late[f.subject.server] >= f.Connections { // as long as others, which it did close
			f.Severity, f.Advice = Info, lazyPoolAdvice
		}
	}
	return append(found, v.lazyPools(r)...)
}

// halfClosed finds connections that one side closed long ago.
func (v *view) halfClosed(r *Rule, what cause.AnomalyKind, title string) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(what, func(m *cause.Anomaly) bool { return m.Duration >= cause.LongHalfClosed }) {
		f := v.found(r, e, title, e.server.Name, cause.Duration(e.worst.Duration), conns(e.len()))
		f.Confidence, f.Saves = cause.High, Saving{}
		if f.Severity = Info; e.len() >= cause.MinSamples {
			f.Severity = Notable
		}
		f.brief = f.Title
		out = append(out, f)
	}
	return out
}
