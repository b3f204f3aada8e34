package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var oneStreamAtATime = &Rule{
	ID:    "KA1080",
	Title: "HTTP/2 connections used for one request at a time",
	Who:   analyze.Client,
	SetWhen: "a client sends requests at the same time on three or more connections with HTTP/2 to one server (on two, if it is Node), and " +
		"none of them ever has more than one open stream, though the server allows more",
	Why: "the client treats HTTP/2 as HTTP/1.1 and opens a connection for each request that is under way (undici 7, and the fetch that is " +
		"built on it); as many programs on one host with a client each look the same",
	Advice: products.Advise("use undici 8 or later, or one session of http2.connect, Go's http.Transport or another client that multiplexes: one " +
		"connection then carries all requests"),
	Filter: "http2.type == 1 && http2.streamid > 0",
	Hint:   "in each tcp.stream no request begins before the response before it has ended",
	Needs:  HTTP | BothSides | Opening,
	Check:  checkOneStreamAtATime,
}

func checkOneStreamAtATime(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.inWay(oneByOne) {
		e := x.group()
		f := v.told(r, e, "%s sends up to %s at once to %s, each on an HTTP/2 connection of its own: %s, none with more than one open stream",
			x.pair.Name, cause.Plural(x.pair.StreamsAtOnce, "request", "requests"), x.pair.To.Name, conns(e.len()))
		f.brief = fmt.Sprintf("%s uses HTTP/2 connections to %s for one request at a time", x.pair.Name, x.pair.To.Name)
		f.Severity, f.Confidence = Info, cause.Low // they may be of several programs
		if x.pair.Program == products.Node {
			f.Confidence = cause.Medium
		}
		out = append(out, f)
	}
	return out
}
