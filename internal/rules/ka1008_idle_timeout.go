package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var idleTimeout = &Rule{
	ID:    "KA1008",
	Title: "server closes idle connections before they are used again",
	Who:   analyze.Server,
	SetWhen: "the server sends FIN the same time after its last response on three or more connections, or at most twice that if it checks them " +
		"periodically, or after the time in its Keep-Alive field",
	Why: "the server's keep-alive timeout is shorter than the pauses between requests",
	Advice: products.Advise(
		"raise the server's keep-alive timeout above the pauses between requests",
		"set the client's idle timeout below it, so that the client closes first and no request is lost",
		"HAProxy: timeout http-keep-alive, Puma: persistent_timeout, Tomcat: keepAliveTimeout, com.sun.net.httpserver: "+
			"-Dsun.net.httpserver.idleInterval=SECONDS (30 by default)",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "tcp.time_delta of the server's FIN is the timeout",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkIdleTimeout,
	Costs:  true,
}

func checkIdleTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.ServerIdleTimeout) {
		if v.likeReadTimeout(e.server) {
			continue // told by another rule
		}
		idle := after(e.records)
		p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Server, e.server.Name)
		if ok {
			idle = cause.Duration(p.Value)
		}
		f := v.found(r, e, "%s closes connections idle for %s: %s", e.server.Name, idle, shareOf(e.len(), e.server.Seen()))
		if ok && len(p.Matches) > 0 {
			f.Title += ", the default of " + list(p.Matches)
		}
		if v.probed(e.records) {
			f.Note = "the keep-alive probes on these connections do not count as activity for the server"
		}
		f.brief = e.server.Name + " closes connections that are idle for " + idle
		out = append(out, f)
	}
	return out
}

// probed reports whether a client sent keep-alive probes on most of these
// connections.
func (v *view) probed(records []*cause.Record) bool {
	probed := map[uint32]bool{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		if m.By == analyze.Client {
			probed[m.ID] = true
		}
	}, cause.AnomalyProbes)
	n := 0
	for _, x := range records {
		if probed[x.ID] {
			n++
		}
	}
	return n*2 > len(records)
}
