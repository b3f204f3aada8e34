package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var responseSurplus = &Rule{
	ID:    "KA1050",
	Title: "responses longer than they say",
	Who:   analyze.Server,
	SetWhen: "bytes that begin no response follow one that is complete: it is longer than its Content-Length says, or it has a body " +
		"though it answers HEAD, or is a 204 or 304; then the client closes",
	Why: "the server, or a proxy in front of it, counts characters instead of bytes, measures before it compresses, or sends a body " +
		`where none may be; clients drop the connection (Go says "Unsolicited response", Node "Expected HTTP/")`,
	Advice: products.Advise("correct the length that the server announces: count the bytes that are sent, after compression, and send none in answer " +
		"to HEAD and with status 204 and 304"),
	Filter: "http.response",
	Hint:   "bytes follow the response in the same stream",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkResponseSurplus,
}

func checkResponseSurplus(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ClientClosedAfterResponse) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return x.Surplus() > 0 })
		if len(e.records) == 0 {
			continue
		}
		most := int64(0)
		for _, x := range e.records {
			most = max(most, x.Surplus())
		}
		f := v.found(r, e, "%s sends up to %s more than its responses say, and clients close because of that: %s",
			e.server.Name, cause.Plural(most, "byte", "bytes"), shareOf(e.len(), e.server.Seen()))
		f.brief = e.server.Name + " sends responses that are longer than they say"
		out = append(out, f)
	}
	return out
}
