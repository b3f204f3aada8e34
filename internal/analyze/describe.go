package analyze

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// describe makes the readable form of a connection, where all are kept.
func (a *Analyzer) describe(c *flows.Conn, x *Connection) {
	a.describeAs(c, a.states.At(c.User), x)
}

// describeAs is describe with the HTTP state given.
func (a *Analyzer) describeAs(c *flows.Conn, t *httpState, x *Connection) {
	client := clientSide(c, t)
	server := client.Peer()
	*x = Connection{
		ID: c.ID, Stream: int64(c.Stream),
		Client: c.Endpoint(client).AddrPort(), Server: c.Endpoint(server).AddrPort(),
		Start: c.Start, End: c.End, Midstream: c.Midstream(),
		PacketsClient: c.Packets(client), PacketsServer: c.Packets(server),
		BytesClient: c.Bytes(client), BytesServer: c.Bytes(server),
		Handshake: c.Handshake(), RTT: Unknown, ConnectTime: connectTime(c), SYNRetransmissions: c.SYNRetransmissions(),
		Protocol: protocolOf(t), HTTPUnknown: t.has(opaque),
		Requests: int64(t.requests), Responses: int64(t.responses), Interim: int64(t.interim),
		ClientProbes: probesOf(c, client), ServerProbes: probesOf(c, server),
		RetransmissionsClient: c.Retransmissions(client), RetransmissionsServer: c.Retransmissions(server),
		MissingClient: c.Missing(client), MissingServer: c.Missing(server),
		Close: closeOf(c, client),
	}
	if a.opt.Filtered {
		x.Stream = Unknown
	}
	if x.TLS = a.tlsOf(c, t); x.TLS != nil {
		switch x.TLS.Protocol {
		case "h2":
			x.Protocol = H2
		case "http/1.1":
			x.Protocol = HTTP11
		}
	}
	if len(a.proxies.told) > 0 {
		x.Proxied = a.proxies.of(c, a.opt.RewriteAddr)
	}
	if x.HTTPUnknown || t.uncountable(c, server) {
		x.Responses, x.Interim = Unknown, Unknown
	}
	if x.HTTPUnknown || t.uncountable(c, client) {
		x.HTTPUnknown, x.Requests = true, Unknown
	}
	if ns, ok := c.RTT(); ok {
		x.RTT = ns
	}
	a.idleGaps(c, t, x)
	a.evidence(c, t, client, &x.Evidence)
}

// idleGaps fills the idle gaps, with the last one to the close.
func (a *Analyzer) idleGaps(c *flows.Conn, t *httpState, x *Connection) {
	x.IdleP50, x.IdleMax, x.IdleLast = Unknown, Unknown, Unknown
	var buf [maxSamples + 1]int64
	values := buf[:0]
	switch {
	case t.gaps.store != 0:
		values = append(values, a.states.gaps.At(t.gaps.store).values...)
	case t.gaps.n == 1:
		values = append(values, t.gaps.last)
	}
	longest := t.gaps.max
	if last, ok := lastGap(c, t); ok {
		x.IdleLast = last
		longest = max(longest, last)
		values = append(values, last)
	}
	if len(values) == 0 {
		return
	}
	slices.Sort(values)
	x.IdleP50 = values[nearestRank(len(values), 50)]
	x.IdleMax = longest
}

func protocolOf(t *httpState) Protocol {
	switch {
	case t.proto != NoProtocol:
		return t.proto
	case t.facts&(sawRequest|sawResponse) != 0 && t.minor == 0:
		return HTTP10
	case t.facts&(sawRequest|sawResponse|looksHTTP) != 0:
		return HTTP11
	case t.has(sawData):
		return Other
	}
	return NoProtocol
}

func probesOf(c *flows.Conn, s flows.Side) Probes {
	p := c.Probes(s)
	x := Probes{Sent: p.Sent, Answered: p.Answered, Idle: Unknown, Interval: Unknown}
	if p.Idle > 0 {
		x.Idle = p.Idle
	}
	if p.Interval > 0 {
		x.Interval = p.Interval
	}
	return x
}

// idleTolerance is how much shorter a pause may be that counts as long as another, ns:
// programs wake up no more exactly.
const idleTolerance = 2e6

