package rules

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var earlyResponse = &Rule{
	ID:      "KA1035",
	Title:   "error response before the upload was read",
	Who:     analyze.Server,
	SetWhen: "a final error response (413, 400, 401) is complete before its request is, and the connection ends",
	Why: "the server rejects the request by its head and does not read the body, or does not wait longer for it: the client may see " +
		"a reset instead of the answer, and the connection is lost",
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
		_, timed := v.PolicyOf(cause.BodyTimeout, analyze.Server, e.server.Name)
		if status := e.records[0].Status(); status == 408 || timed {
			f.brief = fmt.Sprintf("%s does not wait for whole uploads: status %d", e.server.Name, status)
			waited := cause.Typical(cause.Values(e.records, (*cause.Record).UploadTook))
			if waited > 0 {
				f.Title += ", " + cause.Duration(waited) + " after they began"
				f.brief += " after " + cause.Duration(waited)
			}
			f.Fix = bodyTimeoutFix(e.server.Software)
		}
		out = append(out, f)
	}
	return out
}

// bodyTimeoutFix is what helps where a server does not wait for whole bodies.
func bodyTimeoutFix(server products.ID) string {
	return "find what makes the bodies slow: let a proxy in front of the server read them first, or raise the server's time for them (" +
		strings.Join(products.BodySettings(server), ", ") + ")"
}
