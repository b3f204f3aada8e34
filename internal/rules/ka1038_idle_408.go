package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var idle408 = &Rule{
	ID:      "KA1038",
	Title:   "server says 408 on idle connections",
	Who:     analyze.Server,
	SetWhen: "a response 408 comes that answers no request",
	Why: "the server ends idle connections with a message (HAProxy, Apache and others): a client that just sends a request may " +
		"take it for its response",
	Advice: products.Advise(
		"keep the client's idle timeout below the server's",
		"let the client drop a connection on which a 408 comes unasked",
	),
	Filter: "http.response.code == 408",
	Needs:  Messages | BothSides,
	Check:  checkIdle408,
}

func checkIdle408(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.withAnomaly(cause.Anomaly408, nil) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return !v.failedIDs[x.ID] }) // another rule tells of these
		if len(e.records) == 0 {
			continue
		}
		f := v.found(r, e, "%s says 408 on idle connections: %s", e.server.Name, shareOf(e.len(), e.server.Seen()))
		f.Confidence = cause.High
		if ahead := cause.Where(e.records, func(x *cause.Record) bool { return x.Requests == 0 }); len(ahead)*2 > len(e.records) {
			f.Title = fmt.Sprintf("%s says 408 on connections that were opened ahead of any request: %s", e.server.Name, shareOf(e.len(), e.server.Seen()))
			f.Advice = products.Advise("let the server close such connections without a response (HAProxy: option http-ignore-probes), or let the client " +
				"open them ahead for a shorter time than the server waits for a request (HAProxy: timeout http-request)")
		}
		f.Observed = "a 408 that answers no request"
		out = append(out, f)
	}
	return out
}
