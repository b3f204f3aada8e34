package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientIdleTimeout = &Rule{
	ID:    "KA1010",
	Title: "client closes idle connections before it uses them again",
	Who:   analyze.Client,
	SetWhen: "the client sends FIN the same time after the last response on three or more connections, or after pauses that differ, " +
		"when it opens others in their place or checks them periodically",
	Why: "the idle timeout of the client's pool is shorter than the pauses between requests",
	Advice: products.Advise(
		"raise the idle timeout of the client's pool if the pauses between requests are longer",
		"keep it below the server's",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "tcp.time_delta of the client's FIN is the timeout",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkClientIdleTimeout,
	Costs:  true,
}

func checkClientIdleTimeout(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perHost(cause.ClientIdleTimeout) {
		if e.records = cause.Where(e.records, (*cause.Record).Paused); len(e.records) == 0 {
			continue
		}
		after := cause.Typical(cause.Values(e.records, (*cause.Record).Measured))
		f := v.found(r, e, "%s closes its connections after %s idle: %s", e.host, cause.Duration(after), conns(e.len()))
		p, ok := v.PolicyOf(cause.IdleTimeout, analyze.Client, e.host)
		if ok && len(p.Matches) > 0 {
			f.Title += ", the default of " + list(p.Matches)
			if products.AllNode(p.Matches) {
				f.Advice = adviceOr(products.Node, r.ID, f.Advice)
			}
		}
		f.Advice = adviceOr(v.PairOf(e.records[0]).Program, r.ID, f.Advice)
		f.brief = e.host + " closes connections that are idle for " + cause.Duration(after)
		least := cause.Duration(slices.Min(cause.Values(e.records, (*cause.Record).Measured)))
		switch {
		case ok:
		case len(v.Replaced(e.records))*2 < len(e.records): // it looks at them from time to time
			most := cause.Duration(slices.Max(cause.Values(e.records, (*cause.Record).Measured)))
			f.Title = fmt.Sprintf("%s closes its connections after %s to %s idle: %s", e.host, least, most, conns(e.len()))
			f.brief = fmt.Sprintf("%s closes connections that are idle for %s to %s", e.host, least, most)
		default:
			f.Title = fmt.Sprintf("%s closes connections that were idle for %s or more as it opens others: %s",
				e.host, least, conns(e.len()))
			f.brief = fmt.Sprintf("%s opens new connections instead of using those idle for %s or more", e.host, least)
		}
		out = append(out, f)
	}
	return append(out, v.announcedTooShort(r)...)
}

// announcedTooShort finds clients that keep no connection at all, for the server
// announces no more than they keep as a distance from its timeout.
func (v *view) announcedTooShort(r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientIdleTimeout) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return !x.Paused() })
		if len(e.records) == 0 {
			continue
		}
		says := fmt.Sprintf("Keep-Alive: timeout=%d", e.server.AdvertisedTimeout)
		f := v.found(r, e, "%s closes its connections to %s at once, because it announces only %q: %s",
			e.pair.Name, e.server.Name, says, shareOf(e.len(), e.pair.Seen()))
		f.Advice = products.Advise("raise the server's keep-alive timeout, which it announces, to 5 s or more: Node's fetch and undici take 2 s off " +
			"it, http.Agent takes 1 s, and nothing is left")
		f.brief = fmt.Sprintf("%s uses a new connection for each request, because %s announces %q", e.pair.Name, e.server.Name, says)
		out = append(out, f)
	}
	return out
}
