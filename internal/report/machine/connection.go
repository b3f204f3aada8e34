package machine

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// connection appends c as an object without its opening brace, so that NDJSON
// can put a type first. Runs of text between values are appended whole: this
// is where the time goes with a million connections.
func (e *encoder) connection(c *analyze.Connection, is cause.NotReused) {
	e.connectionMembers(c, is)
	e.close()
}

// completeConnection is connection with what else is known once the capture has ended.
func (e *encoder) completeConnection(c *analyze.Connection, r *report.Report) {
	e.connectionMembers(c, r.Diagnosed().Of(c.ID))
	e.raw(`,"point":`)
	e.str(r.PointOf(c.ID))
	e.raw(`,"isn":{"client":`)
	e.int(c.Evidence.ClientISN)
	e.raw(`,"server":`)
	e.int(c.Evidence.ServerISN)
	e.raw(`},"avoidable":`)
	e.answer(c.Requests != analyze.Unknown && r.Result.Avoidable(c.ID), c.Requests != analyze.Unknown)
	e.raw(`,"time_wait":{"client":`)
	e.timeWaitSpan(c.Evidence.ClientTimeWait)
	e.raw(`,"server":`)
	e.timeWaitSpan(c.Evidence.ServerTimeWait)
	e.raw("}}")
}

// timeWaitSpan appends when a side is in TIME_WAIT, null if it never is.
func (e *encoder) timeWaitSpan(s analyze.TimeWaitSpan) {
	if s.From >= s.To {
		e.null()
		return
	}
	e.raw(`{"from":`)
	e.time(s.From)
	e.raw(`,"to":`)
	e.time(s.To)
	e.close()
}

// connectionMembers appends the members of connection.
func (e *encoder) connectionMembers(c *analyze.Connection, is cause.NotReused) {
	e.raw(`"id":`)
	e.uint(c.ID)
	e.raw(`,"stream":`)
	e.int(c.Stream)
	e.raw(`,"client":`)
	e.addr(c.Client)
	e.raw(`,"server":`)
	e.serverAddr(c.Server)
	e.raw(`,"start":`)
	e.time(c.Start)
	e.raw(`,"end":`)
	e.time(c.End)
	e.raw(`,"midstream":`)
	e.bool(c.Midstream)
	e.proxied(c.Proxied)
	e.raw(`,"packets":`)
	e.sides(c.PacketsClient, c.PacketsServer)
	e.raw(`,"bytes":`)
	e.sides(c.BytesClient, c.BytesServer)
	e.raw(`,"handshake":{"state":`)
	e.word(c.Handshake.String())
	e.raw(`,"rtt_seconds":`)
	e.seconds(c.RTT)
	e.raw(`,"connect_seconds":`)
	e.seconds(c.ConnectTime)
	e.raw(`,"syn_retransmissions":`)
	e.uint(uint64(c.SYNRetransmissions))
	e.raw(`},"protocol":`)
	e.word(c.Protocol.String())
	e.tls(c.TLS)
	e.messages(c)
	e.http2(c.HTTP2)
	e.socket(c)
	e.raw(`,"probes":{"client":`)
	e.probes(&c.ClientProbes)
	e.raw(`,"server":`)
	e.probes(&c.ServerProbes)
	e.raw(`},"idle_gaps_seconds":{"p50":`)
	e.seconds(c.IdleP50)
	e.raw(`,"max":`)
	e.seconds(c.IdleMax)
	e.raw(`,"last":`)
	e.seconds(c.IdleLast)
	e.raw(`},"retransmissions":`)
	e.sides(uint64(c.RetransmissionsClient), uint64(c.RetransmissionsServer))
	e.raw(`,"missing_bytes":`)
	e.sides(c.MissingClient, c.MissingServer)
	e.closing(&c.Close)
	e.raw(`,"not_reused":`)
	e.notReused(is)
}

// proxied appends what a PROXY protocol header says, nothing without one.
func (e *encoder) proxied(x *analyze.Proxied) {
	if x == nil {
		return
	}
	e.raw(`,"proxied":{"client":`)
	e.addrOrNull(x.Client)
	e.raw(`,"server":`)
	e.addrOrNull(x.Server)
	e.close()
}

// addrOrNull appends an address, null for the zero value.
func (e *encoder) addrOrNull(at netip.AddrPort) {
	if !at.IsValid() {
		e.null()
		return
	}
	e.addr(at)
}

