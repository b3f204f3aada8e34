package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

var clientIdleTimeout = &Rule{
	ID:    "KA1010",
	Title: "client closes idle connections before it uses them again",
	Who:   analyze.Client,
	SetWhen: "the client sends FIN the same time after the last response on three or more connections, or after pauses that differ, " +
		"when it opens others in their place or looks at them from time to time",
	Why:    "the idle timeout of the client's pool is shorter than the pauses between requests",
	Fix:    "raise the idle timeout of the client's pool if the pauses between requests are longer; keep it below the server's",
	Verify: "tcp.flags.fin == 1",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkClientIdleTimeout,
	Costs:  true,
}

func checkClientIdleTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perHost(cause.ClientIdleTimeout) {
		after := cause.Typical(cause.Values(e.records, (*cause.Record).Measured))
		f := v.found(r, e, "%s closes its connections after %s of idling: %s", e.host, cause.Duration(after), conns(e.len()))
		p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Client, e.host)
		if ok && len(p.Matches) > 0 {
			f.Title += ", the default of " + list(p.Matches)
		}
		if fix := v.PairOf(e.records[0]).Program.Advice(r.ID); fix != "" {
			f.Fix = fix
		}
		f.brief = e.host + " closes connections that are idle for " + cause.Duration(after)
		least := cause.Duration(slices.Min(cause.Values(e.records, (*cause.Record).Measured)))
		switch {
		case ok:
		case len(v.Replaced(e.records))*2 < len(e.records): // it looks at them from time to time
			most := cause.Duration(slices.Max(cause.Values(e.records, (*cause.Record).Measured)))
			f.Title = fmt.Sprintf("%s closes its connections after %s to %s of idling: %s", e.host, least, most, conns(e.len()))
			f.brief = fmt.Sprintf("%s closes connections that are idle for %s to %s", e.host, least, most)
		default:
			f.Title = fmt.Sprintf("%s closes connections that were idle for %s or more as it opens others: %s",
				e.host, least, conns(e.len()))
			f.brief = fmt.Sprintf("%s opens new connections instead of using those idle for %s or more", e.host, least)
		}
		out = append(out, f)
	}
	return out
}
