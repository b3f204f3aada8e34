package diagnose

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var unannounced = &Rule{
	ID:      "KA1040",
	Title:   "server closes connections without a word",
	Who:     analyze.Server,
	SetWhen: "the server sends FIN after a response that did not say close, and no timeout, number of requests, age or shutdown explains it",
	Why:     "a limit that this capture does not show often enough, an error in the server, or a reload",
	Fix:     "look into the server: its keep-alive settings and its log at these times",
	Verify:  "tcp.flags.fin == 1",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkUnannounced,
	Costs:   true,
}

func checkUnannounced(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(ServerClosedUnannounced) {
		f := v.found(r, e, "%s closes connections without a word: %s, %s after the response", e.server.name, shareOf(e.len(), e.server.seen()), after(e.records))
		f.brief = e.server.name + " closes connections without a word"
		out = append(out, f)
	}
	return out
}
