package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var untranslated = &Rule{
	ID:    "KA1057",
	Title: "a NAT does not translate packets of a connection",
	Who:   analyze.Network,
	SetWhen: "packets with the client's port and the sequence numbers of a connection come from another address than the server's, " +
		"the client answers them with an RST, and the connection is reset",
	Why: "connection tracking takes late packets, or packets outside its window, for invalid and forwards them untranslated: the client " +
		"gets them from an address to which it has no connection, and answers with the RST that ends the connection",
	Advice: products.Advise("on the host that does NAT, have it translate such packets: sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1",
		"drop them there, as kube-proxy does since Kubernetes 1.15: iptables -I FORWARD -m conntrack --ctstate INVALID -j DROP "+
			"(and on INPUT if the client runs on that host)"),
	Filter: "tcp.flags.reset == 1",
	Hint:   "the packet before it comes from an address to which no connection was opened",
	Needs:  BothSides,
	Check:  checkUntranslated,
}

func checkUntranslated(v *view, r *Rule) []Finding {
	var out []Finding
	for _, e := range v.perPair(cause.MiddleboxReset) {
		strays := cause.Where(e.records, func(x *cause.Record) bool { return x.Belongs() != 0 })
		if len(strays) == 0 {
			continue
		}
		own := v.Record(strays[0].Belongs())
		pair := v.PairOf(own)
		hit := group{subject: subject{pair: pair, server: pair.To}, byCause: true}
		for _, x := range strays {
			if c := v.Record(x.Belongs()); c.Cause == cause.MiddleboxReset {
				hit.records = append(hit.records, c)
			}
		}
		n := int64(len(hit.records))
		hit.records = append(hit.records, strays...)
		f := v.found(r, hit, "a NAT between %s and %s does not translate all packets: %s reset as packets came from %s",
			pair.Name, pair.To.Name, conns(n), e.server.Name)
		f.Connections = n
		f.Severity = max(f.Severity, Notable)
		f.brief = "a NAT between " + pair.Name + " and " + pair.To.Name + " does not translate all packets"
		out = append(out, f)
	}
	return out
}
