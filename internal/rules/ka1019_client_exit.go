package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientExit = &Rule{
	ID:      "KA1019",
	Title:   "client process ended",
	Who:     analyze.Client,
	SetWhen: "a client ends all its connections at one moment, and opens no others",
	Why:     "the program ended or was killed, or it is a proxy, and closed what it held for a client that ended",
	Advice:  products.Advise("no action if the program was meant to exit"),
	Filter:  "tcp.flags.fin == 1 or tcp.flags.reset == 1",
	Hint:    "sorted by time, they come at one moment",
	Needs:   BothSides,
	Check:   checkClientExit,
}

func checkClientExit(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perHost(cause.ClientExit) {
		if e.len() < cause.ExitAtLeast {
			continue // other rules tell of the other connections that it ended
		}
		f := v.told(r, e, "%s closed all %s at once", e.host, conns(e.len()))
		f.Severity = Info
		out = append(out, f)
	}
	return out
}
