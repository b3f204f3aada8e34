package report

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// example writes one connection to look at.
func (p *page) example() {
	id, why, ok := p.r.found().Example()
	for _, f := range p.r.diagnosis().Findings {
		if f.Severity > rules.Info {
			id, why, ok = f.Examples[0].Connection, "the first that shows "+f.Rule.ID, true
			break
		}
	}
	var c analyze.Connection
	if !ok || !connectionByID(p.r.found(), id, &c) {
		return
	}
	p.section("ONE CONNECTION TO LOOK AT")
	p.para(2, "connection %d: %s", id, plain(why))
	p.connectionFacts(&c)
	p.para(2, "In Wireshark: %s", wiresharkFilter(&c))
	p.para(2, "Packet by packet: the same command with --conn %d", id)
}

// connectionByID fills c with the connection of that id; ids ascend.
func connectionByID(found Facts, id uint64, c *analyze.Connection) bool {
	i := sort.Search(found.Len(), func(i int) bool {
		found.Connection(i, c)
		return c.ID >= id
	})
	if i == found.Len() {
		return false
	}
	found.Connection(i, c)
	return c.ID == id
}

// connectionFacts writes what matters of one connection.
func (p *page) connectionFacts(c *analyze.Connection) {
	p.para(2, "%s -> %s, from %s for %s, %s and %s", addrText(c.Client), addrText(c.Server),
		p.clock(c.Start), duration(c.End-c.Start), plural(int64(c.PacketsClient+c.PacketsServer), "packet", "packets"),
		plural(int64(c.BytesClient+c.BytesServer), "byte", "bytes"))
	p.para(2, "%s; %s", opening(c), messages(c))
	for _, side := range []struct {
		name string
		p    *analyze.Probes
	}{{"client", &c.ClientProbes}, {"server", &c.ServerProbes}} {
		if side.p.Sent > 0 {
			p.para(2, "%s of the %s, %s", plural(int64(side.p.Sent), "keep-alive probe", "keep-alive probes"),
				side.name, rhythm(side.p))
		}
	}
	p.para(2, "%s", p.ending(&c.Close))
	if is := p.r.diagnosis().Of(c.ID); is.Cause != cause.Undecided {
		p.para(2, "not reused: %s, %s (confidence: %s); %s", is.Cause, is.Cause.Meaning(), is.Confidence, is.Observed())
	}
}

// rhythm says when keep-alive probes were sent, as far as is known.
func rhythm(p *analyze.Probes) string {
	s := fmt.Sprintf("%d answered", p.Answered)
	if p.Idle != analyze.Unknown {
		s += ", the first after " + duration(p.Idle)
	}
	if p.Interval != analyze.Unknown {
		s += ", then every " + duration(p.Interval)
	}
	return s
}

// opening says how c was opened.
func opening(c *analyze.Connection) string {
	s := "handshake " + c.Handshake.String()
	if c.ConnectTime != analyze.Unknown {
		s += " in " + duration(c.ConnectTime)
	}
	if c.SYNRetransmissions > 0 {
		s += fmt.Sprintf(" after %s again", plural(int64(c.SYNRetransmissions), "SYN sent", "SYNs sent"))
	}
	return s
}

// messages says what c carried.
func messages(c *analyze.Connection) string {
	protocol := c.Protocol.String()
	if protocol == "" {
		return "no data"
	}
	if c.HTTPUnknown {
		return protocol + ", requests unknown"
	}
	return fmt.Sprintf("%s, %s, %s", protocol, plural(c.Requests, "request", "requests"), plural(c.Responses, "response", "responses"))
}

// ending says how a connection ended and who holds TIME_WAIT.
func (p *page) ending(c *analyze.Close) string {
	s := "close: " + c.Kind.String() + " (" + closeMeanings[c.Kind] + ")"
	if c.FirstFIN != analyze.Nobody {
		s += ", " + c.FirstFIN.String() + " first"
	}
	if c.RSTBy != analyze.Nobody {
		s += ", RST by " + c.RSTBy.String()
	}
	if c.Packet != 0 {
		s += fmt.Sprintf(", %s (packet %d)", p.clock(c.At), c.Packet)
	}
	if c.TimeWait != analyze.TimeWaitNull {
		s += "; TIME_WAIT: " + c.TimeWait.String()
	}
	if c.Inferred {
		s += " (inferred: a FIN was not captured)"
	}
	return s
}

// wiresharkFilter returns a display filter that shows c.
func wiresharkFilter(c *analyze.Connection) string {
	if c.Stream != analyze.Unknown {
		return fmt.Sprintf("tcp.stream eq %d", c.Stream)
	}
	side := func(a netip.AddrPort) string {
		family := "ip"
		if a.Addr().Is6() {
			family = "ipv6"
		}
		return fmt.Sprintf("%s.addr eq %s and tcp.port eq %d", family, a.Addr().WithZone(""), a.Port())
	}
	return side(c.Client) + " and " + side(c.Server)
}

