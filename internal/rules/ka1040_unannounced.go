package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var unannounced = &Rule{
	ID:    "KA1040",
	Title: "server closes connections without a word",
	Who:   analyze.Server,
	SetWhen: "the server sends FIN after a response that did not say close, and no timeout, number of requests, age or shutdown " +
		"explains it",
	Why: "a server that keeps no connections, a limit that this capture does not show often enough, an error in the server, or a " +
		"reload",
	Fix:    "look into the server: its keep-alive settings and its log at these times",
	Verify: "tcp.flags.fin == 1",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkUnannounced,
	Costs:  true,
}

func checkUnannounced(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerClosedUnannounced) {
		f := v.found(r, e, "%s closes connections without a word: %s, %s after the response",
			e.server.Name, shareOf(e.len(), e.server.Seen()), after(e.records))
		f.brief = e.server.Name + " closes connections without a word"
		if oneEach(e.server, e.records) {
			f.Title = fmt.Sprintf("%s closes after every response without saying so: %s, %s after it",
				e.server.Name, shareOf(e.len(), e.server.Seen()), after(e.records))
			f.Fix = "switch keep-alive on in the server, or put one that keeps connections in front of it; in uWSGI use http11-socket " +
				"instead of http-socket"
			f.brief = e.server.Name + " closes after every response"
		}
		out = append(out, f)
	}
	return out
}

// oneEach reports whether the server closed these right after their only
// response, and no connection to it carried more.
func oneEach(s *cause.Server, closed []*cause.Record) bool {
	return len(closed) >= cause.MinSamples && slices.Max(cause.Values(s.Records, carried)) == 1 &&
		slices.Max(cause.Values(closed, (*cause.Record).Measured)) < cause.MinIdle
}
