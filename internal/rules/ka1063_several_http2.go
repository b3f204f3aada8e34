package rules

import (
	"cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var severalHTTP2 = &Rule{
	ID:    "KA1063",
	Title: "several HTTP/2 connections at once",
	Who:   analyze.Client,
	SetWhen: "a client holds three or more HTTP/2 connections to one server at once and uses all of them, though one carries all requests " +
		"(RFC 9113, 9.1), and no other rule explains it; connections that it opens in a burst and never uses, or that the server ended by GOAWAY, do not count",
	Why: "each worker or process has its own client, or the client sends one request at a time on each connection, as undici 7 does " +
		"(only the frames would show that); several programs on one host or behind one NAT look the same",
	Advice: products.Advise("share one client for all requests of a program: Go one http.Transport, Node one http2 session, or undici 8, Java one " +
		"HttpClient, Python one httpx.Client, gRPC one channel"),
	Filter: `tls.handshake.extensions_alpn_str == "h2"`,
	Hint:   "Statistics, Conversations, TCP: several between the same two",
	Needs:  Opening | BothSides,
	Check:  checkSeveralHTTP2,
}

func checkSeveralHTTP2(v *view, r *Rule) []Finding {
	var out []Finding
	for _, x := range v.inWay(apart) {
		need := max(1, x.pair.Need()) // more than 1 where the server allows few streams on each
		if x.atOnce < manyHTTP2 || x.atOnce <= need {
			continue
		}
		enough := "one is"
		if need > 1 {
			enough = cause.Count(need) + " are"
		}
		e := x.group()
		f := v.told(r, e, "%s has up to %s with HTTP/2 to %s at once, where %s enough: %s in all",
			x.pair.Name, conns(x.atOnce), x.pair.To.Name, enough, cause.Count(e.len()))
		f.Severity, f.Confidence = Info, cause.Low // they may be of several programs
		f.Observed = cmp.Or(f.Observed, "HTTP/2 on several connections at once")
		out = append(out, f)
	}
	return out
}
