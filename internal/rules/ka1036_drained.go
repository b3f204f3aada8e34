package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var drained = &Rule{
	ID:    "KA1036",
	Title: "server shut down gracefully, or its process was replaced",
	Who:   analyze.Server,
	SetWhen: "from one moment on responses say close, or all idle connections are closed at once, and the server accepts no more; or all its connections are closed at " +
		"once and new ones are accepted at once",
	Why: "a deploy, a restart or a drain; behind a listening socket that stays, a reload or a worker that ends after a number of " +
		"requests",
	Advice: products.Advise("take the server out of the load balancer before it stops").Noting("no action if it was planned"),
	Filter: `http.connection matches "(?i)close" or tcp.flags.fin == 1`,
	Hint:   "sorted by time, they come at one moment",
	Needs:  BothSides,
	Check:  checkDrained,
}

// recycledAdvice is what helps where one process took the place of another.
var recycledAdvice = products.Advise(
	"raise the number of requests after which workers end (gunicorn --max-requests, uvicorn --limit-max-requests, pm.max_requests "+
		"of php-fpm), or reload less often",
	"let clients retry idempotent requests that such a close cut off",
).Noting("no action if it was an occasional reload")

func checkDrained(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerDrain) {
		f := v.told(r, e, "%s shut down: %s drained", e.server.Name, conns(e.len()))
		f.Severity = Info
		if moments := e.server.Recycled(); len(moments) > 0 {
			f = v.found(r, e, "%s closed %s, and accepted new ones at once: %s", e.server.Name, whatClosed(moments), v.whenClosed(moments))
			f.Advice = recycledAdvice
			f.Severity = min(f.Severity, Notable)
			if len(moments) == 1 {
				f.Severity, f.Saves = Info, Saving{}
			}
			f.brief = e.server.Name + " closed " + whatAt(moments) + cause.Plural(int64(len(moments)), "moment", "moments")
		}
		out = append(out, f)
	}
	return out
}

// partly reports whether the server kept connections at one of these moments.
func partly(moments []cause.Replaced) bool {
	return slices.ContainsFunc(moments, func(m cause.Replaced) bool { return m.Had > len(m.Records) })
}

// whatClosed writes what a server closed at these moments.
func whatClosed(moments []cause.Replaced) string {
	if partly(moments) {
		return "connections that were idle for times of any length at one moment, as a process of several that ends does"
	}
	return "all its connections at once"
}

// whatAt is whatClosed for a verdict.
func whatAt(moments []cause.Replaced) string {
	if partly(moments) {
		return "the connections of one of its processes at "
	}
	return "all its connections at "
}

// whenClosed writes when a server closed how many connections, in time since the
// first packet, as Wireshark shows it.
func (v *view) whenClosed(moments []cause.Replaced) string {
	var list []string
	for _, m := range moments[:min(len(moments), maxExamples)] {
		n := cause.Plural(int64(len(m.Records)), "connection", "connections")
		if m.Had > len(m.Records) {
			n = strconv.Itoa(len(m.Records)) + " of " + strconv.Itoa(m.Had) + " connections"
		}
		list = append(list, n+" at "+cause.Duration(m.Records[0].Ended-v.result.First))
	}
	text := strings.Join(list, ", ")
	if more := len(moments) - len(list); more > 0 {
		text += ", and " + cause.Plural(int64(more), "more time", "more times")
	}
	return text
}
