package rules

import (
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var executedTwice = &Rule{
	ID:    "KA1058",
	Title: "requests that change something are sent twice",
	Who:   analyze.Client,
	SetWhen: "a request whose method is not idempotent, such as POST, fails after the server had it, and the client sends one of the same " +
		"method, target and length on another connection within a second, which is answered",
	Why: "the HTTP library or the proxy retries what failed, though the server may have executed it (Java's HttpURLConnection " +
		"does so once by default)",
	Advice: products.Advise(
		"let the client retry only idempotent requests, RFC 9110, 9.2.2 (Java: -Dsun.net.http.retryPost=false)",
		"or let it send an idempotency key that the server checks",
	),
	Filter: `http.request.method == "POST"`,
	Hint:   "the same request comes twice, on two connections",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkExecutedTwice,
}

func checkExecutedTwice(v *view, r *Rule) []Finding {
	twice := map[uint32][]*Repeat{}
	for i := range v.Repeats {
		if x := &v.Repeats[i]; x.Outcome == ExecutedTwice {
			pair := v.Record(x.Lost).Pair
			twice[pair] = append(twice[pair], x)
		}
	}
	var out []Finding
	for _, p := range v.Pairs() {
		list := twice[p.Num]
		if len(list) == 0 {
			continue
		}
		e := group{subject: subject{pair: p, server: p.To}}
		lost := map[uint32]bool{}
		for _, x := range list {
			lost[uint32(x.Lost)] = true
		}
		e.records = cause.Where(p.Records, func(r *cause.Record) bool { return lost[r.ID] })
		many := "requests"
		if !slices.ContainsFunc(list, func(x *Repeat) bool { return x.Method != list[0].Method }) {
			many = list[0].Method.String() + " requests"
		}
		n := cause.Plural(int64(len(list)), list[0].Method.String()+" request", many)
		f := v.found(r, e, "%s sent %s to %s again that had failed there: executed twice, unless the server recognises repeats", p.Name, n, p.To.Name)
		f.Saves, f.Confidence = Saving{}, cause.Medium
		f.Severity = Notable
		f.Observed = fmt.Sprintf("the request of packet %d was sent again %s after the loss, in packet %d of connection %d, and answered with %d",
			list[0].LostPacket, cause.Duration(list[0].AfterLoss()), list[0].Packet, list[0].Connection, list[0].Status)
		f.Examples[0].Observed = f.Observed
		f.brief = fmt.Sprintf("%s sends %s to %s twice", p.Name, n, p.To.Name)
		out = append(out, f)
	}
	return out
}
