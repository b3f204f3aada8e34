package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var idleCloseRace = &Rule{
	ID:    "KA1002",
	Title: "request sent on a connection the server was closing",
	Who:   analyze.Client,
	SetWhen: "a request and the server's FIN cross on the way, or the request " +
		"arrives just as the server closes the idle connection; it is answered by RST, never by a response",
	Why: "the client reuses an idle connection just as the server times it out; the request is lost: the program sees EOF or " +
		"ECONNRESET, a proxy answers 502",
	Advice: products.Advise(
		"keep the client's idle timeout at least a second below the server's keep-alive timeout",
		retryIdempotent,
	),
	Filter: "tcp.flags.fin == 1 or tcp.flags.reset == 1 or http.request",
	Hint:   "follow the stream of an example: the request comes just after the server's FIN, or crosses it",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkIdleCloseRace,
}

// retryIdempotent helps wherever requests get lost that may be sent again.
const retryIdempotent = "retry idempotent requests"

func checkIdleCloseRace(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.StaleRace) {
		if e.pair.Proxied {
			continue // told by another rule
		}
		apart := ""
		if margin := cause.Typical(cause.Values(e.records, (*cause.Record).Measured)); margin != 0 {
			apart = " (" + cause.Duration(margin) + " apart)"
		}
		f := v.found(r, e, "%s of %s to %s crossed the server's close and got lost%s",
			cause.Plural(e.len(), "request", "requests"), e.pair.Name, e.server.Name, apart)
		if fix := v.roomBelow(e.server); fix != "" {
			f.Advice = products.Advise(fix, retryIdempotent)
		}
		f.brief = cause.Plural(e.len(), "request", "requests") + " to " + e.server.Name + " arrived as the server was closing the connection"
		out = append(out, f)
	}
	return out
}

// roomBelow says how to set the client's idle timeout below that of the server;
// "" if that is not known.
func (v *view) roomBelow(s *cause.Server) string {
	p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Server, s.Name)
	switch {
	case !ok:
		return ""
	case p.Value < shortTimeout:
		return "raise the keep-alive timeout of " + s.Name + ", now " + cause.Duration(p.Value) + inferred(p) +
			", and keep the client's idle timeout a second below it"
	}
	return "set the client's idle timeout below " + cause.Duration(p.Value) + ", which is when " + s.Name + " closes" + inferred(p) +
		", by a second or more"
}

// inferred says that a setting was not read, but taken from what the capture shows.
func inferred(p cause.Policy) string {
	return " (inferred from " + cause.Plural(p.Samples, "close", "closes") + ")"
}
