package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var responseClose = &Rule{
	ID:    "KA1003",
	Title: "server says close on its responses",
	Who:   analyze.Server,
	SetWhen: `responses carry "Connection: close" though their requests do not, and neither a number of requests, an age nor a ` +
		`shutdown explains it`,
	Why: "keep-alive is switched off at the server or in a proxy in front of it, the server closes after errors, or the program " +
		"sets the header itself",
	Advice: products.Advise("enable keep-alive at the server or the proxy in front of it"),
	Filter: `http.response and http.connection matches "(?i)close"`,
	Needs:  HTTP | BothSides,
	Check:  checkResponseClose,
	Costs:  true,
}

func checkResponseClose(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ResponseConnectionClose) {
		n := int64(0)
		for _, x := range e.records {
			n += int64(x.Requests)
		}
		f := v.found(r, e, `%s says "Connection: close" on %s of its connections`, e.server.Name, shareOf(e.len(), e.server.Seen()))
		if !slices.ContainsFunc(e.server.Pairs, func(p *cause.Pair) bool { return !p.HTTP10 }) {
			f.Advice = products.Advise("send HTTP/1.1 requests (wrk or h2load --h1 instead of ab): these are HTTP/1.0, and a server may close though " +
				"they ask it not to")
		}
		if n == e.len() && e.len()*10 >= e.server.Seen()*9 {
			f.brief = e.server.Name + " closes after every response"
		} else {
			f.brief = e.server.Name + ` says "Connection: close"`
		}
		switch {
		case slices.ContainsFunc(e.records, func(x *cause.Record) bool { return x.Status() < 400 }):
		case slices.ContainsFunc(e.records, (*cause.Record).KeptAfterError): // the status is not the reason
			n := cause.Spread(cause.Values(e.records, carried))
			f.Title = fmt.Sprintf(`%s says "Connection: close" on %s of its connections, though it kept them after other errors`,
				e.server.Name, shareOf(e.len(), e.server.Seen()))
			if n == 0 {
				f.Title += fmt.Sprintf("; each after %s: a limit of requests, of which there are too few to be sure",
					cause.Plural(carried(e.records[0]), "request", "requests"))
			}
			f.Advice = products.Advise(
				"look for a limit of requests or of the age of connections in the server (keepalive_requests, "+
					"MaxKeepAliveRequests)",
				"capture for longer to see which",
			)
		default:
			f.brief = e.server.Name + " closes after error responses"
			f.Title = fmt.Sprintf(`%s says "Connection: close" with errors, such as status %d, on %s of its connections`,
				e.server.Name, e.records[0].Status(), shareOf(e.len(), e.server.Seen()))
			f.Advice = products.Advise(
				"find out why it answers with errors: many servers close after these",
				"Squid keeps such connections with persistent_connection_after_error on",
			)
		}
		out = append(out, f)
	}
	return out
}
