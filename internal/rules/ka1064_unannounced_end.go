package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var unannouncedEnd = &Rule{
	ID:    "KA1064",
	Title: "TLS closed without close_notify",
	Who:   analyze.Both,
	SetWhen: "who begins to close sends FIN behind its last record of data, and no close_notify; where one side already has, " +
		"the other need not",
	Why: "common, and seldom a fault: Node as it closes idle connections, its agent and undici, Java, Python's clients, Chromium and " +
		"programs that end do so; only a body that has no length cannot be told then from one that was cut (RFC 8446, 6.1)",
	Advice: products.Advise(
		"let the program close TLS before the socket: Go tls.Conn.Close, Node socket.end() instead of destroy(), Python unwrap(), " +
			"Java SSLSocket.close()",
	).Noting("no action where responses have a length, or come in chunks"),
	Filter: "tcp.flags.fin == 1",
	Hint:   "no record of alert (type 21, or 19 bytes in TLS 1.3) comes before it",
	Needs:  Opening | BothSides | Whole,
	Check:  checkUnannouncedEnd,
}

func checkUnannouncedEnd(v *view, r *Rule) []Finding {
	clients := map[*cause.Server]int64{}
	for _, e := range v.withAnomaly(cause.AnomalyNoNotify, func(m *cause.Anomaly) bool { return m.By == analyze.Client }) {
		clients[e.server] = e.len()
	}
	var out []Finding
	for _, e := range v.withAnomaly(cause.AnomalyNoNotify, nil) {
		if e.len() < cause.MinSamples {
			continue
		}
		slices.SortFunc(e.records, cause.ByID)
		f := v.told(r, e, "TLS of %s ends without close_notify: %s", e.server.Name, whoseEnds(e.len()-clients[e.server], clients[e.server]))
		f.Severity = Info
		out = append(out, f)
	}
	return out
}

// whoseEnds counts connections by who ended them.
func whoseEnds(server, client int64) string {
	switch {
	case client == 0:
		return fmt.Sprintf("the server ended %s this way", conns(server))
	case server == 0:
		return fmt.Sprintf("clients ended %s this way", conns(client))
	}
	return fmt.Sprintf("the server ended %s this way, and clients %s", conns(server), cause.Count(client))
}
