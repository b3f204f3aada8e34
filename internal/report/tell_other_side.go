package report

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/bothends"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// otherSide tells what both captures say together.
func (p *teller) otherSide() {
	o := p.r.OtherSide
	if o == nil {
		return
	}
	p.medium.Section("BOTH ENDS", o.Source)
	p.matched(o)
	switch {
	case o.Matched == 0:
		p.para(0, "(no connection is in both captures: they do not overlap in time, show other traffic, or something between them ends connections and opens its own, as a proxy does)")
		return
	case o.Same:
		p.para(0, "(both captures hold the same packets, equally far apart in time: they were made at the same point, or one is a copy of the other, and tell nothing of what lies between two points)")
		return
	}
	p.clocks(o)
	p.natOf(o)
	p.losses(o)
	p.forged(o)
	p.corrected()
	p.unopened(o)
	p.changedOptions(o)
	p.whereTimeWent(o)
	p.othersCaveats(o)
	p.lostTable(o)
}

// matched tells how many connections are in both.
func (p *teller) matched(o *OtherSide) {
	count := func(n int) string { return cause.Count(int64(n)) }
	said := fmt.Sprintf("%s in both captures", cause.Plural(int64(o.Matched), "connection", "connections"))
	var how []string
	for means, words := range [...]string{"by both initial sequence numbers", "by the client's alone", "by packets in the middle"} {
		if n := o.By[means]; n > 0 {
			how = append(how, count(n)+" "+words)
		}
	}
	if len(how) > 0 {
		said += ": " + strings.Join(how, ", ")
	}
	p.fact("matched", said)
	var alone []string
	for _, x := range [...]struct {
		n     int
		words string
	}{
		{o.AloneHere, "only in this capture"}, {o.AloneThere, "only in the other one"},
		{o.OutsideHere + o.OutsideThere, "outside the time of both"},
		{o.Ambiguous, "not matched, for they could be several"},
	} {
		if x.n > 0 {
			alone = append(alone, count(x.n)+" "+x.words)
		}
	}
	if len(alone) > 0 {
		p.fact("others", strings.Join(alone, ", "))
	}
	if o.Matched > 0 && !o.Same {
		switch here, there := o.SidesAt(); {
		case here && there:
			p.fact("where", "each capture is the nearer one to some of the clients")
		case there:
			p.fact("where", "this capture is at the server's end, the other one at the client's")
		default:
			p.fact("where", "this capture is at the client's end, the other one at the server's")
		}
	}
}

// clocks tells how far the clocks are apart.
func (p *teller) clocks(o *OtherSide) {
	c := &o.Clock
	switch {
	case c.Stepped:
		p.fact("clocks", "no offset fits all packets: one of the clocks was set meanwhile, or time stamps are wrong by more than 2 ms")
		return
	case !c.Known:
		p.fact("clocks", "offset unknown: one of the captures has packets of one direction alone")
		return
	}
	p.fact("clocks", fmt.Sprintf("the other one shows %s s more, between %s and %s (%s and %s)",
		offsetText(c.Offset), offsetText(c.Low), offsetText(c.High),
		cause.Plural(int64(c.Pairs[0]), "packet there", "packets there"), cause.Plural(int64(c.Pairs[1]), "back", "back")))
	if c.Drifts() {
		p.fact("drift", fmt.Sprintf("the other one runs %.1f to %.1f ppm faster", c.DriftLow, c.DriftHigh))
	}
	p.para(0, "(the fastest packets both ways give the bounds; how their time is shared by the two ways, the captures cannot tell)")
}

// offsetText writes an offset in seconds.
func offsetText(ns int64) string {
	if ns == analyze.Unknown {
		return notKnown
	}
	sign := "+"
	if ns < 0 {
		sign, ns = "-", -ns
	}
	return fmt.Sprintf("%s%d.%06d", sign, ns/1e9, ns%1e9/1e3)
}

