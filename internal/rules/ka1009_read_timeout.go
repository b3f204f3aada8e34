package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var readTimeout = &Rule{
	ID:    "KA1009",
	Title: "Go server: ReadTimeout is used as IdleTimeout",
	Who:   analyze.Server,
	SetWhen: "a server that is Go, or does not say what it is, closes idle connections after a short whole number of seconds that no known default " +
		"explains",
	Why: "http.Server without IdleTimeout uses ReadTimeout for idle connections (beego sets 1 s): it closes each connection " +
		"that long after its response",
	Advice: products.Advise(
		"set http.Server.IdleTimeout (60 s or more, above the idle timeout of the clients) beside ReadTimeout",
		"in other servers, look for the keep-alive timeout (HAProxy: timeout http-keep-alive, Puma: persistent_timeout, "+
			"Tomcat: keepAliveTimeout, else connectionTimeout)",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "tcp.time_delta of the server's FIN is the timeout",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkReadTimeout,
	Costs:  true,
}

func checkReadTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerIdleTimeout) {
		if !v.likeReadTimeout(e.server) {
			continue
		}
		after := cause.Typical(cause.Values(e.records, (*cause.Record).Measured))
		f := v.found(r, e, "%s closes connections idle for %s, as a Go server with that ReadTimeout and no IdleTimeout does: %s",
			e.server.Name, cause.Duration(after), shareOf(e.len(), e.server.Seen()))
		f.Confidence = cause.Medium
		f.brief = e.server.Name + " closes connections that are idle for " + cause.Duration(after)
		out = append(out, f)
	}
	return out
}

// likeReadTimeout reports whether the server's idle timeout looks like the
// ReadTimeout of a Go server, which sends no Server field and no Keep-Alive.
func (v *view) likeReadTimeout(s *cause.Server) bool {
	p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Server, s.Name)
	if !ok || s.AdvertisedTimeout != analyze.Unknown || p.Value > longestReadTimeout || len(p.Matches) > 0 && p.Value > surelyReadTimeout {
		return false
	}
	const second = 1e9
	off := p.Value % second
	return (s.Software == products.Unknown || s.Software == products.Go) && min(off, second-off) <= max(p.Value/readTimeoutShare, readTimeoutNear)
}
