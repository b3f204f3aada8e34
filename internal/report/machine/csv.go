package machine

import (
	"bufio"
	"io"
	"net/netip"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// csvColumns are the names of the JSON, flattened.
var csvColumns = []string{
	"id", "stream", "client", "server", "start", "end", "midstream",
	"packets_client", "packets_server", "bytes_client", "bytes_server",
	"handshake_state", "handshake_rtt_seconds", "handshake_connect_seconds", "handshake_syn_retransmissions",
	"protocol", "requests", "responses", "interim_responses",
	"probes_client_sent", "probes_client_answered", "probes_client_idle_seconds", "probes_client_interval_seconds",
	"probes_server_sent", "probes_server_answered", "probes_server_idle_seconds", "probes_server_interval_seconds",
	"idle_gaps_p50_seconds", "idle_gaps_max_seconds", "idle_gaps_last_seconds",
	"retransmissions_client", "retransmissions_server", "missing_bytes_client", "missing_bytes_server",
	"close_kind", "close_began", "close_first_fin", "close_rst_by", "close_reset_shape",
	"close_time_wait", "close_inferred", "close_at", "close_packet",
	"not_reused_cause", "not_reused_by", "not_reused_observed", "not_reused_confidence",
	"proxied_client", "proxied_server", "requests_estimated",
	"tls_version", "tls_resumption_offered", "tls_resumed", "tls_handshake_seconds", "tls_alert",
	"h2_streams_opened", "h2_streams_refused", "h2_most_at_once", "h2_max_concurrent_streams",
	"h2_goaway_by", "h2_goaway_last_stream", "h2_goaway_code", "h2_goaway_at", "h2_goaway_packet",
	"h2_pings_keep_alive", "h2_pings_other", "h2_pings_cancel", "h2_pings_bdp", "h2_lost", "grpc_failed", "h2_streams_lasting", "h2_settings", "h2_odd_frames",
	"h2_stalls_client_stream", "h2_stalls_client_stream_seconds", "h2_stalls_client_connection", "h2_stalls_client_connection_seconds",
	"h2_stalls_server_stream", "h2_stalls_server_stream_seconds", "h2_stalls_server_connection", "h2_stalls_server_connection_seconds",
}

// WriteCSV writes one row per connection (RFC 4180). An unknown value is an
// empty cell. No cell holds text from a packet, so none can be taken for a
// formula: all are numbers, addresses, times and words of ours.
func WriteCSV(w io.Writer, r *report.Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(strings.Join(csvColumns, ","))
	out.WriteString("\r\n")
	n, fetch := r.Records().Len(), r.Records().Connection
	if s := r.Story; s != nil {
		n, fetch = 1, func(_ int, c *analyze.Connection) { *c = *s.Connection }
	}
	d := r.Diagnosed()
	if err := writeItems(out, r, n, func(e *encoder, i int) {
		fetch(i, &e.conn)
		row := csvRow{e}
		row.connection(&e.conn, d.Of(e.conn.ID))
	}); err != nil {
		return report.WriteError(err)
	}
	if err := out.Flush(); err != nil {
		return report.WriteError(err)
	}
	return nil
}

// csvRow appends cells, each with the comma that follows it.
type csvRow struct{ enc *encoder }

// connection appends the row of c.
func (r csvRow) connection(c *analyze.Connection, is cause.NotReused) {
	r.uint(c.ID)
	r.int(c.Stream)
	r.addr(c.Client)
	r.addr(c.Server)
	r.time(c.Start)
	r.time(c.End)
	r.bool(c.Midstream)
	r.uint(c.PacketsClient, c.PacketsServer, c.BytesClient, c.BytesServer)
	r.word(c.Handshake.String())
	r.seconds(c.RTT, c.ConnectTime)
	r.uint(uint64(c.SYNRetransmissions))
	r.word(c.Protocol.String())
	if c.HTTPUnknown {
		r.word("", "", "")
	} else {
		r.int(c.Requests, c.Responses, c.Interim)
	}
	r.probes(&c.ClientProbes)
	r.probes(&c.ServerProbes)
	r.seconds(c.IdleP50, c.IdleMax, c.IdleLast)
	r.uint(uint64(c.RetransmissionsClient), uint64(c.RetransmissionsServer), c.MissingClient, c.MissingServer)
	r.closing(&c.Close)
	r.notReused(is)
	r.proxied(c.Proxied)
	if c.RequestsEstimated == analyze.Unknown {
		r.word("")
	} else {
		r.int(c.RequestsEstimated)
	}
	r.tls(c.TLS)
	r.http2(c.HTTP2)
	r.enc.b = append(r.enc.b[:len(r.enc.b)-1], '\r', '\n')
}

// notReused appends the cells of why it carried no further request. What was
// observed holds commas and quotes.
func (r csvRow) notReused(is cause.NotReused) {
	if is.Cause == cause.Undecided {
		r.word("", "", "", "")
		return
	}
	r.word(is.Cause.String(), report.PartyName(is.By), `"`+strings.ReplaceAll(is.Observed(), `"`, `""`)+`"`, is.Confidence.String())
}

// closing appends the cells of a close.
func (r csvRow) closing(c *analyze.Close) {
	r.word(c.Kind.String(), c.Began.String(), c.FirstFIN.String(), c.RSTBy.String(),
		c.ResetShape.String(), c.TimeWait.String())
	r.bool(c.Inferred)
	r.time(c.At)
	if c.Packet == 0 {
		r.word("")
	} else {
		r.uint(c.Packet)
	}
}

// probes appends the cells of one side's keep-alive probes.
func (r csvRow) probes(p *analyze.Probes) {
	r.uint(uint64(p.Sent), uint64(p.Answered))
	r.seconds(p.Idle, p.Interval)
}

// proxied appends the cells of what a PROXY protocol header says.
func (r csvRow) proxied(x *analyze.Proxied) {
	if x == nil || !x.Client.IsValid() {
		r.word("", "")
		return
	}
	r.addr(x.Client)
	r.addr(x.Server)
}

// tls appends the cells of what TLS shows, but for names, which are text from packets.
func (r csvRow) tls(x *analyze.TLSInfo) {
	if x == nil {
		r.word("", "", "", "", "")
		return
	}
	r.word(x.Version)
	r.answer(x.ResumptionOffered.Is(), x.ResumptionOffered.IsNot())
	r.answer(x.Resumed.Is(), x.Resumed.IsNot())
	r.seconds(x.Handshake)
	r.word(x.Alert)
}

// answer appends yes or no, an empty cell for what is not known.
func (r csvRow) answer(yes, no bool) {
	if yes || no {
		r.bool(yes)
	} else {
		r.word("")
	}
}

func (r csvRow) end() { r.enc.b = append(r.enc.b, ',') }

func (r csvRow) uint(list ...uint64) {
	for _, n := range list {
		r.enc.uint(n)
		r.end()
	}
}

func (r csvRow) int(list ...int64) {
	for _, n := range list {
		if n != analyze.Unknown {
			r.enc.int(n)
		}
		r.end()
	}
}

func (r csvRow) seconds(list ...int64) {
	for _, ns := range list {
		if ns != analyze.Unknown {
			r.enc.seconds(ns)
		}
		r.end()
	}
}

func (r csvRow) time(ns int64) {
	if ns != analyze.Unknown {
		r.enc.b = r.enc.appendTime(r.enc.b, ns)
	}
	r.end()
}

func (r csvRow) bool(v bool) {
	r.enc.bool(v)
	r.end()
}

func (r csvRow) addr(a netip.AddrPort) {
	if a.IsValid() {
		r.enc.b = a.AppendTo(r.enc.b)
	}
	r.end()
}

func (r csvRow) word(list ...string) {
	for _, s := range list {
		r.enc.raw(s)
		r.end()
	}
}
