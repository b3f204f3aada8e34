package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var lostBetween = &Rule{
	ID:      "KA1090",
	Title:   "packets lost between the two captures",
	Who:     analyze.Network,
	SetWhen: "packets that left one end did not arrive at the other (--other-side)",
	Why:     "an interface, a queue or a policer on the path is full, a firewall drops them, or a link is faulty",
	Advice: products.Advise(
		"compare the drop counters of what lies between the two points: ip -s link and ethtool -S of each interface, tc -s qdisc, the counters of "+
			"firewall rules, and nf_conntrack: table full in the kernel's log",
		"move one capture nearer to the other, device by device, until the loss is behind it",
	),
	Filter: "tcp.analysis.retransmission",
	Hint:   "BOTH ENDS lists the packets that one capture has and the other lacks",
	Needs:  OtherEnd,
	Check:  checkLostBetween,
}

func checkLostBetween(v *view, r *Rule) []Finding {
	var order []*cause.Server
	by := map[*cause.Server]*group{}
	lost := map[*cause.Server]*cause.LostBetween{}
	b := v.Between()
	for i := range b.Lost {
		l := &b.Lost[i]
		x := v.Record(l.ID)
		if x == nil || x.ProvedForged() { // what was rejected is no loss
			continue
		}
		s := v.PairOf(x).To
		if by[s] == nil {
			order = append(order, s)
			by[s], lost[s] = &group{subject: subject{server: s}}, &cause.LostBetween{}
		}
		by[s].records = append(by[s].records, x)
		lost[s].ToServer += l.ToServer
		lost[s].ToClient += l.ToClient
	}
	var out []Finding
	for _, s := range order {
		var ways []string
		if n := lost[s].ToServer; n > 0 {
			ways = append(ways, cause.Plural(int64(n), "packet", "packets")+" to "+s.Name)
		}
		if n := lost[s].ToClient; n > 0 {
			ways = append(ways, cause.Plural(int64(n), "packet", "packets")+" from "+s.Name)
		}
		f := v.told(r, *by[s], "%s got lost between the two captures, in %s", strings.Join(ways, " and "), conns(by[s].len()))
		f.Confidence, f.Severity = cause.High, Notable
		if b.Rare {
			f.Severity = Info
		}
		out = append(out, f)
	}
	return out
}
