package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var earlyResponse = &Rule{
	ID:      "KA1035",
	Title:   "error response before the upload was read",
	Who:     analyze.Server,
	SetWhen: "a final error response (413, 400, 401) is complete before its request is, and the connection ends",
	Why: "the server rejects the request by its head and does not read the body: the client may see a reset instead of the answer, " +
		"and the connection is lost",
	Fix: `let clients send "Expect: 100-continue" with large bodies and read the response while they send; raise the body limit ` +
		`where it is too small`,
	Verify: "http.response.code >= 400",
	Needs:  HTTP | BothSides,
	Check:  checkEarlyResponse,
}

func checkEarlyResponse(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.EarlyResponse) {
		f := v.found(r, e, "%s answered %s with status %d before it had the body",
			e.server.Name, cause.Plural(e.len(), "upload", "uploads"), e.records[0].Status())
		f.Severity = max(f.Severity, Notable)
		f.brief = e.server.Name + " rejects uploads before it has read them"
		out = append(out, f)
	}
	return out
}
