package rules

import (
	"strconv"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var maxRequests = &Rule{
	ID:    "KA1006",
	Title: "server ends connections after a number of requests",
	Who:   analyze.Server,
	SetWhen: "the connection is ended after the same number of requests on three or more connections, or after as many as its " +
		"Keep-Alive field allows (max), and none carries more",
	Why: "a limit of requests per connection is reached: keepalive_requests, MaxKeepAliveRequests, maxKeepAliveRequests, " +
		"maxRequestsPerSocket",
	Advice: products.Advise("raise the limit of requests per connection").Noting("it costs only one connection for that many requests"),
	Filter: `http.response and http.connection matches "(?i)close"`,
	Needs:  HTTP | BothSides,
	Check:  checkMaxRequests,
	Costs:  true,
}

func checkMaxRequests(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerMaxRequests) {
		limit := int64(e.records[0].Requests)
		f := v.found(r, e, "%s ends connections after %s: %s", e.server.Name, cause.Plural(limit, "request", "requests"),
			shareOf(e.len(), e.server.Seen()))
		if row := e.server.Software.Row(); row.RequestsMore > 0 && limit > row.RequestsMore {
			f.Title += ", as with " + row.MaxRequests + " " + strconv.FormatInt(limit-row.RequestsMore, 10)
		}
		if limit >= generousLimit {
			f.Severity = Info
		}
		f.brief = e.server.Name + " allows only " + cause.Plural(limit, "request", "requests") + " per connection"
		out = append(out, f)
	}
	return out
}
