package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var http2PerRequest = &Rule{
	ID:    "KA1081",
	Title: "a new HTTP/2 connection for each request",
	Who:   analyze.Client,
	SetWhen: "a client opens connections with HTTP/2 one after the other, nearly all of which carry one request, and its own closes, or none, " +
		"end them",
	Why: "the program makes a client, an http.Transport, a session or a gRPC channel for each request or call, or each request is a run of a " +
		"command of its own",
	Advice: products.Advise("keep one client for all requests: Go one http.Transport, Node one http2 session or undici Agent, Java one " +
		"HttpClient, Python one httpx.Client, gRPC one channel (grpc.NewClient once, not for each call)"),
	Filter: "http2.type == 1 && http2.streamid == 1",
	Hint:   "Statistics, Conversations, TCP: as many connections as requests",
	Needs:  HTTP | BothSides | Whole | Opening,
	Check:  checkHTTP2PerRequest,
	Costs:  true,
}

func checkHTTP2PerRequest(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.inWay(eachRequest) {
		e := x.group()
		e.records = cause.Where(e.records, endsUntold)
		if e.len() < cause.MinSamples {
			continue
		}
		what := "request"
		if x.pair.To.Streams.GRPCCalls*2 > x.requests {
			what = "call of gRPC"
		}
		f := v.found(r, e, "%s opens a new HTTP/2 connection to %s for each %s: %s", x.pair.Name, x.pair.To.Name, what,
			shareOf(e.len(), x.pair.Seen()))
		f.brief = fmt.Sprintf("%s opens a new HTTP/2 connection to %s for each %s", x.pair.Name, x.pair.To.Name, what)
		if what != "request" {
			f.Advice = products.Advise("make one channel (grpc.NewClient, ManagedChannel, grpc.insecure_channel) when the program starts and keep it " +
				"for all calls: it connects again by itself")
		}
		if x.pair.Program.Row().OneShot && e.len() < byHand {
			f.Severity = Info
		}
		out = append(out, f)
	}
	return out
}
