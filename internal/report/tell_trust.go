package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// narrowing writes what the narrowing, not the capture, keeps from being seen.
func (p *teller) narrowing() {
	n := &p.r.Meta.Narrowed
	var said []string
	if n.Since != 0 {
		said = append(said, "what connections did before "+n.Zone.instant(n.Since)+", and TIME_WAIT that had begun, is not counted")
	}
	if n.Until != 0 {
		said = append(said, "what connections did after "+n.Zone.instant(n.Until)+" is not counted")
	}
	if n.Server.IsValid() {
		said = append(said, "connections, shares and TIME_WAIT are those of "+AddrText(n.Server)+" alone")
	}
	if n.Filter != "" {
		said = append(said, "the filter left packets out, so streams have no number")
	}
	if len(said) > 0 {
		p.fact("narrowed", strings.Join(said, "; "))
	}
}

// disordered is from when on it shows in the numbers that packets are not in order
// of time: what several CPUs or interfaces capture is mixed up by less.
const disordered = 100e6

// trust writes what limits the numbers, and in one line what does not.
func (p *teller) trust() {
	m, t := &p.r.Meta, &p.r.Result.Totals
	p.section("TRUST")
	var clean cleanFacts
	p.trustPackets(&clean)
	if t.Connections > 0 {
		p.trustConnections(&clean)
	}
	if m.Interrupted {
		p.fact("stopped", "before the end of the capture")
	}
	if len(clean) > 0 {
		p.fact("clean", strings.Join(clean, ", "))
	}
}

// cleanFacts are what could limit the numbers, and does not.
type cleanFacts []string

// limit writes how many there are of what limits the numbers, or notes that there is
// none.
func (p *teller) limit(clean *cleanFacts, name, none string, n int64, said string) {
	if n == 0 {
		*clean = append(*clean, none)
		return
	}
	p.fact(name, said)
}

// trustPackets writes what limits how far the packets can be trusted.
func (p *teller) trustPackets(clean *cleanFacts) {
	m, t := &p.r.Meta, &p.r.Result.Totals
	switch {
	case m.KernelDropped == nil:
		p.fact("kernel drops", "unknown (not recorded in this file)")
	default:
		p.limit(clean, "kernel drops", "no kernel drops", int64(*m.KernelDropped), cause.Plural(int64(*m.KernelDropped), "packet", "packets")+m.DropsBySource())
	}
	if m.Live() {
		p.limit(clean, "interface drops", "no interface drops", int64(m.InterfaceDropped), cause.Plural(int64(m.InterfaceDropped), "packet", "packets")+
			m.bySource(func(s *Source) uint64 { return s.InterfaceDropped }))
	}
	if d := m.Damage; d != nil {
		p.fact("damage", fmt.Sprintf("%s, packet %s, byte %s: %s; what follows is not read",
			Plain(d.Source), cause.Count(int64(d.Packet)), cause.Count(d.Offset), Plain(d.Reason)))
	} else {
		*clean = append(*clean, "no damage")
	}
	odd := "files"
	if m.Live() {
		odd = "interfaces"
	}
	for _, w := range p.r.Warnings() {
		p.fact(odd, Plain(w))
	}
	p.limit(clean, "cut packets", "no cut packets", int64(m.CutPackets), cause.Plural(int64(m.CutPackets), "packet", "packets")+" captured in part")
	if m.Packets > 0 {
		p.limit(clean, "not decoded", "all packets are TCP", int64(m.Packets)-int64(m.TCPPackets), p.undecoded())
	}
	p.narrowing()
	p.limit(clean, "duplicates", "no duplicates", t.DuplicatePackets,
		cause.Plural(t.DuplicatePackets, "packet", "packets")+" captured twice: counted as packets only")
	p.clock()
	if t.TimeBack >= disordered {
		p.fact("order", "some packets are up to "+cause.Duration(t.TimeBack)+" earlier than the packet before them, because the clock was set or files were joined: durations, idle times and TIME_WAIT across that moment may be wrong")
	}
}

