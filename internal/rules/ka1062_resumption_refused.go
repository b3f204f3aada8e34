package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var resumptionRefused = &Rule{
	ID:    "KA1062",
	Title: "full TLS handshakes: the server accepts no session",
	Who:   analyze.Server,
	SetWhen: "clients offer a session to resume, and the server makes a full handshake with one in three of them or more, on connections with few " +
		"requests",
	Why: "the processes or hosts behind the address do not share the keys of tickets, or the cache of sessions; tickets are off; " +
		"sessions live for less than clients stay away (300 s in nginx, Apache and Node); the server was restarted",
	Advice: products.Advise("let all processes and hosts behind the address share the keys of tickets: nginx ssl_session_ticket_key FILE (or " +
		"ssl_session_cache shared:SSL:10m), HAProxy tls-ticket-keys FILE, Apache SSLSessionTicketKeyFile, Go " +
		"tls.Config.SetSessionTicketKeys, Node ticketKeys, Java and Python one SSLContext for the process"),
	Filter: "tls.handshake.type == 1 and (tls.handshake.extensions.psk.identity.identity or tls.handshake.session_ticket)",
	Hint:   "a full handshake follows",
	Needs:  Opening | BothSides,
	Check:  checkResumptionRefused,
}

func checkResumptionRefused(v *view, r *Rule) []Finding {
	var out []Finding
	for _, server := range v.Servers() {
		var a avoidableHandshakes
		refused, offered := int64(0), int64(0)
		for _, p := range server.Pairs {
			if s := v.secured[p.Num]; s != nil {
				refused += int64(len(s.refused))
				offered += int64(len(s.refused)) + s.resumed
				a.add(s.refused, 0) // the client has a session, wherever it got it
			}
		}
		if refused*refusedShare < offered || len(a.records) < cause.MinSamples {
			continue
		}
		f := v.fullFound(r, group{subject: subject{server: server}}, &a,
			fmt.Sprintf("%s does not accept the TLS sessions that clients offer to resume: %s", server.Name, shareOf(refused, offered)))
		f.brief = server.Name + " makes full TLS handshakes though clients offer sessions: " + cause.Duration(a.took) + " in all"
		out = append(out, f)
	}
	return out
}
