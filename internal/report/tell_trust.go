package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// narrowing writes what the narrowing, not the capture, keeps from being seen.
func (p *teller) narrowing() {
	n := &p.r.Meta.Narrowed
	var said []string
	if n.Since != 0 {
		said = append(said, "what connections did before "+instant(n.Since)+", and TIME_WAIT that had begun, is not counted")
	}
	if n.Until != 0 {
		said = append(said, "what connections did after "+instant(n.Until)+" is not counted")
	}
	if n.Server.IsValid() {
		said = append(said, "connections, shares and TIME_WAIT are those of "+AddrText(n.Server)+" alone")
	}
	if n.Filter != "" {
		said = append(said, "the filter left packets out, and streams have no number")
	}
	if len(said) > 0 {
		p.fact("narrowed", strings.Join(said, "; "))
	}
}

// disordered is from when on it shows in the numbers that packets are not in order
// of time: what several CPUs or interfaces capture is mixed up by less.
const disordered = 100e6

// trust writes what limits the numbers.
func (p *teller) trust() {
	m, t := &p.r.Meta, &p.r.Result.Totals
	dropped := "unknown, the capture does not say"
	if m.KernelDropped != nil {
		dropped = cause.Plural(int64(*m.KernelDropped), "packet", "packets")
	}
	p.section("TRUST")
	p.fact("kernel drops", dropped)
	if m.Live() {
		p.fact("interface drops", cause.Plural(int64(m.InterfaceDropped), "packet", "packets"))
	}
	if d := m.Damage; d != nil {
		p.fact("damage", fmt.Sprintf("%s, packet %s, byte %s: %s; what follows is not read",
			Plain(d.Source), cause.Count(int64(d.Packet)), cause.Count(d.Offset), Plain(d.Reason)))
	} else {
		p.fact("damage", "none")
	}
	for _, w := range p.r.Warnings() {
		p.fact("files", Plain(w))
	}
	if m.Interrupted {
		p.fact("stopped", "before the end of the capture")
	}
	p.fact("cut packets", countOf(int64(m.CutPackets), "packet", "packets", "captured in part"))
	p.fact("not decoded", p.undecoded())
	p.narrowing()
	p.fact("duplicates", countOf(t.DuplicatePackets, "packet", "packets", "counted as packets and as nothing else"))
	p.clock()
	if t.TimeBack >= disordered {
		p.fact("order", "packets are up to "+cause.Duration(t.TimeBack)+" earlier than one before them, for the clock was set or files were joined: durations, idle times and TIME_WAIT across that may be wrong")
	}
	if t.Connections == 0 {
		return
	}
	p.fact("missing", countOf(t.MissingBytes, "byte", "bytes", "of payload that the capture does not hold"))
	if t.SurplusBytes > 0 {
		p.fact("surplus", countOf(t.SurplusBytes, "byte", "bytes", "of servers beyond the end of their responses: the length that these say is wrong"))
	}
	p.fact("midstream", countOf(t.Midstream, "connection", "connections", m.Narrowed.unopened()))
	p.fact("unfinished", countOf(t.Unfinished, "connection", "connections", m.Narrowed.unfinished()))
	if n := p.r.NotKept; n > 0 {
		p.fact("not kept", cause.Plural(n, "connection", "connections")+" counted, but no longer kept one by one: what is said of single ones is of the others")
	}
	p.givenUp()
	p.fact("not countable", countOf(t.HTTPUnknown-t.Estimated.Connections, "connection", "connections", "with TLS, HTTP/2 or cut heads: requests unknown"))
	if t.TLSLost > 0 {
		p.fact("TLS records", cause.Plural(t.TLSLost, "connection has", "connections have")+" records that are missing, or bytes that are none: what came after may not be read")
	}
	p.keys()
	p.notJudged()
	if t.IgnoredRSTs > 0 {
		p.fact("ignored", countOf(t.IgnoredRSTs, "RST", "RSTs", "that the receiver does not accept"))
	}
}

// clock names the packets whose times cannot be right.
func (p *teller) clock() {
	c := &p.r.Meta.ClockFaults
	if c.Absurd > 0 {
		p.fact("clock", cause.Plural(int64(c.Absurd), "packet has", "packets have")+" a time that cannot be right ("+packetList(c.AbsurdPackets, c.Absurd)+
			"): before 1988, after 2099, with a fraction of more than a second, or an hour or more away from the packets around it; counted at the time of the packet before, where that can be right")
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

// countOf writes n, its noun and, unless it is 0, what is said of them.
func countOf(n int64, one, many, said string) string {
	if n == 0 {
		return "none"
	}
	return cause.Plural(n, one, many) + " " + said
}

// undecoded says how many packets are not TCP, and how many nobody knows.
func (p *teller) undecoded() string {
	m := &p.r.Meta
	if m.Packets == 0 {
		return "0"
	}
	other := int64(m.Packets) - int64(m.TCPPackets) - int64(m.UndecodedPackets)
	are := "not TCP"
	if m.Narrowed.leavesPackets() {
		are += " or left out"
	}
	return fmt.Sprintf("%s of %s; %s %s", cause.Count(int64(m.UndecodedPackets)), cause.Plural(int64(m.Packets), "packet", "packets"),
		cause.Count(max(0, other)), are)
}

// notJudged says which rules could not be judged, and why.
func (p *teller) notJudged() {
	var order []string
	by := map[string][]string{}
	for _, j := range p.r.Diagnosed().Judged {
		if j.Lacks == "" {
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