// evidence fills the evidence of a connection.
func (a *Analyzer) evidence(c *flows.Conn, t *httpState, client flows.Side, x *Evidence) {
	server := client.Peer()
	*x = Evidence{
		Pair: t.pair, Server: a.pools.pairs[t.pair].server,
		EndReason: t.end.reason, EndMark: Mark{t.end.at, t.end.num}, EndN: int64(t.end.n), PreviousDone: t.end.previousDone,
		LastDone: Unknown, LastStatus: t.lastStatus, LastHadBody: t.has(lastHadBody),
		EarlyResponse: t.has(earlyResponse), UploadCut: t.has(uploadCut), Idle408: t.has(idle408), Switched: t.has(tunnelled), KeptAfterError: t.has(keptAfterError), HeadStarted: a.states.headBegun(t, client),
		Superseded: c.Superseded(),
		Malformed:  t.has(malformed), AlertAnswer: t.has(alertAnswer), HeadCut: t.has(headPartial), Surplus: int64(t.surplus),
		Outstanding: int64(t.outstanding), RequestDone: Unknown, FirstByteAt: Unknown,
		IdleBefore: int64(t.idleBefore), IdleOthers: int64(t.idleOthers),
		Quiet:                c.Quiet(),
		ServerFINCrossedData: c.FINMissesData(server) || c.SentAcrossFIN(client),
		ClientSentAfterFIN:   c.SentAfterFIN(client),
		ServerSentAfterFIN:   c.SentAcrossFIN(server) || c.SentAfterFIN(server), ClientFINCrossedData: c.FINMissesData(client) || c.SentAcrossFIN(server),
		UnansweredClient: c.Unanswered(client), UnansweredServer: c.Unanswered(server),
		UnackedClient: c.Unacknowledged(client), UnackedServer: c.Unacknowledged(server), ResponseUnacked: c.UnacknowledgedData(server),
		Challenged: c.Challenged(), SYNACKRetransmissions: c.SYNACKRetransmissions(),
	}
	if t.responses > 0 {
		x.LastDone = t.lastDone
	}
	if t.has(earlyResponse) {
		x.EarlyStatus = t.current.status
	}
	if last, ok := lastGap(c, t); ok {
		x.SurvivedSameIdle = t.gaps.n > 0 && t.gaps.max >= last-idleTolerance
	}
	if t.requests > 0 {
		x.Request = Mark{t.current.requestAt, t.current.requestNum}
		x.RequestDone, x.FirstByteAt, x.ResponseBegun = t.current.requestDone, t.current.firstByteAt, t.current.answered
		x.EventStream = t.current.answered && t.outstanding > 0 && t.has(lastIsStream)
	}
	x.ClientFIN, x.ServerFIN = markOf(c.FINAt(client)), markOf(c.FINAt(server))
	x.ClientRST, x.ServerRST = markOf(c.RSTAt(client)), markOf(c.RSTAt(server))
	x.ClientTimeWait, x.ServerTimeWait = a.timeWaitSpan(c, client), a.timeWaitSpan(c, server)
	x.AnswersLost = partyWhere(client, c.ProbeAnswersLost)
	x.Remote = party(c.Remote(), client)
	x.ForeignRST, x.ServerAcked = partyWhere(client, c.ForeignRST), Unknown
	if seq, ok := c.Acked(server); ok {
		x.ServerAcked = int64(seq)
	}
	var by flows.Side
	if x.Stall, by = c.Stall(); x.Stall > 0 {
		x.StallBy = party(by.Set(), client)
	}
	byClient, byServer := c.Recycled()
	switch {
	case byClient:
		x.Recycled = Client
	case byServer:
		x.Recycled = Server
	}
}

// timeWaitSpan returns the TIME_WAIT of a side.
func (a *Analyzer) timeWaitSpan(c *flows.Conn, s flows.Side) TimeWaitSpan {
	from, restarted, ended, ok := c.TimeWaitSpan(s)
	if !ok {
		return TimeWaitSpan{}
	}
	to := restarted + int64(a.opt.TimeWait)
	if ended != 0 {
		to = min(to, ended)
	}
	return TimeWaitSpan{from, to}
}

func markOf(at int64, num uint64, ok bool) Mark {
	if !ok {
		return Mark{}
	}
	return Mark{at, num}
}
