package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var malformedResponse = &Rule{
	ID:      "KA1051",
	Title:   "answers that are not HTTP",
	Who:     analyze.Server,
	SetWhen: "a request is answered by bytes that no HTTP/1.x response begins with, such as http/1.1 in small letters or a status of two digits",
	Why: "the server, or a program in its place, does not speak HTTP/1.x, or writes its status line by hand: some clients read it all the " +
		"same, others report an error; whether a request failed does not show",
	Advice: products.Advise("look at the bytes (Follow TCP Stream), and correct the status line: HTTP/1.1, a space, three digits, a space"),
	Filter: "tcp.len > 0 and not http",
	Hint:   "look at the stream of the example: Follow, TCP Stream",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkMalformedResponse,
}

func checkMalformedResponse(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.MalformedResponse) {
		f := v.found(r, e, "%s answers %s with something that is not HTTP/1.x", e.server.Name, cause.Plural(e.len(), "request", "requests"))
		if e.len() >= cause.MinSamples {
			f.Severity = max(f.Severity, Notable)
		}
		f.brief = e.server.Name + " answers with something that is not HTTP/1.x"
		out = append(out, f)
	}
	return out
}