// tls appends what TLS shows, nothing without TLS.
func (e *encoder) tls(x *analyze.TLSInfo) {
	if x == nil {
		return
	}
	e.raw(`,"tls":{"version":`)
	e.word(x.Version)
	e.raw(`,"sni":`)
	e.text(x.ServerName)
	e.raw(`,"alpn":`)
	e.text(x.Protocol)
	e.raw(`,"alpn_offered":`)
	e.strings(x.Offered)
	e.raw(`,"resumption_offered":`)
	e.answer(x.ResumptionOffered.Is(), x.ResumptionOffered.IsNot())
	e.raw(`,"resumed":`)
	e.answer(x.Resumed.Is(), x.Resumed.IsNot())
	e.raw(`,"handshake_seconds":`)
	e.seconds(x.Handshake)
	e.raw(`,"alert":`)
	e.word(x.Alert)
	e.close()
}

// answer appends true, false, or null for what is not known.
func (e *encoder) answer(yes, no bool) {
	if !yes && !no {
		e.null()
		return
	}
	e.bool(yes)
}

// messages appends the counts of messages, null where they cannot be known.
func (e *encoder) messages(c *analyze.Connection) {
	if c.HTTPUnknown {
		e.raw(`,"requests":null,"responses":null,"interim_responses":null,"requests_estimated":`)
		e.int(c.RequestsEstimated)
		return
	}
	e.raw(`,"requests":`)
	e.int(c.Requests)
	e.raw(`,"responses":`)
	e.int(c.Responses)
	e.raw(`,"interim_responses":`)
	e.int(c.Interim)
	e.raw(`,"requests_estimated":null`)
}

// sides appends a count for each side.
func (e *encoder) sides(client, server uint64) {
	e.raw(`{"client":`)
	e.uint(client)
	e.raw(`,"server":`)
	e.uint(server)
	e.close()
}

// probes appends the keep-alive probes of one side.
func (e *encoder) probes(p *analyze.Probes) {
	if p.Sent == 0 {
		e.raw(`{"sent":0,"answered":0,"idle_seconds":null,"interval_seconds":null}`)
		return
	}
	e.raw(`{"sent":`)
	e.uint(uint64(p.Sent))
	e.raw(`,"answered":`)
	e.uint(uint64(p.Answered))
	e.raw(`,"idle_seconds":`)
	e.seconds(p.Idle)
	e.raw(`,"interval_seconds":`)
	e.seconds(p.Interval)
	e.close()
}

// kindWord returns the name of a kind of close, "" if it is not known.
func kindWord(k flows.CloseKind) string {
	if k == flows.CloseUnknown {
		return ""
	}
	return k.String()
}

// closing appends the member close.
func (e *encoder) closing(c *analyze.Close) {
	e.raw(`,"close":{"kind":`)
	e.word(kindWord(c.Kind))
	e.raw(`,"began":`)
	e.word(c.Began.String())
	e.raw(`,"first_fin":`)
	e.word(c.FirstFIN.String())
	e.raw(`,"rst_by":`)
	e.word(c.RSTBy.String())
	e.raw(`,"reset_shape":`)
	e.word(c.ResetShape.String())
	e.raw(`,"time_wait":`)
	e.word(c.TimeWait.String())
	e.raw(`,"inferred":`)
	e.bool(c.Inferred)
	e.raw(`,"at":`)
	e.time(c.At)
	e.raw(`,"packet":`)
	e.packet(c.Packet)
	e.close()
}

// packet appends a frame number, null if there is none.
func (e *encoder) packet(n uint64) {
	if n == 0 {
		e.null()
		return
	}
	e.uint(n)
}

// exchange appends x as an object without its opening brace.
func (e *encoder) exchange(x *analyze.Exchange) {
	e.raw(`"connection":`)
	e.uint(x.Connection)
	e.raw(`,"n":`)
	e.uint(uint64(x.N))
	if x.Stream != 0 {
		e.raw(`,"h2_stream":`)
		e.uint(uint64(x.Stream))
	}
	e.raw(`,"method":`)
	e.str(report.MethodName(x))
	e.raw(`,"target":`)
	e.text(report.Target(x.Target, e.secrets))
	e.raw(`,"host":`)
	e.text(x.Host)
	e.raw(`,"status":`)
	e.packet(uint64(x.Status))
	e.raw(`,"request_at":`)
	e.time(x.RequestAt)
	e.raw(`,"first_byte_at":`)
	e.time(x.FirstByteAt)
	e.raw(`,"done_at":`)
	e.time(x.DoneAt)
	e.raw(`,"connect_seconds":`)
	e.seconds(x.ConnectTime)
	e.raw(`,"tls_seconds":`)
	e.seconds(x.TLSTime)
	e.raw(`,"server_seconds":`)
	e.seconds(x.ServerTime())
	e.raw(`,"transfer_seconds":`)
	e.seconds(x.TransferTime())
	e.raw(`,"request_packet":`)
	e.packet(x.RequestPacket)
	e.raw(`,"response_packet":`)
	e.packet(x.ResponsePacket)
	e.close()
}
