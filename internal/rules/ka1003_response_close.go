package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var responseClose = &Rule{
	ID:      "KA1003",
	Title:   "server says close on its responses",
	Who:     analyze.Server,
	SetWhen: `responses carry "Connection: close" though their requests do not, and neither a number of requests, an age nor a shutdown explains it`,
	Why:     "keep-alive is switched off at the server or in a proxy in front of it, the server closes after errors, or the program sets the header itself",
	Fix:     "enable keep-alive at the server or the proxy in front of it",
	Verify:  `http.response and http.connection matches "(?i)close"`,
	Needs:   HTTP | BothSides,
	Check:   checkResponseClose,
	Costs:   true,
	FixFor: map[analyze.Software]string{
		analyze.Nginx:    "set nginx's keepalive_timeout above 0 (default 75s) and keepalive_requests to 1000 or more",
		analyze.Apache:   "set Apache's KeepAlive On, KeepAliveTimeout to a few seconds and MaxKeepAliveRequests to 1000 or 0",
		analyze.Go:       `remove SetKeepAlivesEnabled(false) and the header "Connection: close"`,
		analyze.Node:     `do not set the header "Connection: close"; leave server.keepAliveTimeout above 0`,
		analyze.Python:   "run behind a server that keeps connections (gunicorn -k gthread --keep-alive, uvicorn), with protocol HTTP/1.1; behind waitress send Content-Length: it closes after responses without",
		analyze.PHP:      "run PHP as php-fpm behind a web server that keeps connections: php -S closes after every response",
		analyze.Lighttpd: "set lighttpd's server.max-keep-alive-requests and server.max-keep-alive-idle above 0",
	},
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
			f.Fix = "send HTTP/1.1 requests (wrk or h2load --h1 instead of ab): these are HTTP/1.0, and a server may close though they ask it not to"
		}
		if n == e.len() {
			f.brief = e.server.Name + " closes after every response"
		} else {
			f.brief = e.server.Name + ` says "Connection: close"`
		}
		if !slices.ContainsFunc(e.records, func(x *cause.Record) bool { return x.Status() < 400 }) {
			f.brief = e.server.Name + " closes after error responses"
			f.Title = fmt.Sprintf(`%s says "Connection: close" with errors, as status %d, on %s of its connections`, e.server.Name, e.records[0].Status(), shareOf(e.len(), e.server.Seen()))
			f.Fix = "find out why it answers with errors: many servers close after these; Squid keeps such connections with persistent_connection_after_error on"
		}
		out = append(out, f)
	}
	return out
}
