package diagnose

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var clientTimeout = &Rule{
	ID:      "KA1017",
	Title:   "client gives up on requests",
	Who:     analyze.Client,
	SetWhen: "the client closes with a request unanswered or its response not complete",
	Why:     "the client's timeout is shorter than what the server takes, or its caller cancelled",
	Fix:     "raise the client's timeout above the slowest response, or make the server faster; reuse is lost with each of these",
	Verify:  "tcp.flags.fin == 1",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkClientTimeout,
	FixFor: map[analyze.Software]string{
		analyze.Go: "raise http.Client.Timeout (it holds for the whole body, too) or use a context with a deadline per request and ResponseHeaderTimeout",
	},
}

// oneOf is of how many requests one may be given up: somebody left a page.
const oneOf = 10

func checkClientTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(ClientTimeout) {
		waited, timeout := after(e.records), ""
		if p, ok := v.policyOf(RequestTimeout, analyze.Client, e.pair.title()); ok {
			waited, timeout = Duration(p.Value), ", its timeout"
		}
		f := v.found(r, e, "%s gave up %s to %s, after %s%s", e.pair.name, Plural(e.len(), "request", "requests"), e.server.name, waited, timeout)
		if e.len() == 1 && v.result.Totals.Requests >= oneOf {
			f.Severity = Info
		}
		f.brief = fmt.Sprintf("%s gives up requests to %s after %s", e.pair.name, e.server.name, waited)
		out = append(out, f)
	}
	return out
}
