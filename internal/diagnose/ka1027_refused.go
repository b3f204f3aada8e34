package diagnose

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

var refused = &Rule{
	ID:      "KA1027",
	Title:   "connections refused",
	Who:     analyze.Server,
	SetWhen: "SYNs are answered by RST",
	Why:     "nothing listens on that port: the server is down, restarting, or listens elsewhere",
	Fix:     "start the server, or correct the address and port",
	Verify:  "tcp.flags.syn == 1 or tcp.flags.reset == 1",
	Needs:   Opening | BothSides,
	Check:   checkRefused,
}

func checkRefused(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(Refused) {
		f := v.found(r, e, "%s refused %s of the connections to it", e.server.name, shareOf(e.len(), e.server.Connections))
		f.brief = e.server.name + " refuses connections"
		out = append(out, f)
	}
	return out
}