// natOf tells which addresses are others there.
func (p *teller) natOf(o *OtherSide) {
	if len(o.Translated) == 0 {
		return
	}
	p.fact("translated", fmt.Sprintf("%d of %d connections have the same client port at both ends", o.Ports.Kept, o.Ports.Of))
	tab := Table{Align: "llllr", Heads: []string{"client here", "there", "server here", "there", "conns"}}
	for i := range o.Translated[:min(len(o.Translated), p.rows)] {
		t := &o.Translated[i]
		tab.Row(HostText(t.Client), HostText(t.ClientThere), AddrText(t.Server), AddrText(t.ServerThere), cause.Count(int64(t.Connections)))
	}
	p.table(&tab)
	p.more(len(o.Translated))
}

// to names where packets of a side go.
var to = [2]string{"to the server", "to the client"}

// sender names the sides.
var sender = [2]string{"client", "server"}

// losses tells what did not arrive.
func (p *teller) losses(o *OtherSide) {
	tab := Table{Align: "lrrrrrrrr", Heads: []string{"packets", "sent", "lost", "", "SYN", "data", "FIN", "RST", "ACK alone"}}
	for side := range o.Lost {
		l := &o.Lost[side]
		if l.Sent == 0 {
			tab.Row(to[side], notKnown, notKnown, "", "", "", "", "", "")
			continue
		}
		n := func(n uint64) string { return cause.Count(int64(n)) }
		tab.Row(to[side], n(l.Sent), n(l.Packets), fmt.Sprintf("%.1f%%", 100*float64(l.Packets)/float64(l.Sent)), n(l.SYN), n(l.Data), n(l.FIN), n(l.RST), n(l.Bare))
	}
	p.table(&tab)
	for side, n := range o.Needless {
		if n > 0 {
			p.fact("retransmitted", fmt.Sprintf("%s by the %s though the data had arrived; for %s of them the acknowledgement was lost",
				cause.Plural(int64(n), "packet", "packets"), sender[side], cause.Count(int64(o.NeedlessLost[side]))))
		}
	}
}

// forged tells of what arrived though it was not sent.
func (p *teller) forged(o *OtherSide) {
	for kind, n := range o.ForgedCount {
		if n == 0 {
			continue
		}
		name, them := [2]string{"RST", "FIN"}[kind], "it"
		if n > 1 {
			them = "them"
		}
		p.fact("forged", fmt.Sprintf("%s arrived in the name of a host that did not send %s: something between the two points did",
			cause.Plural(int64(n), name, name+"s"), them))
	}
	p.onePacketEach(o.Forged, "arrived", "in the name of")
}

// corrected tells which causes this capture alone would have shown.
func (p *teller) corrected() {
	for _, c := range p.r.Diagnosed().Corrected {
		alone := "where this capture alone shows " + c.From.String()
		if c.From == cause.Undecided {
			alone = "which this capture alone does not show"
		}
		p.fact("corrected", fmt.Sprintf("%s: %s, %s", cause.Plural(c.Connections, "connection", "connections"), c.To, alone))
	}
}

// onePacketEach is a table of packets that one capture alone has.
func (p *teller) onePacketEach(list []bothends.Packet, seen, by string) {
	if len(list) == 0 {
		return
	}
	tab := Table{Align: "rlllrl", Heads: []string{"connection", "packet", "", by, seen + " in", "frame"}}
	for i := range list[:min(len(list), p.rows)] {
		x := &list[i]
		id, capture := "only there", "the other capture"
		if x.Here > 0 {
			id = cause.Count(int64(x.Here))
		}
		if x.AtHere {
			capture = "this capture"
		}
		size := ""
		if x.Bytes > 0 {
			size = cause.Plural(int64(x.Bytes), "byte", "bytes")
		}
		tab.Row(id, flagsText(x.Flags), size, sender[x.Side], capture, fmt.Sprint(x.Num))
	}
	p.table(&tab)
	p.more(len(list))
}

