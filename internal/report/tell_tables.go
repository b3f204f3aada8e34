package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
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
	flows.CloseUnknown:      "FIN from one side, and nothing captured from the other",
}

// CloseMeaning says what it means that a connection ended so.
func CloseMeaning(kind flows.CloseKind) string { return closeMeanings[kind] }

// closes writes who closes first and how.
func (p *teller) closes() {
	t := &p.r.Result.Totals
	p.section("WHO CLOSES FIRST AND HOW")
	tab := Table{Align: "lrrl", Heads: []string{"close", "connections", "share", ""}}
	for i := range t.CloseKinds {
		kind := (i + 1) % len(t.CloseKinds) // CloseOpen last
		if n := t.CloseKinds[kind]; n > 0 {
			tab.Row(flows.CloseKind(kind).String(), cause.Count(n), share(n, t.Connections), closeMeanings[kind])
		}
	}
	p.table(&tab)
	f := &t.ClosedFirst
	p.para(16, "closed first:   %s", counts(
		tally{"server", f.Server}, tally{"client", f.Client}, tally{"both", f.Both}, tally{"nobody", f.None},
		tally{"unknown (one direction captured)", f.Unknown}))
	w := &t.TimeWait
	p.para(16, "TIME_WAIT held: %s", counts(
		tally{"by the server", w.Server}, tally{"by the client", w.Client}, tally{"by both", w.Both},
		tally{"by nobody (RST)", w.None}, tally{"pending (one FIN so far)", w.Pending},
		tally{"unknown (FIN not captured)", w.Unknown}))
	p.hosts(w.Hosts)
}

// tally is a count with its name.
type tally struct {
	name string
	n    int64
}

