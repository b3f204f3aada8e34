package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var clientPerRequest = &Rule{
	ID:      "KA1014",
	Title:   "client closes after each response",
	Who:     analyze.Client,
	SetWhen: "the client sends FIN right after complete responses, no header says close, and nothing shows why",
	Why: "the response body is closed before it was read to the end, a new client, session or process is used for each " +
		"request, the pool keeps nothing, or it limits the requests or the age of a connection: these look alike on the wire",
	Advice: products.Advise(
		"read each response body to its end, and share one client or session with a pool for all requests of the program",
		"if it is nginx as a proxy, set keepalive N in its upstream block",
	),
	Filter: "tcp.flags.fin == 1",
	Hint:   "the client's FIN follows the response at once",
	Needs:  HTTP | BothSides | Whole | Opening,
	Check:  checkClientPerRequest,
	Costs:  true,
}

func checkClientPerRequest(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.ClientClosedAfterResponse) {
		e.records = cause.Where(e.records, func(x *cause.Record) bool { return x.Measured() < soonAfter && x.EndedIdle() && !v.toldAsHTTP2(x) })
		if !wentOn(e.pair, e.records) {
			continue // nothing was made in vain
		}
		// Those with one request show it best.
		slices.SortStableFunc(e.records, func(x, y *cause.Record) int { return cmp.Compare(x.Requests, y.Requests) })
		f := v.found(r, e, "%s closes its connections to %s after the response: %s",
			e.pair.Name, e.server.Name, shareOf(e.len(), e.pair.Seen()))
		if e.pair.Program.Row().OneShot && e.len() < byHand {
			f.Severity = Info
		}
		f.brief = e.pair.Name + " closes its connections to " + e.server.Name + " after a response"
		if rarelyReused(e.pair) {
			f.brief = e.pair.Name + " uses a new connection to " + e.server.Name + " for each request"
		}
		if e.server.AdvertisedTimeout == 1 {
			f.Advice = products.Advise("raise the server's keep-alive timeout: it announces 1 s, and clients that keep a second's distance from " +
				"that, as Node does, close at once")
		}
		requests := int64(0)
		for _, x := range e.records {
			requests += int64(x.Requests)
		}
		switch n := cause.Typical(cause.Values(e.records, carried)); {
		case n > 1 && limited(e.pair, e.records, n):
			f.brief = e.pair.Name + " closes its connections to " + e.server.Name + " after " + cause.Plural(n, "request", "requests")
			f.Title = fmt.Sprintf("%s: %s", f.brief, shareOf(e.len(), e.pair.Seen()))
			f.Advice = products.Advise(
				"raise the limit of requests per connection in the client (in nginx keepalive_requests of the upstream block)",
				"without such a limit, share one client or session for all requests",
			)
		case requests*2 >= e.len()*3: // it has a pool, for it used these connections again
			if age, ok := agedOut(e.pair, e.records); ok {
				f.brief = e.pair.Name + " closes its connections to " + e.server.Name + " at an age of " + cause.Duration(age)
				f.Title = fmt.Sprintf("%s: %s", f.brief, shareOf(e.len(), e.pair.Seen()))
				f.Advice = products.Advise(
					"raise the limit of the age of connections in the client (Apache HttpClient setConnectionTimeToLive, .NET "+
						"PooledConnectionLifetime)",
					"without such a limit, share one client or session for all requests",
				)
			} else if e.pair.Need() > 1 {
				f.Advice = keepMore(e, e.pair.Need())
			}
		}
		if p, ok := v.PolicyOf(cause.PoolSize, analyze.Client, e.pair.Title()); ok && p.Samples > e.len() {
			f.Severity = Info // the pool, which another rule tells of, explains these, too
		}
		out = append(out, f)
	}
	return out
}

// limited reports whether the client closed these connections at a limit: each
// after n requests, and none of the others carried more.
func limited(p *cause.Pair, closed []*cause.Record, n int64) bool {
	return len(closed) >= cause.MinSamples && cause.Spread(cause.Values(closed, carried)) == 0 &&
		slices.Max(cause.Values(p.Records, carried)) == n
}

// agedOut returns the age at which the client closed these connections, if most
// were of one, and none of the others was used when it was older.
func agedOut(p *cause.Pair, closed []*cause.Record) (age int64, ok bool) {
	b, ok := cause.Agree(cause.Ages(closed))
	older := func(r *cause.Record) bool { return r.Done != analyze.Unknown && r.Done-r.Start > b.Hi }
	return b.Middle, ok && b.Lo >= cause.MinAge && !slices.ContainsFunc(p.Records, older)
}

// rarelyReused reports whether nearly all requests of the pair are the first of
// their connection.
func rarelyReused(p *cause.Pair) bool {
	requests := int64(0)
	for _, r := range p.Records {
		requests += int64(r.Requests)
	}
	return (requests-p.Seen())*rarely <= requests
}

// wentOn reports whether the client sent a request on another connection that it
// opened after it had closed one of them.
func wentOn(p *cause.Pair, ended []*cause.Record) bool {
	newest := int64(math.MinInt64)
	for _, r := range p.Records {
		if r.Requests > 0 {
			newest = max(newest, r.Start)
		}
	}
	return slices.ContainsFunc(ended, func(r *cause.Record) bool { return r.Ended < newest })
}

// carried is how many requests a connection carried.
func carried(r *cause.Record) int64 { return int64(r.Requests) }
