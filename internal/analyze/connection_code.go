package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// CodeConnection codes a connection with its evidence.
func CodeConnection(c *fields.Coder, x *Connection) {
	fields.Number(c, &x.ID)
	c.Since(&x.Stream, int64(x.ID))
	c.AddrPort(&x.Client)
	c.AddrPort(&x.Server)
	c.Time(&x.Start)
	c.Since(&x.End, x.Start)
	c.Bool(&x.Midstream)
	fields.Optional(c, &x.Proxied, func(p *Proxied) {
		c.AddrPort(&p.Client)
		c.AddrPort(&p.Server)
	})
	for _, n := range []*uint64{&x.PacketsClient, &x.PacketsServer, &x.BytesClient, &x.BytesServer, &x.MissingClient, &x.MissingServer} {
		fields.Near(c, n, 0)
	}
	fields.Enum(c, &x.Handshake, flows.HandshakeSplit+1)
	c.Since(&x.RTT, 0)
	c.Since(&x.ConnectTime, 0)
	for _, n := range []*uint32{&x.SYNRetransmissions, &x.RetransmissionsClient, &x.RetransmissionsServer} {
		fields.Near(c, n, 0)
	}
	fields.Enum(c, &x.Protocol, Other+1)
	fields.Optional(c, &x.TLS, func(t *TLSInfo) { t.code(c) })
	fields.Optional(c, &x.HTTP2, func(h *HTTP2) { h.code(c) })
	fields.Optional(c, &x.WebSocket, func(s *SocketInfo) { s.code(c) })
	c.Bool(&x.HTTPUnknown)
	for _, n := range []*int64{&x.Requests, &x.Responses, &x.Interim, &x.RequestsEstimated, &x.IdleP50, &x.IdleMax, &x.IdleLast} {
		c.Since(n, 0)
	}
	for _, p := range []*Probes{&x.ClientProbes, &x.ServerProbes} {
		fields.Near(c, &p.Sent, 0)
		fields.Near(c, &p.Answered, 0)
		c.Since(&p.Idle, 0)
		c.Since(&p.Interval, 0)
	}
	fields.Enum(c, &x.Close.Kind, flows.CloseKinds)
	codeParties(c, &x.Close.Began, &x.Close.FirstFIN, &x.Close.RSTBy)
	fields.Enum(c, &x.Close.ResetShape, flows.ResetRefused+1)
	fields.Enum(c, &x.Close.TimeWait, TimeWaitUnknown+1)
	c.Bool(&x.Close.Inferred)
	c.Since(&x.Close.At, x.End)
	fields.Number(c, &x.Close.Packet)
	x.Evidence.code(c, x.Start)
}

func codeParties(c *fields.Coder, list ...*Party) {
	for _, p := range list {
		fields.Enum(c, p, Network+1)
	}
}

func codeFlags(c *fields.Coder, list ...*bool) {
	for _, p := range list {
		c.Bool(p)
	}
}

func (m *Mark) code(c *fields.Coder, base int64) {
	c.Since(&m.At, base)
	fields.Number(c, &m.Packet)
}

func (e *Evidence) code(c *fields.Coder, start int64) {
	fields.Number(c, &e.Pair)
	fields.Number(c, &e.Server)
	fields.Enum(c, &e.EndReason, EndedByCloseDelimited+1)
	for _, m := range []*Mark{&e.EndMark, &e.Request, &e.ClientFIN, &e.ServerFIN, &e.ClientRST, &e.ServerRST} {
		m.code(c, start)
	}
	for _, t := range []*int64{
		&e.PreviousDone, &e.LastDone, &e.RequestDone, &e.FirstByteAt, &e.ClientNotify, &e.ServerNotify, &e.FarewellAt,
		&e.ClientTimeWait.From, &e.ClientTimeWait.To, &e.ServerTimeWait.From, &e.ServerTimeWait.To,
	} {
		c.Since(t, start)
	}
	for _, n := range []*int64{
		&e.EndN, &e.Outstanding, &e.Surplus, &e.Lacks, &e.IdleBefore, &e.IdleOthers, &e.Quiet, &e.ResponsesEstimated, &e.ServerAcked, &e.Stall,
		&e.ClientISN, &e.ServerISN,
	} {
		c.Since(n, 0)
	}
	fields.Near(c, &e.LastStatus, 0)
	fields.Near(c, &e.EarlyStatus, 0)
	for _, n := range []*uint32{&e.UnansweredClient, &e.UnansweredServer, &e.SYNACKRetransmissions} {
		fields.Near(c, n, 0)
	}
	codeFlags(c, &e.LastHadBody, &e.EarlyResponse, &e.UploadCut, &e.UploadOutlasts, &e.KeptAfterError, &e.Idle408, &e.Switched,
		&e.HeadStarted, &e.Superseded, &e.AlertAnswer, &e.Malformed, &e.HeadCut, &e.ResponseBegun, &e.EventStream, &e.SurvivedSameIdle,
		&e.Data, &e.Used, &e.ServerLast, &e.NotifiesCrossed, &e.ServerFINCrossedData, &e.ClientSentAfterFIN, &e.ServerSentAfterFIN,
		&e.ClientFINCrossedData, &e.UnackedClient, &e.UnackedServer, &e.RequestUnacked, &e.ResponseUnacked, &e.Challenged, &e.SYNACKAfterACK)
	codeParties(c, &e.OnlyFullLost, &e.AnswersLost, &e.Remote, &e.ForeignRST, &e.StallBy, &e.Recycled)
}

