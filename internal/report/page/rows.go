package page

import (
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// rowsBuilder makes the columns of connections.
type rowsBuilder struct {
	r     *report.Report
	zero  int64 // ns
	data  *data
	pairs dictionary
	words dictionary
}

// chooseRows returns what reports whether the page shows the connection with an ID,
// when it is asked for each in order: all are shown, or the examples of the findings and others at equal
// distances.
func (b *rowsBuilder) chooseRows() func(id uint64) bool {
	all := b.r.Records().Len()
	if all <= maxRows {
		return func(uint64) bool { return true }
	}
	wanted := map[uint64]bool{}
	for _, f := range b.r.Diagnosed().Findings {
		for _, x := range f.Examples {
			if len(wanted) < maxRows/2 {
				wanted[x.Connection] = true
			}
		}
	}
	others, room, i := all-len(wanted), maxRows-len(wanted), 0
	return func(id uint64) bool {
		if wanted[id] {
			return true
		}
		i++
		return (i-1)*room/others != i*room/others
	}
}

// rows fills the columns, and returns the rows by ID.
func (b *rowsBuilder) rows() map[uint64]int64 {
	rows := map[uint64]int64{}
	found, is := b.r.Records(), b.chooseRows()
	var c analyze.Connection
	for i := range found.Len() {
		found.Connection(i, &c)
		if is(c.ID) {
			rows[c.ID] = int64(b.data.Rows)
			b.row(&c)
			b.data.Rows++
		}
	}
	return rows
}

// set sets a value of the row that is being filled.
func (b *rowsBuilder) set(name string, n int64) {
	b.data.Columns[name] = append(b.data.Columns[name], n)
}

// word sets a value that is words.
func (b *rowsBuilder) word(name, s string) { b.set(name, b.words.number(s)) }

// row fills a row. Columns that hold nothing else have 0 for what is not there.
func (b *rowsBuilder) row(c *analyze.Connection) {
	b.set("id", int64(c.ID))
	b.set("stream", c.Stream)
	b.set("pair", b.pairs.number(b.r.Meta.HostText(c.Client.Addr())+" -> "+b.r.Meta.AddrText(c.Server)))
	b.set("port", int64(c.Client.Port()))
	b.set("start", micro(c.Start-b.zero))
	b.set("lasts", since(c, c.End))
	b.set("packets_client", int64(c.PacketsClient))
	b.set("packets_server", int64(c.PacketsServer))
	b.set("bytes_client", int64(c.BytesClient))
	b.set("bytes_server", int64(c.BytesServer))
	b.word("handshake", c.Handshake.String())
	b.set("connect", micro(c.ConnectTime))
	b.set("syns", int64(c.SYNRetransmissions))
	b.word("protocol", c.Protocol.String())
	b.word("proxied", proxied(c.Proxied))
	b.set("requests", c.Requests)
	b.set("responses", c.Responses)
	b.set("estimated", max(0, c.RequestsEstimated+1)) // one more than there are, 0 for none
	b.encryption(c.TLS)
	b.word("h2", strings.Join(append(report.HTTP2Words(c.HTTP2, b.r.Meta.Clock), report.SocketWords(c, b.r.Meta.Clock)...), "\n"))
	b.set("idle", micro(c.IdleMax))
	b.set("resent_client", int64(c.RetransmissionsClient))
	b.set("resent_server", int64(c.RetransmissionsServer))
	b.set("missing", int64(c.MissingClient+c.MissingServer))
	b.probes("client", &c.ClientProbes)
	b.probes("server", &c.ServerProbes)
	b.closing(c)
	b.events(c)
	b.cause(c)
}

// proxied says who speaks through a connection, "" if no PROXY protocol header does.
func proxied(x *analyze.Proxied) string {
	if x == nil || !x.Client.IsValid() {
		return ""
	}
	return report.AddrText(x.Client) + ", which reached the proxy at " + report.AddrText(x.Server)
}

// encryption sets what TLS shows of a connection.
func (b *rowsBuilder) encryption(x *analyze.TLSInfo) {
	says, took := "", int64(0)
	if x != nil {
		says, took = strings.TrimSpace("TLS "+x.Version), max(0, micro(x.Handshake))
		switch {
		case x.Resumed.Is():
			says += ", session resumed"
		case x.Resumed.IsNot():
			says += ", full handshake"
		}
		if x.Done == 0 {
			says += ", not finished"
		}
		if x.Alert != "" {
			says += ", alert " + x.Alert
		}
	}
	b.word("tls", says)
	b.set("tls_handshake", took)
}

// since returns ns since the epoch as the time since c began.
func since(c *analyze.Connection, ns int64) int64 {
	if ns == analyze.Unknown {
		return ns
	}
	return micro(ns - c.Start)
}

// probes sets what keep-alive probes a side sent.
func (b *rowsBuilder) probes(side string, p *analyze.Probes) {
	b.set("probes_"+side, int64(p.Sent))
	b.set("answered_"+side, int64(p.Answered))
	b.set("probe_idle_"+side, micro(p.Idle))
	b.set("probe_interval_"+side, micro(p.Interval))
}

// closing sets how the connection ended, and who holds TIME_WAIT how long.
func (b *rowsBuilder) closing(c *analyze.Connection) {
	b.word("close", c.Close.Kind.String())
	b.word("close_means", report.CloseMeaning(c.Close.Kind))
	b.word("began", c.Close.Began.String())
	inferred := int64(0)
	if c.Close.Inferred {
		inferred = 1
	}
	b.set("inferred", inferred)
	b.set("closed", since(c, c.Close.At))
	b.word("wait", c.Close.TimeWait.String())
	b.timeWait(c, "wait_client", c.Evidence.ClientTimeWait)
	b.timeWait(c, "wait_server", c.Evidence.ServerTimeWait)
}

// timeWait sets from when on, and how long, a side holds TIME_WAIT.
func (b *rowsBuilder) timeWait(c *analyze.Connection, name string, w analyze.TimeWaitSpan) {
	from, lasts := int64(analyze.Unknown), int64(0)
	if w != (analyze.TimeWaitSpan{}) {
		from, lasts = since(c, w.From), micro(w.To-w.From)
	}
	b.set(name, from)
	b.set(name+"_lasts", lasts)
}

// events sets when what the lanes of a connection show took place.
func (b *rowsBuilder) events(c *analyze.Connection) {
	e := &c.Evidence
	b.event(c, "fin_client", e.ClientFIN)
	b.event(c, "fin_server", e.ServerFIN)
	b.event(c, "rst_client", e.ClientRST)
	b.event(c, "rst_server", e.ServerRST)
	b.event(c, "asked", e.Request)
	b.set("answered", since(c, e.FirstByteAt))
	b.set("done", since(c, e.LastDone))
}

// event sets the time and the packet of one of them.
func (b *rowsBuilder) event(c *analyze.Connection, name string, m analyze.Mark) {
	at := int64(analyze.Unknown)
	if m.OK() {
		at = since(c, m.At)
	}
	b.set(name, at)
	b.set(name+"_packet", int64(m.Packet))
}

// cause sets why the connection carried no further request.
func (b *rowsBuilder) cause(c *analyze.Connection) {
	why := b.r.Diagnosed().Of(c.ID)
	b.word("cause", why.Cause.String())
	b.word("meaning", why.Cause.Meaning())
	b.word("by", report.PartyName(why.By))
	b.word("confidence", why.Confidence.String())
	b.word("observed", why.Observed())
}

// findings notes which rows show which finding.
func (b *rowsBuilder) findings(rows map[uint64]int64) {
	for i := range b.r.Diagnosed().Findings {
		f := &b.r.Diagnosed().Findings[i]
		var list column
		for id := range f.IDs() {
			if row, ok := rows[id]; ok {
				list = append(list, row)
			}
		}
		slices.Sort(list)
		list = slices.Compact(list)
		for i := len(list) - 1; i > 0; i-- {
			list[i] -= list[i-1]
		}
		b.data.Findings = append(b.data.Findings, findingRows{f.Rule.ID, list, f.Connections})
	}
}
