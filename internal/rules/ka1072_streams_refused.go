package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var streamsRefused = &Rule{
	ID:    "KA1072",
	Title: "server refuses streams of HTTP/2",
	Who:   analyze.Server,
	SetWhen: "the server answers requests by RST_STREAM with REFUSED_STREAM, without a GOAWAY: more streams are open than its " +
		"SETTINGS_MAX_CONCURRENT_STREAMS allows",
	Why: "the limit is low, or the client sends before the server's SETTINGS have come, as on a new connection; nobody looked at these requests, " +
		"and most clients send them again by themselves",
	Advice: products.Advise("raise the limit (Go http2.Server.MaxConcurrentStreams, nginx http2_max_concurrent_streams, grpc " +
		"MaxConcurrentStreams), or let fewer requests be sent at once"),
	Filter: "http2.rst_stream.error == 7",
	Needs:  HTTP | BothSides,
	Check:  checkStreamsRefused,
}

func checkStreamsRefused(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.streams(cause.AnomalyRefused) {
		if x.count < cause.MinSamples {
			continue
		}
		f := v.told(r, x.group, "%s refused %s of HTTP/2: more than it allows at once", x.server.Name, cause.Plural(x.count, "stream", "streams"))
		f.Confidence, f.Severity = cause.High, Info
		out = append(out, f)
	}
	return out
}
