package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var severalHTTP2 = &Rule{
	ID:    "KA1063",
	Title: "several HTTP/2 connections at once",
	Who:   analyze.Client,
	SetWhen: "a client has three or more connections to one server at once that speak HTTP/2 and that it sends on, though one carries " +
		"all requests (RFC 9113, 9.1); those that it opens in a burst and leaves unused are not counted",
	Why: "each request, worker or process has a client of its own, or the client uses each connection for one request at a time " +
		"(undici 7); several programs on one host, or behind one NAT, look the same",
	Advice: products.Advise("share one client for all requests of a program: Go one http.Transport, Node one http2 session, or undici 8, Java one " +
		"HttpClient, Python one httpx.Client, gRPC one channel"),
	Filter: `tls.handshake.extensions_alpn_str == "h2"`,
	Hint:   "Statistics, Conversations, TCP: several between the same two",
	Needs:  Opening | BothSides,
	Check:  checkSeveralHTTP2,
}

func checkSeveralHTTP2(v *view, r *Rule) []Finding {
	by := map[uint32][]*cause.Record{}
	v.EachAnomaly(func(m *cause.Anomaly) {
		if x := v.Record(uint64(m.ID)); x.Cause != cause.SpareDial && x.Cause != cause.TLSFailed {
			by[x.Pair] = append(by[x.Pair], x)
		}
	}, cause.AnomalyHTTP2)
	var out []Finding
	for _, p := range v.Pairs() {
		n := mostAtOnce(by[p.Num])
		if n < manyHTTP2 {
			continue
		}
		e := group{subject: subject{pair: p, server: p.To}, records: by[p.Num]}
		slices.SortFunc(e.records, cause.ByID)
		f := v.told(r, e, "%s has up to %s with HTTP/2 to %s at once, where one is enough: %s in all",
			p.Name, conns(n), p.To.Name, cause.Count(e.len()))
		f.Severity, f.Confidence = Info, cause.Low // they may be of several programs
		f.Observed = cmp.Or(f.Observed, "HTTP/2 on several connections at once")
		out = append(out, f)
	}
	return out
}

// mostAtOnce returns how many connections were open at the same time at most.
func mostAtOnce(records []*cause.Record) (most int64) {
	type change struct {
		at int64
		by int64
	}
	var all []change
	for _, r := range records {
		end := r.Ended
		if r.Open() {
			end = math.MaxInt64
		}
		all = append(all, change{r.Start, 1}, change{end, -1})
	}
	slices.SortFunc(all, func(x, y change) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.by, y.by)) })
	n := int64(0)
	for _, c := range all {
		n += c.by
		most = max(most, n)
	}
	return most
}
