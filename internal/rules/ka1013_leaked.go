package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var leakedConnections = &Rule{
	ID:    "KA1013",
	Title: "client leaves connections open and never reuses them",
	Who:   analyze.Client,
	SetWhen: "connections stay open with their exchanges done and are never used again, to the end of the capture or of the program, " +
		"while the client opens others to the same server",
	Why: "response bodies are neither read to the end nor closed, or a new client with a pool of its own is made for each request",
	Advice: products.Advise(
		"close every response body (after reading it to the end), and share one client",
		"if it is HAProxy, set http-reuse always: else the first request of a client may open another",
	),
	Filter: "http.request",
	Hint:   "Statistics, Conversations, TCP: one request each, no FIN",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkLeakedConnections,
	Costs:  true,
}

func checkLeakedConnections(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.Leaked) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return !v.toldAsHTTP2(x) })
		if e.len() <= v.Summary().Lossy {
			continue // the capture lacks as much: their ends may be missing
		}
		f := v.found(r, e, "%s left %s to %s open and never reused them", e.pair.Name, conns(e.len()), e.server.Name)
		f.brief = e.pair.Name + " leaks connections to " + e.server.Name
		if v.farIdle(e.records)*2 > e.len() {
			f.Title += "; or the path cut them off, which looks the same at the server"
			f.Note = "first check whether the client still has them (ss -tn): if not, " +
				"the path forgets idle connections, and the server's keep-alive probes must come sooner"
		}
		out = append(out, f)
	}
	return out
}

// farIdle returns how many of some connections the capture shows to be those of a client
// that is far, so that what that one sends may not arrive.
func (v *view) farIdle(records []*cause.Record) (n int64) {
	far := map[uint32]bool{}
	v.EachAnomaly(func(m *cause.Anomaly) { far[m.ID] = true }, cause.AnomalyFarIdle)
	for _, r := range records {
		if far[r.ID] {
			n++
		}
	}
	return n
}
