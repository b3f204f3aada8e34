package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var requestClose = &Rule{
	ID:      "KA1001",
	Title:   "client asks to close after each request",
	Who:     analyze.Client,
	SetWhen: `requests carry "Connection: close"`,
	Why:     "keep-alive is switched off in the client, or each request runs through a one-shot client",
	Advice: products.Advise(
		"switch keep-alive on in the client, and share one client or session for all requests",
		`if it is a proxy: in nginx proxy_set_header Connection "", in HAProxy no option httpclose or http-server-close`,
	),
	Filter: `http.request and http.connection matches "(?i)close"`,
	Needs:  HTTP | BothSides,
	Check:  checkRequestClose,
	Costs:  true,
}

func checkRequestClose(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.RequestConnectionClose) {
		if closesUpstream(e.pair) {
			continue // told by another rule
		}
		f := v.found(r, e, `%s asks %s to close: "Connection: close" in requests on %s of its connections`,
			e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.brief = e.pair.Name + ` sends "Connection: close" to ` + e.server.Name + " with its requests"
		out = append(out, f)
	}
	return out
}