// flagsText names what a packet is.
func flagsText(f flows.Flags) string {
	var words []string
	for _, x := range [...]struct {
		bit  flows.Flags
		name string
	}{{flows.SYN, "SYN"}, {flows.FIN, "FIN"}, {flows.RST, "RST"}, {flows.PSH, "PSH"}, {flows.ACK, "ACK"}} {
		if f&x.bit != 0 {
			words = append(words, x.name)
		}
	}
	return strings.Join(words, ",")
}

// unopened tells where handshakes ended.
func (p *teller) unopened(o *OtherSide) {
	for _, x := range [...]struct {
		n     int
		words string
	}{
		{o.SYN.NeverArrived, "no SYN arrived"}, {o.SYN.NotAnswered, "a SYN arrived, and the server's end sent no answer"}, {o.SYN.AnswerLost, "the server's end answered, and no SYN-ACK arrived"},
	} {
		if x.n > 0 {
			p.fact("not opened", fmt.Sprintf("%s: %s", cause.Plural(int64(x.n), "connection", "connections"), x.words))
		}
	}
}

// changedOptions tells what something between the points makes of SYNs.
func (p *teller) changedOptions(o *OtherSide) {
	if len(o.Changed) == 0 {
		return
	}
	tab := Table{Align: "llrrr", Heads: []string{"changed between", "of the SYN of the", "sent", "arrived", "conns"}}
	for i := range o.Changed[:min(len(o.Changed), p.rows)] {
		x := &o.Changed[i]
		value := func(n int) string {
			switch {
			case n < 0:
				return "none"
			case x.Option == "timestamps" || x.Option == "SACK":
				return "yes"
			}
			return fmt.Sprint(n)
		}
		tab.Row(x.Option, sender[x.Side], value(x.Sent), value(x.Got), cause.Count(int64(x.Connections)))
	}
	p.table(&tab)
	p.more(len(o.Changed))
}

// whereTimeWent tells where time went between a request and its answer.
func (p *teller) whereTimeWent(o *OtherSide) {
	tab := Table{Align: "lrrrr", Heads: []string{"where time went", "turns", "p50", "p90", "max"}}
	for _, x := range [...]struct {
		name string
		s    *bothends.Spans
	}{{"between the points, both ways", &o.Network}, {"behind the server's point", &o.Server}, {"before the client's point", &o.Client}} {
		if x.s.N > 0 {
			tab.Row(x.name, cause.Count(int64(x.s.N)), cause.Duration(x.s.P50), cause.Duration(x.s.P90), cause.Duration(x.s.Max))
		}
	}
	if len(tab.Rows) > 0 {
		tab.Apart = true
		p.table(&tab)
	}
}

// othersCaveats tells what the comparison leaves out.
func (p *teller) othersCaveats(o *OtherSide) {
	for _, x := range [...]struct {
		n     uint64
		words string
	}{
		{o.NotThere, "missing from the capture at the receiver's end, though what they carry was acknowledged"},
		{o.NotHere, "missing from the capture at the sender's end, or sent by something between the points"},
		{o.NotJudged, "not judged: under way, maybe, when a capture began or ended"},
	} {
		if x.n > 0 {
			p.para(0, "(%s %s)", cause.Plural(int64(x.n), "packet", "packets"), x.words)
		}
	}
	if o.Damage != "" {
		p.para(0, "(the other capture is damaged: %s)", Plain(o.Damage))
	}
	if n := o.KernelDropped; n != nil && *n > 0 {
		p.para(0, "(%s dropped while the other capture was made: they may seem to be lost)", cause.Plural(int64(*n), "packet was", "packets were"))
	}
	if o.Full {
		p.para(0, "(there were more packets than memory is for: those after them are not compared)")
	}
}

// lostTable is the packets that were lost.
func (p *teller) lostTable(o *OtherSide) {
	p.onePacketEach(o.LostPackets, "sent", "by")
}
