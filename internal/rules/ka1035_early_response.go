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
	Advice: products.Advise(
		"let the server, or a proxy in front of it, read or buffer the body before it answers (nginx: proxy_request_buffering on, "+
			"Node: req.resume(), Go: io.Copy(io.Discard, r.Body))",
		expectContinue,
	),
	Filter: "http.response.code >= 400",
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
		switch status := e.records[0].Status(); {
		case status == 408 || timed:
			f.brief = fmt.Sprintf("%s does not wait for whole uploads: status %d", e.server.Name, status)
			if waited := cause.Typical(cause.Values(e.records, (*cause.Record).UploadTook)); waited > 0 {
				f.Title += ", " + cause.Duration(waited) + " after they began"
				f.brief += " after " + cause.Duration(waited)
			}
			f.Advice = bodyTimeoutAdvice(e.server.Software)
		case status == 413:
			f.Advice = tooLargeAdvice(e.server.Software)
		}
		out = append(out, f)
	}
	return out
}

// expectContinue keeps clients from sending bodies that the server does not want.
const expectContinue = `have clients send "Expect: 100-continue" with large bodies`

// bodyTimeoutAdvice is what helps where a server does not wait for whole bodies.
func bodyTimeoutAdvice(server products.ID) products.Advice {
	return products.Advise(
		"find what makes the bodies slow, and let a proxy in front of the server read them first",
		"raise the server's time for them ("+strings.Join(products.BodySettings(server), ", ")+")",
	)
}

// tooLargeAdvice is what helps where a server answers 413.
func tooLargeAdvice(server products.ID) products.Advice {
	limit := "the server's limit of the body where it is too small (nginx: client_max_body_size, Apache: LimitRequestBody)"
	switch server {
	case products.Nginx:
		limit = "nginx's client_max_body_size where it is too small"
	case products.Go:
		limit = "the limit of http.MaxBytesReader where it is too small"
	}
	return products.Advise(
		"raise "+limit,
		"where it is right, let the server read the body before it answers, or "+expectContinue,
	)
}
