package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var unannounced = &Rule{
	ID:    "KA1040",
	Title: "server closes connections without announcing it",
	Who:   analyze.Server,
	SetWhen: "the server sends FIN after a response that did not say close, and no timeout, number of requests, age or shutdown " +
		"explains it",
	Why: "a server that keeps no connections, a limit that this capture does not show often enough, an error in the server, or a " +
		"reload",
	Advice: products.Advise("check the server's keep-alive settings, and its log at these times"),
	Filter: "tcp.flags.fin == 1",
	Hint:   "the server's FIN comes without Connection: close in the response before it",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkUnannounced,
	Costs:  true,
}

func checkUnannounced(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerClosedUnannounced) {
		f := v.found(r, e, "%s closes connections without announcing it: %s, %s after the response",
			e.server.Name, shareOf(e.len(), e.server.Seen()), after(e.records))
		f.brief = e.server.Name + " closes connections without announcing it"
		if oneEach(e.server, e.records) {
			f.Title = fmt.Sprintf("%s closes after every response without saying so: %s, %s after it",
				e.server.Name, shareOf(e.len(), e.server.Seen()), after(e.records))
			f.Advice = adviceOr(e.server.Software, r.ID, products.Advise(
				"switch keep-alive on in the server, or put one that keeps connections in front of it",
				"in uWSGI use http11-socket instead of http-socket",
			))
			f.brief = e.server.Name + " closes after every response"
		}
		if !slices.ContainsFunc(e.records, func(x *cause.Record) bool { return !x.Estimated() || x.Paused() }) {
			f.Title = fmt.Sprintf("%s, %s, %s after the response; whether a header says so is encrypted",
				strings.TrimSuffix(f.brief, " without announcing it"), shareOf(e.len(), e.server.Seen()), after(e.records))
			f.Advice = products.Advise(
				"check the server's keep-alive settings, and its log at these times",
				"check whether the client asks for it (Connection: close, HTTP/1.0)",
			)
		}
		if status, ok := e.server.ClosesAfterErrors(e.records); ok {
			f.Title = fmt.Sprintf("%s closes after each response with %s, without saying so: %s, %s after it",
				e.server.Name, errorStatus(status, e.records), shareOf(e.len(), e.server.Seen()), after(e.records))
			f.Advice = products.Advise(
				"keep the connection after errors: answer them in an error handler of the application, for what gets past it "+
					"makes the server close",
				`else have the server say "Connection: close" with them (Helidon does so from 4.0.11 on)`,
			)
			f.brief = e.server.Name + " closes after each response with " + errorStatus(status, e.records)
		}
		out = append(out, f)
	}
	return out
}

// errorStatus writes the status that all responses have, or that it is an error.
func errorStatus(least uint16, records []*cause.Record) string {
	for _, x := range records {
		if x.Status() != least {
			return "an error"
		}
	}
	return fmt.Sprintf("status %d", least)
}

// oneEach reports whether the server closed these right after their only
// response, and no connection to it carried more.
func oneEach(s *cause.Server, closed []*cause.Record) bool {
	return len(closed) >= cause.MinSamples && slices.Max(cause.Values(s.Records, carried)) == 1 &&
		!slices.ContainsFunc(closed, (*cause.Record).Paused)
}