// trustConnections writes what limits what is said of connections.
func (p *teller) trustConnections(clean *cleanFacts) {
	m, t := &p.r.Meta, &p.r.Result.Totals
	p.limit(clean, "missing", "no bytes missing", t.MissingBytes, cause.Plural(t.MissingBytes, "byte", "bytes")+" of payload missing from the capture")
	if t.SurplusBytes > 0 {
		p.fact("surplus", cause.Plural(t.SurplusBytes, "byte", "bytes")+" of servers beyond the end of their responses: the length that these say is wrong")
	}
	p.limit(clean, "midstream", "every opening captured", t.Midstream, cause.Plural(t.Midstream, "connection", "connections")+" "+m.Narrowed.unopened())
	p.limit(clean, "unfinished", "none left open", t.Unfinished, cause.Plural(t.Unfinished, "connection", "connections")+" "+m.Narrowed.unfinished())
	if n := p.r.NotKept; n > 0 && len(m.Points) > 0 {
		p.fact("not kept", cause.Plural(n, "connection", "connections")+" counted and judged, but not told one by one: a part has them all if --part-rows wrote it")
	} else if n > 0 {
		p.fact("not kept", cause.Plural(n, "connection", "connections")+" counted, but no longer kept one by one: single ones that are named are among the others")
	}
	p.givenUp()
	unread := t.HTTPUnknown - t.Estimated.Connections
	if unread > 0 || t.HTTPUnknown == 0 && t.Requests > 0 { // estimated ones are neither
		p.limit(clean, "not readable", "all requests readable", unread, cause.Plural(unread, "connection", "connections")+" with TLS, HTTP/2 or cut heads: requests unknown")
	}
	if t.TLSLost > 0 {
		p.fact("TLS records", cause.Plural(t.TLSLost, "connection has", "connections have")+" missing records, or bytes that are no records: what follows may be unreadable")
	}
	p.trustFrames()
	p.keys()
	p.notJudged()
	if t.IgnoredRSTs > 0 {
		p.fact("ignored", cause.Plural(t.IgnoredRSTs, "RST", "RSTs")+" that the receiver does not accept")
	}
}

// clock names the packets whose times cannot be right.
func (p *teller) clock() {
	c := &p.r.Meta.ClockFaults
	if c.Absurd > 0 {
		p.fact("clock", cause.Plural(int64(c.Absurd), "packet has", "packets have")+" a time that cannot be right ("+packetList(c.AbsurdPackets, c.Absurd)+
			"): before 1988, after 2099, with a fraction over one second, or an hour or more away from the packets around it; each counts at the time of the packet before it, if that is possible")
	}
	if c.Backwards > 0 {
		p.fact("clock set back", cause.Plural(int64(c.Backwards), "packet is", "packets are")+" an hour or more earlier than the one before ("+
			packetList(c.BackwardPackets, c.Backwards)+")")
	}
}

// packetList names packets, of which there are n in all.
func packetList(numbers []uint64, n uint64) string {
	var words []string
	for _, num := range numbers {
		words = append(words, strconv.FormatUint(num, 10)) // as Wireshark takes it
	}
	if more := n - uint64(len(numbers)); more > 0 {
		words = append(words, cause.Count(int64(more))+" more")
	}
	last := len(words) - 1
	switch last {
	case -1:
		return ""
	case 0:
		return "packet " + words[0]
	}
	return "packets " + strings.Join(words[:last], ", ") + " and " + words[last]
}

// undecoded says how many packets are not TCP, and how many nobody knows.
func (p *teller) undecoded() string {
	m := &p.r.Meta
	other := int64(m.Packets) - int64(m.TCPPackets) - int64(m.UndecodedPackets)
	are := "non-TCP"
	if m.Narrowed.leavesPackets() {
		are += " or left out"
	}
	return fmt.Sprintf("%s of %s; %s %s", cause.Count(int64(m.UndecodedPackets)), cause.Plural(int64(m.Packets), "packet", "packets"),
		cause.Count(max(0, other)), are)
}

// notJudged says which rules could not be judged, and why. That there were no probes is
// how most captures are, and no reason to doubt what the others found.
func (p *teller) notJudged() {
	var order []string
	by := map[string][]string{}
	for _, j := range p.r.Diagnosed().Judged {
		if j.Lacks == "" || j.Lacks == rules.LacksProbes || j.Lacks == rules.LacksOtherEnd {
			continue
		}
		if by[j.Lacks] == nil {
			order = append(order, j.Lacks)
		}
		by[j.Lacks] = append(by[j.Lacks], j.Rule.ID)
	}
	for _, lacks := range order {
		p.fact("not judged", fmt.Sprintf("%s: %s", cause.Plural(int64(len(by[lacks])), "rule", "rules"), lacks))
	}
}
