package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var poolOverflow = &Rule{
	ID:      "KA1011",
	Title:   "idle pool of the client overflows",
	Who:     analyze.Client,
	SetWhen: "the client closes connections right after a complete response while it has K others idle, and keeps those K",
	Why:     "more requests run in parallel than the pool keeps idle connections: the surplus is closed after each burst",
	Advice:  keepMany,
	Filter:  "tcp.flags.fin == 1",
	Hint:    "the client's FIN follows the response at once",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkPoolOverflow,
	Costs:   true,
}

// keepMany is how a client's pool is made larger.
var keepMany = products.Advise(
	"let the client's pool keep as many idle connections per host as requests run in parallel",
	"in Go that is Transport.MaxIdleConnsPerHost (2 by default), in nginx keepalive N in the upstream block, in Caddy "+
		"keepalive_idle_conns_per_host",
)

func checkPoolOverflow(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientPoolOverflow) {
		p, _ := v.PolicyOf(cause.PoolSize, analyze.Client, e.pair.Title())
		f := v.found(r, e, "%s keeps only %s to %s and closes the others after each burst: %s",
			e.pair.Name, cause.Plural(p.Value, "idle connection", "idle connections"), e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.Advice = keepMore(e, max(e.pair.Need(), p.Value+1))
		f.brief = fmt.Sprintf("%s keeps only %s to %s, ", e.pair.Name,
			cause.Plural(p.Value, "idle connection", "idle connections"), e.server.Name)
		if e.pair.Need() > p.Value {
			f.brief += fmt.Sprintf("but needs %d", e.pair.Need())
		} else { // times that are not those of the packets show too few in parallel
			f.brief += "and closes the others"
		}
		out = append(out, f)
	}
	return out
}

// keepMore returns how the client of e keeps n idle connections or more.
func keepMore(e group, n int64) products.Advice {
	if format := e.pair.Program.Row().KeepIdle; format != "" {
		return products.Advise(fmt.Sprintf(format, n))
	}
	return adviceOr(e.pair.Program, "KA1011", keepMany)
}