func (t *TLSInfo) code(c *fields.Coder) {
	for _, s := range []*string{&t.Version, &t.ServerName, &t.Protocol, &t.Alert} {
		c.Text(s)
	}
	n := uint8(min(len(t.Offered), math.MaxUint8))
	fields.Near(c, &n, 0)
	for i := range int(n) {
		name := ""
		if !c.Reading() {
			name = t.Offered[i]
		}
		if c.Text(&name); c.Reading() && c.Take(16) {
			t.Offered = append(t.Offered, name)
		}
	}
	codeFlags(c, &t.ProtocolKnown, &t.EarlyData, &t.CertificateAsked, &t.Failed, &t.ClientAlert, &t.AnsweredHTTP, &t.Lost, &t.AlertByClient)
	fields.Enum(c, &t.ResumptionOffered, tlswire.Yes+1)
	fields.Enum(c, &t.Resumed, tlswire.Yes+1)
	fields.Enum(c, &t.Stage, tlswire.BothFinished+1)
	c.Time(&t.Begun)
	c.Since(&t.Done, t.Begun)
	c.Since(&t.AlertAt, t.Begun)
	fields.Near(c, &t.AlertCode, 0)
	fields.Enum(c, &t.Client, 2)
	c.Since(&t.Handshake, 0)
}

func (h *HTTP2) code(c *fields.Coder) {
	g := &h.GoAway
	for _, n := range []*int64{
		&h.StreamsOpened, &h.StreamsRefused, &h.MostAtOnce, &h.Limit, &h.Failed, &h.Abandoned, &h.Lasting, &h.GRPCCalls, &h.GRPCFailed,
		&h.KeepAlivePings, &h.OtherPings, &h.CancelPings, &h.BDPPings, &h.Settings, &h.OddFrames,
		&h.ClientPings.KeepAlive, &h.ClientPings.Idle, &h.ClientPings.Interval, &h.ServerPings.KeepAlive, &h.ServerPings.Idle, &h.ServerPings.Interval,
		&h.ClientStalls.Stream, &h.ClientStalls.StreamTime, &h.ClientStalls.Connection, &h.ClientStalls.ConnectionTime,
		&h.ServerStalls.Stream, &h.ServerStalls.StreamTime, &h.ServerStalls.Connection, &h.ServerStalls.ConnectionTime,
		&g.Open, &g.Requests, &g.After, &g.Unheeded,
	} {
		c.Since(n, 0)
	}
	codeParties(c, &g.By)
	g.Mark.code(c, 0)
	c.Since(&g.Done, g.Mark.At)
	fields.Near(c, &g.LastStream, 0)
	fields.Near(c, &g.Code, 0)
	c.Text(&g.Debug)
	codeFlags(c, &g.Drains, &h.Windows, &h.Lost)
}

func (s *SocketInfo) code(c *fields.Coder) {
	c.Time(&s.Opened)
	c.Since(&s.Ended, s.Opened)
	c.Since(&s.LastAt, s.Opened)
	for _, n := range []*int64{
		&s.Stream, &s.ClientMessages, &s.ServerMessages, &s.ClientPings.Sent, &s.ClientPings.Interval, &s.ServerPings.Sent, &s.ServerPings.Interval,
	} {
		c.Since(n, 0)
	}
	codeParties(c, &s.Close.By)
	fields.Near(c, &s.Close.Code, 0)
	s.Close.Mark.code(c, s.Opened)
	c.Bool(&s.Lost)
}

// Renumber gives a connection the numbers that it has beside those that it is joined with.
func (x *Connection) Renumber(to *Renumbered) {
	x.ID = uint64(to.ID(uint32(x.ID)))
	e := &x.Evidence
	e.Pair, e.Server = to.Pair(e.Pair), to.Server(e.Server)
	packets := []*uint64{
		&x.Close.Packet, &e.EndMark.Packet, &e.Request.Packet, &e.ClientFIN.Packet, &e.ServerFIN.Packet, &e.ClientRST.Packet, &e.ServerRST.Packet,
	}
	if x.HTTP2 != nil {
		packets = append(packets, &x.HTTP2.GoAway.Mark.Packet)
	}
	if x.WebSocket != nil {
		packets = append(packets, &x.WebSocket.Close.Mark.Packet)
	}
	for _, p := range packets {
		if *p != 0 {
			*p += to.Packets
		}
	}
}
