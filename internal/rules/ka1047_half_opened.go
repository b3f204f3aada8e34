package rules

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var halfOpened = &Rule{
	ID:      "KA1047",
	Title:   "handshakes that clients do not complete",
	Who:     analyze.Client,
	SetWhen: "a SYN-ACK gets neither ACK nor RST for a second or more",
	Why: "a SYN flood, if it is many addresses that send nothing else; else the SYN-ACK or the ACK gets lost on the way: another " +
		"route back, a firewall that sees one direction",
	Advice: products.Advise(
		"against a flood keep net.ipv4.tcp_syncookies = 1, and have it filtered upstream",
		"else follow the SYN-ACK: capture at the client, check the route back and the firewalls on it",
	),
	Filter: "tcp.flags.syn == 1",
	Hint:   "no other packet is in the stream",
	Needs:  Opening,
	Check:  checkHalfOpened,
}

func checkHalfOpened(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perServer(cause.Unanswered) {
		e.records = slices.DeleteFunc(slices.Clone(e.records), func(x *cause.Record) bool {
			return x.By != analyze.Client || v.result.Last-x.Start < firstRTO // the ACK may follow after the capture
		})
		if e.len() < cause.MinSamples {
			continue
		}
		from := map[uint32]bool{}
		for _, x := range e.records {
			from[x.Pair] = true
		}
		f := v.found(r, e, "%s of the handshakes with %s were not completed by the client, from %s",
			shareOf(e.len(), e.server.Seen()), e.server.Name, cause.Plural(int64(len(from)), "address", "addresses"))
		f.Severity, f.Confidence, f.Unopened = Info, cause.Medium, 0
		if perMinute(e.records) >= manyUnused && (e.len()*2 > e.server.Seen() || e.len() >= manyHalfOpened) {
			f.Severity = Notable
		}
		f.brief = "handshakes with " + e.server.Name + " are not completed by the client"
		out = append(out, f)
	}
	return out
}
