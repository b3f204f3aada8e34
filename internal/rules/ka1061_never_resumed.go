package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var neverResumed = &Rule{
	ID:    "KA1061",
	Title: "full TLS handshakes: the client offers no session",
	Who:   analyze.Client,
	SetWhen: "a client opens TLS connections to a server one after the other, its ClientHellos offer neither a pre-shared key nor a " +
		"ticket, and they carry few requests",
	Why: "the client keeps no sessions (Go's does not by default, Python's requests and httpx cannot), or each request has a client, " +
		"an agent, a TLS context or a process of its own; each full handshake costs certificates, signatures and, in TLS 1.2, a round trip",
	Advice: products.Advise(
		"reuse connections, which spares all handshakes",
		"for those that remain keep sessions: Go tls.Config.ClientSessionCache, Node one https.Agent for all requests, Java "+
			"one SSLContext, nginx proxy_ssl_session_reuse on, HAProxy no no-ssl-reuse, curl all URLs in one run",
	),
	Filter: "tls.handshake.type == 1 and not tls.handshake.extensions.psk.identity.identity and not tls.handshake.session_ticket",
	Needs:  Opening | BothSides,
	Check:  checkNeverResumed,
}

func checkNeverResumed(v *view, r *Rule) []Finding {
	var out []Finding
	for _, p := range v.Pairs() {
		s := v.secured[p.Num]
		if s == nil {
			continue
		}
		var a avoidableHandshakes
		a.add(s.unoffered, s.first)
		if len(a.records) < cause.MinSamples {
			continue
		}
		e := group{subject: subject{pair: p, server: p.To}}
		f := v.fullFound(r, e, &a, fmt.Sprintf("%s offers %s no TLS session to resume, so handshakes are full: %s",
			p.Name, p.To.Name, shareOf(int64(len(s.unoffered)), s.len())))
		f.brief = p.Name + " makes full TLS handshakes with " + p.To.Name + " each time: " + cause.Duration(a.took) + " in all"
		out = append(out, f)
	}
	return out
}
