package rules

import (
	"cmp"
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var poolOverflow = &Rule{
	ID:      "KA1011",
	Title:   "idle pool of the client overflows",
	Who:     analyze.Client,
	SetWhen: "the client closes connections right after a complete response while it has K others idle, and keeps those K",
	Why:     "more requests run in parallel than the pool keeps idle connections: the surplus is closed after each burst (Go keeps 2 per host by default)",
	Fix:     keepMany,
	Verify:  "tcp.flags.fin == 1",
	Needs:   HTTP | BothSides | Whole,
	Check:   checkPoolOverflow,
	Costs:   true,
	FixFor:  keepManyFor,
}

// keepMany is how a client's pool is made larger, and keepManyFor where it says
// which program it is.
const keepMany = "let the client's pool keep as many idle connections per host as requests run in parallel; in nginx that is keepalive N in the upstream block, in Caddy keepalive_idle_conns_per_host"

var keepManyFor = map[analyze.Software]string{
	analyze.PycURL: "raise M_MAXCONNECTS of the CurlMulti (MAXCONNECTS of a Curl handle: 5 by default) to the parallel requests",
	analyze.Java:   "raise the idle connections that the client keeps to the parallel requests; HttpURLConnection: -Dhttp.maxConnections (5 per host by default), java.net.http: -Djdk.httpclient.connectionPoolSize (no limit by default), OkHttp: ConnectionPool (5 by default)",
	analyze.Node:   "raise maxFreeSockets of the http.Agent (256 by default) to the parallel requests",
	analyze.Python: "raise pool_maxsize of the HTTPAdapter (requests: 10 by default), maxsize of the PoolManager (urllib3: 1 by default) or max_keepalive_connections of Limits (httpx: 20 by default) to the parallel requests",
}

func checkPoolOverflow(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientPoolOverflow) {
		p, _ := v.PolicyOf(cause.PoolSize, analyze.Client, e.pair.Title())
		f := v.found(r, e, "%s keeps only %s to %s and closes the others after each burst: %s", e.pair.Name, cause.Plural(p.Value, "idle connection", "idle connections"), e.server.Name, shareOf(e.len(), e.pair.Seen()))
		f.Fix = keepMore(e, max(e.pair.PoolNeed, p.Value+1))
		f.brief = fmt.Sprintf("%s keeps only %s to %s, but needs %d", e.pair.Name, cause.Plural(p.Value, "idle connection", "idle connections"), e.server.Name, e.pair.PoolNeed)
		out = append(out, f)
	}
	return out
}

// keepMore returns how the client of e keeps n idle connections or more.
func keepMore(e ended, n int64) string {
	if e.pair.Program == analyze.Go {
		return fmt.Sprintf("set Transport.MaxIdleConnsPerHost to %d or more (the default is 2), and MaxIdleConns not below it", n)
	}
	return cmp.Or(keepManyFor[e.pair.Program], keepMany)
}
