package diagnose

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var refused = &Rule{
	ID:      "KA1027",
	Title:   "connections refused",
	Who:     analyze.Server,
	SetWhen: "SYNs are answered by RST",
	Why:     "nothing listens on that port: the server is down, restarting, or listens elsewhere; a firewall that rejects with tcp-reset looks alike",
	Fix:     "start the server, or correct the address and port; if it runs (ss -ltn), look for a firewall rule that rejects",
	Verify:  "tcp.flags.syn == 1 or tcp.flags.reset == 1",
	Needs:   Opening | BothSides,
	Check:   checkRefused,
}

func checkRefused(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.unscanned(v.perServer(Refused)) {
		f := v.found(r, e, "%s refused %s of the connections to it", e.server.name, shareOf(e.len(), e.server.seen()))
		if v.otherFamily(e) {
			f.Title += "; another address of it took them"
			f.Severity, f.Failed = Info, 0
		}
		f.brief = e.server.name + " refuses connections"
		out = append(out, f)
	}
	return out
}

// nextAddress is how soon a client tries the next address of a name (RFC 8305).
const nextAddress = 1e9

// otherFamily reports whether each connection was opened right afterwards at the
// same port of an address of the other IP version: a name has both, and the
// server listens on one.
func (v *view) otherFamily(e ended) bool {
	at := e.server.Server
	return !slices.ContainsFunc(e.records, func(x *record) bool {
		return !slices.ContainsFunc(v.groups.servers, func(s *server) bool {
			return s.Server.Port() == at.Port() && s.Server.Addr().Is4() != at.Addr().Is4() && slices.ContainsFunc(s.records, func(r *record) bool {
				return r.connect > 0 && r.start >= x.start && r.start <= x.start+nextAddress
			})
		})
	})
}
