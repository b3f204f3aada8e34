package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var refused = &Rule{
	ID:      "KA1027",
	Title:   "connections refused",
	Who:     analyze.Server,
	SetWhen: "SYNs are answered by RST",
	Why: "nothing listens on that port: the server is down, restarting, or listens elsewhere; a firewall that rejects with " +
		"tcp-reset looks alike",
	Advice: products.Advise(
		"start the server, or correct the address and port",
		"if it runs (ss -ltn), look for a firewall rule that rejects",
	),
	Filter: "tcp.flags.syn == 1 or tcp.flags.reset == 1",
	Needs:  Opening | BothSides,
	Check:  checkRefused,
}

// restartAdvice is what helps where a server refuses connections while it is started again.
var restartAdvice = products.Advise(
	"keep the listening socket open while the server restarts (a process that stays, as the master of gunicorn or "+
		"Puma, or socket activation of systemd), or take it out of the load balancer first",
	"let clients try again",
)

func checkRefused(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.unscanned(v.perServer(cause.Refused)) {
		f := v.found(r, e, "%s refused %s of the connections to it", e.server.Name, shareOf(e.len(), e.server.Seen()))
		if v.otherFamily(e) {
			f.Title += "; another of its addresses accepted them"
			f.Severity, f.Unopened = Info, 0
		}
		f.brief = e.server.Name + " refuses connections"
		if still, ok := shutsDown(e); ok {
			f.Title += still
			f.Advice = products.Advise("let the server stop listening only when no new connections arrive any more: take it out of the load " +
				"balancer first, and wait before it stops (Kubernetes: a preStop hook that sleeps)").Noting("no action if it was planned")
			f.brief = e.server.Name + " is shutting down, and refuses new connections"
		} else if away := e.server.Restarted(); away > 0 {
			f.Title += ", while it restarted: for up to " + cause.Duration(away)
			f.Advice = restartAdvice
			f.brief += " while it restarts"
		}
		out = append(out, f)
	}
	return out
}

// otherFamily reports whether each connection was opened right afterwards at the
// same port of an address of the other IP version: a name has both, and the
// server listens on one.
func (v *view) otherFamily(e group) bool {
	at := e.server.Server
	return !slices.ContainsFunc(e.records, func(x *cause.Record) bool {
		return !slices.ContainsFunc(v.Servers(), func(s *cause.Server) bool {
			return s.Server.Port() == at.Port() && s.Server.Addr().Is4() != at.Addr().Is4() &&
				slices.ContainsFunc(s.Records, func(r *cause.Record) bool {
					return r.ConnectTime() > 0 && r.Start >= x.Start && r.Start <= x.Start+nextAddress
				})
		})
	})
}

// shutsDown reports whether a server that refuses connections is about to end, and how
// that shows: it still answers on those that it has, or said before that it is not
// available any more.
func shutsDown(e group) (how string, ok bool) {
	first := slices.Min(cause.Values(e.records, func(x *cause.Record) int64 { return x.Start }))
	any := func(is func(*cause.Record) bool) bool { return slices.ContainsFunc(e.server.Records, is) }
	switch {
	case any(func(x *cause.Record) bool { return x.ConnectTime() > 0 && x.Start > first }): // it takes others
	case any(func(x *cause.Record) bool { return x.Done > first }):
		return ", while it still answers on open ones: it is shutting down", true
	case any(func(x *cause.Record) bool {
		says := x.Status() == unavailable && x.Done != analyze.Unknown && first-x.Done < goneSince
		return says || x.Cause == cause.ServerDrain
	}):
		return ", after it had begun to shut down", true
	}
	return "", false
}
