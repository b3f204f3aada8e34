package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var proxyUpstream = &Rule{
	ID:    "KA1005",
	Title: "proxy without keep-alive to its upstream",
	Who:   analyze.Client,
	SetWhen: `a client sends HTTP/1.0 requests with "Connection: close", or requests with both "Connection: close" and the fields of a ` +
		`proxy`,
	Why: `the proxy is set to close its connections to the server, or is nginx before 1.29.7, which speaks HTTP/1.0 with ` +
		`"Connection: close" to it unless told otherwise`,
	Advice: products.Advise(
		`let the proxy keep its connections to the server: in nginx proxy_set_header Connection "" and, in the upstream `+
			"block, keepalive N",
		"in HAProxy take out option httpclose and http-server-close, in Squid set server_persistent_connections on, in Caddy "+
			"take out keepalive off, in Apache httpd disablereuse=on and proxy-nokeepalive",
	),
	Filter: `http.request.version == "HTTP/1.0" and http.connection matches "(?i)close"`,
	Needs:  HTTP | BothSides,
	Check:  checkProxyUpstream,
	Costs:  true,
}

func checkProxyUpstream(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.RequestConnectionClose) {
		if !closesUpstream(e.pair) {
			continue
		}
		f := v.found(r, e, "%s is a proxy that opens a connection to %s per request: %s",
			e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.brief = e.pair.Name + " proxies to " + e.server.Name + " without keep-alive"
		out = append(out, f)
	}
	return out
}

// closesUpstream reports whether the client is a proxy that does not keep its
// connections: it says close, and its requests are HTTP/1.0 or forwarded.
func closesUpstream(p *cause.Pair) bool {
	return p.Proxied || p.CloseInHTTP10
}
