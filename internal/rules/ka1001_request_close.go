package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var requestClose = &Rule{
	ID:      "KA1001",
	Title:   "client asks to close after each request",
	Who:     analyze.Client,
	SetWhen: `requests carry "Connection: close"`,
	Why:     "keep-alive is switched off in the client, or each request runs through a one-shot client",
	Fix:     `switch keep-alive on in the client, and share one client or session for all requests; if it is a proxy: in nginx proxy_set_header Connection "", in HAProxy no option httpclose or http-server-close`,
	Verify:  `http.request and http.connection matches "(?i)close"`,
	Needs:   HTTP | BothSides,
	Check:   checkRequestClose,
	Costs:   true,
	FixFor: map[analyze.Software]string{
		analyze.Go:       "remove DisableKeepAlives (Transport) and Request.Close = true; share one http.Client",
		analyze.Python:   `use one requests.Session (or httpx.Client), and drop the header "Connection: close"`,
		analyze.Node:     `use an http.Agent with keepAlive: true for all requests, and drop the header "Connection: close"`,
		analyze.Java:     `remove -Dhttp.keepAlive=false (HttpURLConnection) and the header "Connection: close"; share one HttpClient`,
		analyze.Ruby:     "send the requests inside one Net::HTTP.start: without it each of them says close",
		analyze.LoadTool: "run the load generator with keep-alive (ab -k)",
		analyze.Curl:     `drop the header "Connection: close"`,
		analyze.Wget:     "take out --no-http-keep-alive (http_keep_alive = off in wgetrc)",
		analyze.Perl:     "make one LWP::UserAgent->new(keep_alive => N) for all requests: without keep_alive each of them says close",
	},
}

func checkRequestClose(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.RequestConnectionClose) {
		if closesUpstream(e.pair) {
			continue // told by another rule
		}
		f := v.found(r, e, `%s asks %s to close: "Connection: close" in requests on %s of its connections`, e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.brief = e.pair.Name + ` sends "Connection: close" to ` + e.server.Name + " with its requests"
		out = append(out, f)
	}
	return out
}
