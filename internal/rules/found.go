package rules

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// found makes a finding of the connections that show it, and weighs it.
func (v *view) found(r *Rule, e group, title string, args ...any) Finding {
	f := v.told(r, e, title, args...)
	f.Saves = saving(v, e.records)
	f.Severity = v.weigh(&f)
	return f
}

// told is found without the weighing, and the finding saves nothing.
func (v *view) told(r *Rule, e group, title string, args ...any) Finding {
	f := Finding{
		Rule: r, Subject: e.name(), subject: e.subject, records: [][]*cause.Record{e.records},
		Title: fmt.Sprintf(title, args...), Advice: r.adviceFor(e),
		Connections: e.len(), Confidence: cause.Low,
	}
	for _, x := range e.records {
		f.Confidence = max(f.Confidence, x.Confidence)
		if !e.byCause {
			continue
		}
		f.Failed += v.Lost(x).Failed
		if x.NeverOpened() {
			f.Unopened++
		}
	}
	for _, x := range e.records[:min(len(e.records), maxExamples)] {
		f.Examples = append(f.Examples, v.example(x))
	}
	f.Observed = f.Examples[0].Observed
	return f
}

// adviceFor picks the words that fit who has to change.
func (r *Rule) adviceFor(e group) products.Advice {
	who := r.Who
	if who == analyze.Both {
		who = e.records[0].By
	}
	says := products.Unknown
	switch {
	case who == analyze.Server && e.server != nil:
		says = e.server.Software
	case who == analyze.Client && e.pair != nil:
		says = e.pair.Program
	}
	return adviceOr(says, r.ID, r.Advice)
}

// adviceOr returns the words that a program has for a rule, else other.
func adviceOr(says products.ID, rule string, other products.Advice) products.Advice {
	if own, ok := says.Advice(rule); ok {
		return own
	}
	return other
}

// example shows one connection.
func (v *view) example(r *cause.Record) Example {
	x := Example{Connection: uint64(r.ID), Stream: analyze.Unknown, Observed: r.Observed()}
	switch {
	case r.Stream != cause.NoStream:
		x.Stream = int64(r.Stream)
		x.Filter = fmt.Sprintf("tcp.stream eq %d", r.Stream)
	default:
		p := v.PairOf(r)
		x.Filter = DisplayFilter(netip.AddrPortFrom(p.Client, r.Port), p.Server)
	}
	for _, n := range [...]uint64{r.Request, r.Packet} {
		if n != 0 && !slices.Contains(x.Packets, n) {
			x.Packets = append(x.Packets, n)
		}
	}
	slices.Sort(x.Packets)
	return x
}

// DisplayFilter is the filter of Wireshark for the packets between two endpoints, of a
// connection whose stream has no number there.
func DisplayFilter(client, server netip.AddrPort) string {
	family := "ip"
	if client.Addr().Is6() {
		family = "ipv6"
	}
	return fmt.Sprintf("%s.addr eq %s and %s.addr eq %s and tcp.port eq %d and tcp.port eq %d", family, client.Addr().WithZone(""),
		family, server.Addr().WithZone(""), client.Port(), server.Port())
}
