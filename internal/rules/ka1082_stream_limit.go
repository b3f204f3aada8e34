package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var streamLimit = &Rule{
	ID:    "KA1082",
	Title: "several HTTP/2 connections, because each may carry few streams",
	Who:   analyze.Server,
	SetWhen: "a client has no more connections with HTTP/2 to a server at once than its open streams need, and on all of them but one as many " +
		"streams are open as the server's SETTINGS_MAX_CONCURRENT_STREAMS allows",
	Why: "the limit is lower than what the client has under way at once, so that it opens another connection",
	Advice: products.Advise(
		"raise the limit above the requests that are under way at once (nginx http2_max_concurrent_streams, Go " +
			"http.HTTP2Config.MaxConcurrentStreams, grpc-go MaxConcurrentStreams, Envoy max_concurrent_streams), or let fewer be",
	),
	Filter: "http2.settings.max_concurrent_streams || http2.type == 1",
	Hint:   "as many streams as that are open in each tcp.stream",
	Needs:  HTTP | BothSides | Opening,
	Check:  checkStreamLimit,
}

func checkStreamLimit(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.inWay(atStreamLimit) {
		f := v.told(r, x.group(), "%s has up to %s with HTTP/2 to %s at once, which allows %s on each: up to %s were open",
			x.pair.Name, conns(x.atOnce), x.pair.To.Name, cause.Plural(x.limit, "stream", "streams"), cause.Count(x.pair.StreamsAtOnce))
		f.Severity, f.Confidence = Info, cause.High
		out = append(out, f)
	}
	return out
}
