package report

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/names"
)

// Naming says what addresses are called, with --resolve.
type Naming struct {
	Names   names.Names
	Answers int64 // of DNS that the capture holds
	NoDNS   bool  // a filter may have left them out
}

// maxShown is how many characters of a name stand beside an address.
const maxShown = 48

// AddrText writes an endpoint, with its name.
func (m *Meta) AddrText(a netip.AddrPort) string { return AddrText(a) + m.nameOf(a.Addr()) }

// HostText writes an address, with its name.
func (m *Meta) HostText(a netip.Addr) string { return HostText(a) + m.nameOf(a) }

// nameOf returns what follows an address, "" without a name.
func (m *Meta) nameOf(a netip.Addr) string {
	if m.Naming == nil {
		return ""
	}
	k := m.Naming.Names[a.Unmap()]
	if name := k.Best(); name != "" {
		return " (" + Fit(name, maxShown) + ")"
	}
	return ""
}

// Named is an address of the report that has names.
type Named struct {
	Addr netip.Addr
	names.Known
}

// Named returns the addresses of servers and clients that have names, the servers first.
func (r *Report) Named() (list []Named) {
	if r.Meta.Naming == nil {
		return nil
	}
	seen := map[netip.Addr]bool{}
	add := func(a netip.Addr) {
		if k, ok := r.Meta.Naming.Names[a]; ok && !seen[a] {
			seen[a] = true
			list = append(list, Named{a, k})
		}
	}
	for i := range r.Result.Servers {
		add(r.Result.Servers[i].Server.Addr())
	}
	for i := range r.Result.Pairs {
		add(r.Result.Pairs[i].Client)
	}
	return list
}

// names writes what addresses are called, and by whom.
func (p *teller) names() {
	x := p.r.Meta.Naming
	if x == nil {
		return
	}
	p.section("NAMES")
	list := p.r.Named()
	if len(list) > 0 {
		tab := Table{Align: "lll", Heads: []string{"address", "name", "from"}}
		for _, n := range list[:min(len(list), p.rows)] {
			from, others := "hosts file", []string(nil)
			if len(n.DNS) > 0 {
				from, others = "DNS", n.DNS[1:]
			}
			tab.Row(n.Addr.String(), Fit(n.Best(), maxShown), from)
			var also []string
			for _, name := range others {
				also = append(also, Fit(name, maxShown))
			}
			if n.Hosts != "" && len(n.DNS) > 0 && !slices.Contains(n.DNS, n.Hosts) {
				also = append(also, Fit(n.Hosts, maxShown)+" in the hosts file")
			}
			if len(also) > 0 {
				tab.note("also " + strings.Join(also, ", "))
			}
		}
		p.table(&tab)
		p.more(len(list))
	}
	switch {
	case x.Answers > 0:
		p.para(0, "(DNS: what answers in the capture say, whoever sent them; the name that was asked for last comes first)")
	case x.NoDNS:
		p.para(0, "(the capture holds no answer of DNS over UDP: the filter leaves them out unless it lets port 53 pass)")
	default:
		p.para(0, "(the capture holds no answer of DNS over UDP)")
	}
}