// counts lists what is not zero.
func counts(list ...tally) string {
	var out []string
	for _, m := range list {
		if m.n != 0 {
			out = append(out, m.name+" "+cause.Count(m.n))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// hosts writes the hosts that hold TIME_WAIT.
func (p *teller) hosts(list []analyze.HostPopulation) {
	if len(list) == 0 {
		return
	}
	tab := Table{Align: "lrrr", Heads: []string{"TIME_WAIT entries at", "peak", "when", "at the end"}}
	rising := slices.ContainsFunc(list, func(h analyze.HostPopulation) bool { return p.headingFor(&h.Population) != "" })
	if rising {
		tab.Align, tab.Heads = tab.Align+"r", append(tab.Heads, "projected")
	}
	for i := range min(len(list), p.rows) {
		h := &list[i]
		cells := []string{p.r.Meta.HostText(h.Host), cause.Count(h.Peak), p.r.Meta.Clock(h.PeakAt), cause.Count(h.AtEnd)}
		if rising {
			cells = append(cells, p.headingFor(&h.Population))
		}
		tab.Row(cells...)
	}
	tab.Apart = true
	p.table(&tab)
	p.more(len(list))
}

// timeWaitAt returns the closes that left TIME_WAIT at a server, or Unknown.
func timeWaitAt(s *analyze.ServerSummary) int64 {
	if s.TimeWaitPeak == analyze.Unknown {
		return analyze.Unknown
	}
	return s.TimeWaitServer + s.TimeWaitBoth
}

// servers writes a row for each of the busiest servers.
func (p *teller) servers() {
	list := p.r.Result.Servers
	if len(list) == 0 {
		return
	}
	p.section("BY SERVER")
	tab := Table{Align: "lrrrrrrr", Heads: []string{"server", "clients", "conns", "requests", "reused",
		"by server", "by client", "TIME_WAIT"}}
	failed := p.r.Lost().Failed > 0
	if failed {
		tab.Align, tab.Heads = tab.Align+"r", append(tab.Heads, "failed")
	}
	for i := range min(len(list), p.rows) {
		s := &list[i]
		cells := []string{p.r.Meta.AddrText(s.Server), cause.Count(s.Clients), cause.Count(s.Connections), requestsCell(s.Requests, &s.Estimated), reuseCell(s.ReuseRatio, &s.Estimated),
			cause.Count(s.ClosedFirst.Server + s.ClosedFirst.Both), cause.Count(s.ClosedFirst.Client + s.ClosedFirst.Both),
			cell(timeWaitAt(s))}
		if failed {
			cells = append(cells, cause.Count(p.r.Diagnosed().LostAt(s.Num).Failed))
		}
		tab.Row(cells...)
		tab.note(joined(advertised(s), streamsAt(&s.Streams)))
	}
	p.table(&tab)
	if failed {
		p.para(0, "(by server, by client: who closed first; TIME_WAIT: closes that left it at the server; failed: requests)")
	} else {
		p.para(0, "(by server, by client: who closed first; TIME_WAIT: closes that left it at the server)")
	}
	p.more(len(list))
}

// cell writes a count for a table.
func cell(n int64) string {
	if n == analyze.Unknown {
		return "-"
	}
	return cause.Count(n)
}

// ratioCell writes a ratio for a table.
func ratioCell(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return cause.Percent(f)
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

// joined joins the notes that are not empty.
func joined(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(s string) bool { return s == "" }), "; ")
}

// pairs writes a row for each of the busiest pairs.
func (p *teller) pairs() {
	list := p.r.Result.Pairs
	if len(list) == 0 {
		return
	}
	p.section("BY CLIENT-SERVER PAIR")
	tab := Table{Align: "lrrrrrr", Heads: []string{"client -> server", "conns", "requests", "reused", "pool need", "avoidable", "ports"}}
	for i := range min(len(list), p.rows) {
		x := &list[i]
		need, avoidable := "-", "-"
		if x.Requests > 0 || x.Estimated.Known() {
			need, avoidable = cause.Count(x.Need()), cause.Count(x.Avoidable())
		}
		tab.Row(p.r.Meta.HostText(x.Client)+" -> "+p.r.Meta.AddrText(x.Server), cause.Count(x.Connections), requestsCell(x.Requests, &x.Estimated), reuseCell(x.ReuseRatio, &x.Estimated),
			need, avoidable, cause.Count(x.PortsInUse))
	}
	p.table(&tab)
	p.para(0, "(ports: the most in use or in TIME_WAIT at the client, of %s by default%s)", cause.Count(analyze.PortBudget), otherBudgets(list))
	p.more(len(list))
}

// requestsCell shows how many requests there were; those that are estimated have a word.
func requestsCell(n int64, x *analyze.Estimates) string {
	switch {
	case !x.Known():
		return cell(n)
	case n > 0:
		return cause.Count(n) + " + " + cause.Count(x.Requests) + " estimated"
	}
	return cause.Count(x.Requests) + " estimated"
}

// reuseCell is requestsCell for the share of the requests on a connection used again.
func reuseCell(ratio float64, x *analyze.Estimates) string {
	if x.Known() {
		return ratioCell(x.ReuseRatio)
	}
	return ratioCell(ratio)
}

// otherBudgets names the clients that are known to have another number of ports.
func otherBudgets(list []analyze.Pair) string {
	var said []string
	for i := range list {
		x := &list[i]
		if text := cause.Count(x.PortBudget) + " at " + HostText(x.Client); x.PortBudget != analyze.PortBudget && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ", " + strings.Join(said, ", ")
}

// probes writes who sends keep-alive probes, if anybody does.
func (p *teller) probes(s *survey) {
	if len(s.probers) == 0 {
		return
	}
	p.section("KEEP-ALIVE PROBES (TCP)")
	tab := Table{Align: "lrrrrr", Heads: []string{"from -> to", "conns", "sent", "answered", "first after", "then every"}}
	for i := range min(len(s.probers), p.rows) {
		g := s.probers[i]
		name := p.r.Meta.HostText(g.client) + " -> " + p.r.Meta.AddrText(g.server)
		if g.by == analyze.Server {
			name = p.r.Meta.AddrText(g.server) + " -> " + p.r.Meta.HostText(g.client)
		}
		tab.Row(name, cause.Count(g.connections), cause.Count(g.sent), cause.Count(g.answered), g.idle.String(), g.interval.String())
	}
	p.table(&tab)
	p.more(len(s.probers))
}

// handshakes writes where opening a connection failed or took more than one
// SYN.
func (p *teller) handshakes(s *survey) {
	if len(s.opened) == 0 {
		return
	}
	p.section("HANDSHAKES")
	tab := Table{Align: "lrrrrr", Heads: []string{"server", "complete", "refused", "unanswered", "other", "SYNs sent again"}}
	for i := range min(len(s.opened), p.rows) {
		o := s.opened[i]
		tab.Row(p.r.Meta.AddrText(o.server), cause.Count(o.complete), cause.Count(o.refused), cause.Count(o.unanswered), cause.Count(o.other), cause.Count(o.synsResent))
	}
	p.table(&tab)
	p.more(len(s.opened))
}
