package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var closeDelimited = &Rule{
	ID:      "KA1043",
	Title:   "responses without a length",
	Who:     analyze.Server,
	SetWhen: "a response has neither Content-Length nor chunks: only the close ends its body",
	Why:     "the program streams its response without announcing a length",
	Advice:  products.Advise("send Content-Length, or chunks (HTTP/1.1)"),
	Filter:  "http.response and not http.content_length and not http.transfer_encoding",
	Needs:   HTTP | BothSides,
	Check:   checkCloseDelimited,
	Costs:   true,
}

func checkCloseDelimited(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.CloseDelimited) {
		f := v.found(r, e, "%s sends responses without a length, which end only with the connection: %s",
			e.server.Name, shareOf(e.len(), e.server.Seen()))
		f.brief = e.server.Name + " sends responses that end only with the connection"
		out = append(out, f)
	}
	return out
}
