package report

import (
	"fmt"
	"slices"
	"sort"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// story writes one connection packet by packet.
func (p *teller) story(s *Story) {
	p.connection(s.Connection)
	exchanges := p.r.ExchangesOf(s.Connection.ID)
	redactor := p.r.Redactor(exchanges)
	p.medium.Packets(s.Lines, func(l *StoryLine) []string {
		means := make([]string, len(l.Means))
		for i, s := range l.Means {
			means[i] = redactor.Replace(s)
		}
		return means
	})
	if s.Truncated > 0 {
		p.para(0, "and %s more packets", cause.Count(int64(s.Truncated)))
	}
	p.storyExchanges(exchanges)
}

// connection writes what is known of c.
func (p *teller) connection(c *analyze.Connection) {
	p.medium.Title(p.r.Meta.Title(), fmt.Sprintf("connection %d, from %s", c.ID, p.r.Meta.Zone.At(c.Start).Format("2006-01-02 15:04:05.000000 MST")),
		p.r.Meta.Narrowed.Words())
	p.connectionFacts(c)
	if p.r.Meta.Anonymized {
		p.para(2, "anonymised: addresses, hosts and paths are pseudonyms")
	}
	p.para(2, "In Wireshark: %s", wiresharkFilter(c))
}

// storyExchanges writes the table of exchanges, with the times that a request
// spends as HTTP clients trace them.
func (p *teller) storyExchanges(list []analyze.Exchange) {
	if len(list) == 0 {
		return
	}
	p.section("EXCHANGES")
	const nameWidth = 30
	t := Table{Align: "rlrrrrrr", Heads: []string{"n", "request", "status", "connect", "TLS", "server", "transfer", "packets"}}
	streams := slices.ContainsFunc(list, func(x analyze.Exchange) bool { return x.Stream != 0 })
	if streams {
		t.Align, t.Heads = t.Align+"r", append(t.Heads, "stream")
	}
	for i := range list {
		x := &list[i]
		status := "none"
		if x.Status != 0 {
			status = fmt.Sprint(x.Status)
		}
		target := Target(x.Target, p.r.Options.ShowSecrets)
		cells := []string{fmt.Sprint(x.N), Fit(MethodName(x)+" "+target, nameWidth), status, cause.Duration(x.ConnectTime),
			cause.Duration(x.TLSTime), cause.Duration(x.ServerTime()), cause.Duration(x.TransferTime()), packets(x.RequestPacket, x.ResponsePacket)}
		if streams {
			cells = append(cells, fmt.Sprint(x.Stream))
		}
		t.Row(cells...)
	}
	p.table(&t)
}

// packets writes the numbers of the packets of a request and its response.
func packets(request, response uint64) string {
	if response == 0 {
		return fmt.Sprint(request)
	}
	return fmt.Sprintf("%d, %d", request, response)
}

// example writes one connection to look at.
func (p *teller) example() {
	id, why, ok := p.r.Records().Example()
	for _, f := range p.r.Diagnosed().Findings {
		if f.Severity > rules.Info {
			id, why, ok = f.Examples[0].Connection, "the first that shows "+f.Rule.ID, true
			break
		}
	}
	var c analyze.Connection
	if !ok || !connectionByID(p.r.Records(), id, &c) {
		return
	}
	p.section("ONE CONNECTION TO LOOK AT")
	p.para(2, "connection %d: %s", id, Plain(why))
	p.connectionFacts(&c)
	p.para(2, "In Wireshark: %s", wiresharkFilter(&c))
	switch {
	case len(p.r.Meta.Points) > 0: // parts have no packets
	case p.r.Meta.Followed:
		p.para(2, "Packet by packet: the same command with --conn %d, without --follow", id)
	case !p.r.Meta.Live():
		p.para(2, "Packet by packet: the same command with --conn %d", id)
	case c.Stream != analyze.Unknown:
		p.para(2, "Packet by packet: kaanalyze --conn %d and the file that -w saved", id)
	}
}

// connectionByID fills c with the connection of that id; ids ascend.
func connectionByID(found Facts, id uint64, c *analyze.Connection) bool {
	if x, ok := found.(interface {
		ByID(id uint64, c *analyze.Connection) bool
	}); ok {
		return x.ByID(id, c)
	}
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
func (p *teller) connectionFacts(c *analyze.Connection) {
	p.para(2, "%s -> %s, from %s for %s, %s and %s", p.r.Meta.AddrText(c.Client), p.r.Meta.AddrText(c.Server),
		p.r.Meta.Clock(c.Start), cause.Duration(c.End-c.Start), cause.Plural(int64(c.PacketsClient+c.PacketsServer), "packet", "packets"),
		cause.Plural(int64(c.BytesClient+c.BytesServer), "byte", "bytes"))
	if x := c.Proxied; x != nil && x.Client.IsValid() {
		p.para(2, "through a proxy, for %s, which reached it at %s (PROXY protocol)", AddrText(x.Client), AddrText(x.Server))
	}
	p.para(2, "%s; %s", opening(c), messages(c))
	if c.TLS != nil {
		p.para(2, "%s", encryption(c.TLS))
	}
	for _, said := range append(HTTP2Words(c.HTTP2, p.r.Meta.Clock), SocketWords(c, p.r.Meta.Clock)...) {
		p.para(2, "%s", said)
	}
	for _, side := range []struct {
		name string
		p    *analyze.Probes
	}{{"client", &c.ClientProbes}, {"server", &c.ServerProbes}} {
		if side.p.Sent > 0 {
			p.para(2, "%s of the %s, %s", cause.Plural(int64(side.p.Sent), "keep-alive probe", "keep-alive probes"),
				side.name, rhythm(side.p))
		}
	}
	p.para(2, "%s", p.ending(&c.Close))
	if is := p.r.Diagnosed().Of(c.ID); is.Cause != cause.Undecided {
		p.para(2, "not reused: %s, %s (confidence: %s); %s", is.Cause, is.Cause.Meaning(), is.Confidence, is.Observed())
	}
	p.repeats(c.ID)
}

// rhythm says when keep-alive probes were sent, as far as is known.
func rhythm(p *analyze.Probes) string {
	s := fmt.Sprintf("%d answered", p.Answered)
	if p.Idle != analyze.Unknown {
		s += ", the first after " + cause.Duration(p.Idle)
	}
	if p.Interval != analyze.Unknown {
		s += ", then every " + cause.Duration(p.Interval)
	}
	return s
}

// opening says how c was opened.
func opening(c *analyze.Connection) string {
	s := "handshake " + c.Handshake.String()
	if c.ConnectTime != analyze.Unknown {
		s += " in " + cause.Duration(c.ConnectTime)
	}
	if c.SYNRetransmissions > 0 {
		s += fmt.Sprintf(" after %s again", cause.Plural(int64(c.SYNRetransmissions), "SYN sent", "SYNs sent"))
	}
	return s
}

// encryption says what the TLS of a connection shows.
func encryption(x *analyze.TLSInfo) string {
	s := "TLS"
	if x.Version != "" {
		s += " " + x.Version
	}
	if x.ServerName != "" {
		s += ", server name " + Plain(x.ServerName)
	}
	switch {
	case x.Protocol != "":
		s += ", protocol " + Plain(x.Protocol)
	case len(x.Offered) > 0:
		s += ", protocols offered"
		for _, name := range x.Offered {
			s += " " + Plain(name)
		}
	}
	switch {
	case x.Resumed.Is():
		s += ", session resumed"
	case x.Resumed.IsNot():
		s += ", full handshake"
		if x.ResumptionOffered.Is() {
			s += " although the client offered to resume a session"
		}
	}
	switch {
	case x.Handshake == analyze.Unknown:
	case x.Done != 0:
		s += ", done in " + cause.Duration(x.Handshake)
	default:
		s += ", not finished after " + cause.Duration(x.Handshake)
	}
	if x.Alert != "" {
		by := "server"
		if x.AlertByClient {
			by = "client"
		}
		s += ", alert " + x.Alert + " by the " + by
	}
	if s == "TLS" {
		return "TLS whose handshake was not captured"
	}
	return s
}

// messages says what c carried.
func messages(c *analyze.Connection) string {
	protocol := c.Protocol.String()
	if protocol == "" {
		return "no data"
	}
	if c.TLS != nil && c.Protocol != analyze.TLS {
		protocol += " over TLS"
	}
	switch {
	case c.Estimated():
		return fmt.Sprintf("%s, %s (estimated)", protocol, cause.Plural(c.RequestsEstimated, "request", "requests"))
	case c.HTTPUnknown:
		return protocol + ", requests unknown"
	}
	return fmt.Sprintf("%s, %s, %s", protocol, cause.Plural(c.Requests, "request", "requests"), cause.Plural(c.Responses, "response", "responses"))
}

// ending says how a connection ended and who holds TIME_WAIT.
func (p *teller) ending(c *analyze.Close) string {
	s := "close: " + c.Kind.String() + " (" + CloseMeaning(c.Kind) + ")"
	if c.FirstFIN != analyze.Nobody {
		s += ", " + c.FirstFIN.String() + " first"
	}
	if c.RSTBy != analyze.Nobody {
		s += ", RST by " + c.RSTBy.String()
	}
	if c.Packet != 0 {
		s += fmt.Sprintf(", %s (packet %d)", p.r.Meta.Clock(c.At), c.Packet)
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
	return rules.DisplayFilter(c.Client, c.Server)
}
