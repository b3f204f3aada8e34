package rules

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var portScan = &Rule{
	ID:      "KA1046",
	Title:   "many ports of a host tried",
	Who:     analyze.Client,
	SetWhen: "a client is refused, or not answered, at 20 ports or more of one address, and tried none of them more than twice",
	Why:     "a port scan, or a program that looks for a service",
	Advice: products.Advise(
		"find the program on that client that does it",
		"to judge the rest, leave that client out with a filter (not host ADDRESS)",
	),
	Filter: "tcp.flags.syn == 1 or tcp.flags.reset == 1",
	Needs:  Opening | BothSides,
	Check:  checkPortScan,
}

// scan is what one client tried of one address without success, each of many
// ports once or twice.
type scan struct {
	client, target netip.Addr
	pairs          []*cause.Pair
}

// findScans finds the scans, so that their ports are not told one by one.
func (v *view) findScans() {
	v.scanned = map[uint32]bool{}
	for _, h := range v.Hosts() {
		if len(h.Pairs) < scanPorts {
			continue
		}
		at := map[netip.Addr]int{}
		var found []scan
		for _, p := range h.Pairs {
			if p.Seen() > scanTries || len(p.Having([]cause.Cause{cause.Refused, cause.Unanswered})) < int(p.Seen()) {
				continue
			}
			target := p.Server.Addr()
			i, ok := at[target]
			if !ok {
				i = len(found)
				at[target] = i
				found = append(found, scan{client: h.Addr, target: target})
			}
			found[i].pairs = append(found[i].pairs, p)
		}
		for _, s := range found {
			if len(s.pairs) < scanPorts {
				continue
			}
			v.scans = append(v.scans, s)
			for _, p := range s.pairs {
				v.scanned[p.Num] = true
			}
		}
	}
}

// unscanned leaves out the connections of scans.
func (v *view) unscanned(in []group) (out []group) {
	if len(v.scans) == 0 {
		return in
	}
	for _, e := range in {
		if e.records = cause.Where(e.records, func(x *cause.Record) bool { return !v.scanned[x.Pair] }); len(e.records) > 0 {
			out = append(out, e)
		}
	}
	return out
}

func checkPortScan(v *view, r *Rule) []Finding {
	var out []Finding
	for _, s := range v.scans {
		e := group{subject: subject{host: s.client.String()}}
		for _, p := range s.pairs {
			e.records = append(e.records, p.Records...)
		}
		f := v.found(r, e, "%s tried ports of %s, and connected to none of these %s", s.client, s.target, cause.Count(int64(len(s.pairs))))
		f.Severity, f.Unopened = Info, 0
		out = append(out, f)
	}
	return out
}