// longBack is from when on it shows in the numbers that packets are not in order
// of time: what several CPUs or interfaces capture is mixed up by less.
const longBack = 100e6

// trust writes what limits the numbers.
func (p *page) trust() {
	m, t := &p.r.Meta, &p.r.Result.Totals
	dropped := "unknown, the capture does not say"
	if m.KernelDropped != nil {
		dropped = plural(int64(*m.KernelDropped), "packet", "packets")
	}
	p.section("TRUST")
	p.fact("kernel drops", dropped)
	if m.live() {
		p.fact("interface drops", plural(int64(m.InterfaceDropped), "packet", "packets"))
	}
	if d := m.Damage; d != nil {
		p.fact("damage", fmt.Sprintf("%s, packet %s, byte %s: %s; what follows is not read",
			plain(d.Source), count(int64(d.Packet)), count(d.Offset), plain(d.Reason)))
	} else {
		p.fact("damage", "none")
	}
	if m.Interrupted {
		p.fact("stopped", "before the end of the capture")
	}
	p.fact("cut packets", with(int64(m.CutPackets), "packet", "packets", "captured in part"))
	p.fact("not decoded", p.undecoded())
	p.narrowing()
	p.fact("duplicates", with(t.DuplicatePackets, "packet", "packets", "counted as packets and as nothing else"))
	if t.TimeBack >= longBack {
		p.fact("order", "packets are up to "+duration(t.TimeBack)+" earlier than one before them, for the clock was set or files were joined: durations, idle times and TIME_WAIT across that may be wrong")
	}
	if t.Connections == 0 {
		return
	}
	p.fact("missing", with(t.MissingBytes, "byte", "bytes", "of payload that the capture does not hold"))
	p.fact("midstream", with(t.Midstream, "connection", "connections", m.Narrowed.unopened()))
	p.fact("unfinished", with(t.Unfinished, "connection", "connections", m.Narrowed.unfinished()))
	if n := p.r.NotKept; n > 0 {
		p.fact("not kept", plural(n, "connection", "connections")+" counted, but no longer kept one by one: what is said of single ones is of the others")
	}
	p.fact("not countable", with(t.HTTPUnknown, "connection", "connections", "with TLS, HTTP/2 or cut heads: requests unknown"))
	p.notJudged()
	if t.IgnoredRSTs > 0 {
		p.fact("ignored", with(t.IgnoredRSTs, "RST", "RSTs", "that the receiver does not accept"))
	}
}

// with writes n, its noun and, unless it is 0, what is said of them.
func with(n int64, one, many, said string) string {
	if n == 0 {
		return "none"
	}
	return plural(n, one, many) + " " + said
}

// undecoded says how many packets are not TCP, and how many nobody knows.
func (p *page) undecoded() string {
	m := &p.r.Meta
	if m.Packets == 0 {
		return "0"
	}
	other := int64(m.Packets) - int64(m.TCPPackets) - int64(m.UndecodedPackets)
	are := "not TCP"
	if m.Narrowed.leavesPackets() {
		are += " or left out"
	}
	return fmt.Sprintf("%s of %s; %s %s", count(int64(m.UndecodedPackets)), plural(int64(m.Packets), "packet", "packets"),
		count(max(0, other)), are)
}

// anonymised says what has become of names.
const anonymised = "addresses are pseudonyms that keep common prefixes (Crypto-PAn); so are host names, paths, queries and header values; " +
	"file names, filter and command line are withheld; ports, times and sizes are the capture's"

// provenance writes what the report was made from and how.
func (p *page) provenance() {
	m := &p.r.Meta
	p.section("PROVENANCE")
	for i := range min(len(m.Sources), p.top) {
		s := &m.Sources[i]
		file := plain(s.Name) + " (" + plural(int64(s.Packets), "packet", "packets")
		if s.Format != "" {
			file += ", " + plain(s.Format)
		}
		if s.Size >= 0 {
			file += ", " + plural(s.Size, "byte", "bytes")
		}
		label := "file"
		if m.live() {
			label = "interface"
		}
		p.fact(label, file+")")
		if s.SHA256 != "" {
			p.fact("sha256", s.SHA256)
		}
	}
	p.more(len(m.Sources))
	if len(m.LinkTypes) > 0 {
		p.fact("link types", plain(strings.Join(m.LinkTypes, ", ")))
	}
	if m.Filter != "" {
		p.fact("filter", plain(m.Filter))
	}
	if m.Anonymized {
		p.fact("anonymised", anonymised)
	} else if len(m.CommandLine) > 0 {
		p.fact("command line", command(m.CommandLine))
	}
	p.fact("version", fmt.Sprintf("%s %s, %s", toolName, plain(p.r.Version), schemaName))
}
