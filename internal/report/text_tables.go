package report

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// closeMeanings explain the kinds of close.
var closeMeanings = [flows.CloseKinds]string{
	flows.CloseOpen:         "still open when the capture ends",
	flows.CloseFIN:          "FIN from each side",
	flows.CloseSimultaneous: "FIN from both sides at once",
	flows.CloseHalf:         "one FIN: its sender in FIN-WAIT-2, the other in CLOSE-WAIT",
	flows.CloseReset:        "RST",
	flows.CloseFINReset:     "FIN, then RST",
	flows.CloseSilent:       "data, probes or SYNs unanswered to the end",
}

// closes writes who closes first and how.
func (p *page) closes() {
	t := &p.r.Result.Totals
	p.section("WHO CLOSES FIRST AND HOW")
	tab := table{align: "lrrl", heads: []string{"close", "connections", "share", ""}}
	for i := range t.CloseKinds {
		kind := (i + 1) % len(t.CloseKinds) // CloseOpen last
		if n := t.CloseKinds[kind]; n > 0 {
			tab.row(flows.CloseKind(kind).String(), count(n), share(n, t.Connections), closeMeanings[kind])
		}
	}
	p.table(&tab)
	f := &t.ClosedFirst
	p.para(16, "closed first:   %s", counts(
		member{"server", f.Server}, member{"client", f.Client}, member{"both", f.Both}, member{"nobody", f.None}))
	w := &t.TimeWait
	p.para(16, "TIME_WAIT held: %s", counts(
		member{"by the server", w.Server}, member{"by the client", w.Client}, member{"by both", w.Both},
		member{"by nobody (RST)", w.None}, member{"pending (one FIN so far)", w.Pending},
		member{"unknown (FIN not captured)", w.Unknown}))
	p.hosts(w.Hosts)
}

