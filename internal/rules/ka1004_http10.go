package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var http10 = &Rule{
	ID:      "KA1004",
	Title:   "HTTP/1.0 ends every connection",
	Who:     analyze.Both,
	SetWhen: "a request or response is HTTP/1.0 and does not ask to keep the connection",
	Why:     "an old server, script or proxy configuration speaks HTTP/1.0, where each request needs a connection",
	Advice: products.Advise(
		"speak HTTP/1.1 with Content-Length or chunked bodies",
		`in nginx as a proxy that is proxy_http_version 1.1, proxy_set_header Connection "" and keepalive N in the upstream `+
			"block",
	),
	Filter: `http.response.version == "HTTP/1.0" or http.request.version == "HTTP/1.0"`,
	Needs:  HTTP | BothSides,
	Check:  checkHttp10,
	Costs:  true,
}

func checkHttp10(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.HTTP10) {
		who, keep := e.server.Name+" answers in HTTP/1.0", " without keep-alive"
		if e.records[0].By == analyze.Client {
			who = e.pair.Name + " sends HTTP/1.0 to " + e.server.Name
		}
		which, after := shareOf(e.len(), e.pair.Seen())+" of the connections", " after one request"
		if e.len() == e.pair.Seen() && e.len() > 1 {
			which = "all " + conns(e.len())
		}
		if cause.Typical(cause.Values(e.records, carried)) > 1 {
			keep, after = ", and not always with keep-alive", ""
		}
		f := v.found(r, e, "%s%s: %s closed%s", who, keep, which, after)
		f.brief = who + keep
		out = append(out, f)
	}
	return out
}
