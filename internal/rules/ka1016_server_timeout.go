package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var serverTimeout = &Rule{
	ID:      "KA1016",
	Title:   "server gives up on requests",
	Who:     analyze.Server,
	SetWhen: "the server sends FIN with a request unanswered, or in the middle of a response",
	Why: "a write or handler timeout of the server, which may show only when the handler returns, a worker that was killed, an " +
		"upstream that died, or the body of the request did not come in time",
	Advice: products.Advise("raise the server's write timeout above the slowest handler, or bound the handler's time so that it answers before"),
	Filter: "tcp.flags.fin == 1",
	Hint:   "the server's FIN comes before its response is whole",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkServerTimeout,
}

func checkServerTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerTimeoutEmpty, cause.ServerTimeoutCut) {
		uploads := e
		uploads.records = cause.Where(e.records, (*cause.Record).CutUpload)
		e.records = cause.Where(v.notShort(e.records), func(x *cause.Record) bool { return !x.CutUpload() })
		if uploads.len() > 0 {
			out = append(out, v.uploadsGivenUp(r, uploads))
		}
		if e.len() == 0 {
			continue
		}
		empty := int64(len(cause.Having(e.records, []cause.Cause{cause.ServerTimeoutEmpty})))
		f := v.found(r, e, "%s closed on %s: %s without a response, %s with a cut one, %s after the request",
			e.server.Name, cause.Plural(e.len(), "request", "requests"), cause.Count(empty), cause.Count(e.len()-empty), after(e.records))
		f.brief = e.server.Name + " leaves requests without a whole response"
		out = append(out, f)
	}
	return out
}

// uploadsGivenUp tells of uploads that the server closed on while they were under way.
func (v *view) uploadsGivenUp(r *Rule, e group) Finding {
	f := v.found(r, e, "%s closed on %s that had not come whole, %s after they began",
		e.server.Name, cause.Plural(e.len(), "request", "requests"), after(e.records))
	f.Advice = products.Advise(
		"raise the server's timeouts for reading a request, its idle timeout among them, above the slowest upload ("+
			strings.Join(products.BodySettings(e.server.Software), ", ")+")",
		"let a proxy in front of it read uploads first",
	)
	f.brief = e.server.Name + " does not wait for whole uploads"
	return f
}