// counts lists what is not zero.
func counts(list ...member) string {
	var out []string
	for _, m := range list {
		if m.n != 0 {
			out = append(out, m.name+" "+count(m.n))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// fewestForRate is how many entries make a rate, however short the capture is.
const fewestForRate = 10

// headingFor writes the level that a population is heading for; nothing if the
// capture is long enough to show it, or what it has makes no rate.
func (p *page) headingFor(x *analyze.Population) string {
	short := p.r.Result.Last-p.r.Result.First < rules.ShortestRate
	if math.IsNaN(x.SteadyState) || short && x.Peak < fewestForRate {
		return ""
	}
	return rounded(x.SteadyState)
}

// hosts writes the hosts that hold TIME_WAIT.
func (p *page) hosts(list []analyze.HostPopulation) {
	if len(list) == 0 {
		return
	}
	tab := table{align: "lrrr", heads: []string{"TIME_WAIT entries at", "peak", "when", "at the end"}}
	rising := slices.ContainsFunc(list, func(h analyze.HostPopulation) bool { return p.headingFor(&h.Population) != "" })
	if rising {
		tab.align, tab.heads = tab.align+"r", append(tab.heads, "heading for")
	}
	for i := range min(len(list), p.top) {
		h := &list[i]
		cells := []string{h.Host.String(), count(h.Peak), p.clock(h.PeakAt), count(h.AtEnd)}
		if rising {
			cells = append(cells, p.headingFor(&h.Population))
		}
		tab.row(cells...)
	}
	tab.apart = true
	p.table(&tab)
	p.more(len(list))
}

// servers writes a row for each of the busiest servers.
func (p *page) servers() {
	list := p.r.Result.Servers
	if len(list) == 0 {
		return
	}
	p.section("BY SERVER")
	tab := table{align: "lrrrrrrr", heads: []string{"server", "clients", "conns", "requests", "reused",
		"by server", "by client", "TIME_WAIT"}}
	for i := range min(len(list), p.top) {
		s := &list[i]
		tab.row(addrText(s.Server), count(s.Clients), count(s.Connections), cell(s.Requests), ratioCell(s.ReuseRatio),
			count(s.ClosedFirst.Server+s.ClosedFirst.Both), count(s.ClosedFirst.Client+s.ClosedFirst.Both),
			count(s.TimeWaitServer+s.TimeWaitBoth))
		tab.note(advertised(s))
	}
	p.table(&tab)
	p.para(0, "(by server, by client: who closed first; TIME_WAIT: closes that left it at the server)")
	p.more(len(list))
}

// cell writes a count for a table.
func cell(n int64) string {
	if n == analyze.Unknown {
		return "-"
	}
	return count(n)
}

// ratioCell writes a ratio for a table.
func ratioCell(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return percent(f)
}

// advertised says what a server says of its settings.
func advertised(s *analyze.ServerSummary) string {
	var said []string
	if s.AdvertisedTimeout != analyze.Unknown {
		said = append(said, fmt.Sprintf("timeout=%d", s.AdvertisedTimeout))
	}
	if s.AdvertisedMax != analyze.Unknown {
		said = append(said, fmt.Sprintf("max=%d", s.AdvertisedMax))
	}
	if len(said) == 0 {
		return ""
	}
	return "says Keep-Alive: " + strings.Join(said, ", ")
}

// addrText writes an endpoint.
func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return unknown
	}
	return a.String()
}

// hostText writes an address.
func hostText(a netip.Addr) string {
	if !a.IsValid() {
		return unknown
	}
	return a.String()
}

// pairs writes a row for each of the busiest pairs.
func (p *page) pairs() {
	list := p.r.Result.Pairs
	if len(list) == 0 {
		return
	}
	p.section("BY CLIENT-SERVER PAIR")
	tab := table{align: "lrrrrrr", heads: []string{"client -> server", "conns", "requests", "reused", "pool need", "avoidable", "ports"}}
	for i := range min(len(list), p.top) {
		x := &list[i]
		need, avoidable := "-", "-"
		if x.Requests > 0 {
			need, avoidable = count(x.PoolNeed), count(x.AvoidableConnections)
		}
		tab.row(hostText(x.Client)+" -> "+addrText(x.Server), count(x.Connections), cell(x.Requests), ratioCell(x.ReuseRatio),
			need, avoidable, count(x.PortsInUse))
	}
	p.table(&tab)
	p.para(0, "(ports: the most in use or in TIME_WAIT at the client, of %s by default%s)", count(analyze.PortBudget), otherBudgets(list))
	p.more(len(list))
}

// otherBudgets names the clients that are known to have another number of ports.
func otherBudgets(list []analyze.Pair) string {
	var said []string
	for i := range list {
		x := &list[i]
		if text := count(x.PortBudget) + " at " + hostText(x.Client); x.PortBudget != analyze.PortBudget && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ", " + strings.Join(said, ", ")
}

// probes writes who sends keep-alive probes, if anybody does.
func (p *page) probes(s *survey) {
	if len(s.probers) == 0 {
		return
	}
	p.section("KEEP-ALIVE PROBES (TCP)")
	tab := table{align: "lrrrrr", heads: []string{"from -> to", "conns", "sent", "answered", "first after", "then every"}}
	for i := range min(len(s.probers), p.top) {
		g := s.probers[i]
		name := hostText(g.client) + " -> " + addrText(g.server)
		if g.by == analyze.Server {
			name = addrText(g.server) + " -> " + hostText(g.client)
		}
		tab.row(name, count(g.connections), count(g.sent), count(g.answered), g.idle.String(), g.interval.String())
	}
	p.table(&tab)
	p.more(len(s.probers))
}

// handshakes writes where opening a connection failed or took more than one
// SYN.
func (p *page) handshakes(s *survey) {
	if len(s.opened) == 0 {
		return
	}
	p.section("HANDSHAKES")
	tab := table{align: "lrrrrr", heads: []string{"server", "complete", "refused", "unanswered", "other", "SYNs sent again"}}
	for i := range min(len(s.opened), p.top) {
		o := s.opened[i]
		tab.row(addrText(o.server), count(o.complete), count(o.refused), count(o.unanswered), count(o.other), count(o.synsResent))
	}
	p.table(&tab)
	p.more(len(s.opened))
}
