package analyze

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// describe makes the readable form of a connection, where all are kept.
func (a *Analyzer) describe(c *flows.Conn, x *Connection) {
	var scratch httpState
	a.describeAs(c, a.states.read(c, &scratch), x)
}

// describeAs is describe with the HTTP state given.
func (a *Analyzer) describeAs(c *flows.Conn, t *httpState, x *Connection) {
	a.numbers(c, t, x)
	client := clientSide(c, t)
	a.evidence(c, t, client, &x.Evidence)
	if t.tls != 0 {
		a.tlsEvidence(c, t, client, x)
	}
	a.turnEvidence(c, t, x)
}

// numbers is describeAs without the evidence. Both fill x field by field: literals would
// be copied.
func (a *Analyzer) numbers(c *flows.Conn, t *httpState, x *Connection) {
	client := clientSide(c, t)
	server := client.Peer()
	*x = Connection{}
	x.ID, x.Stream = c.ID, int64(c.Stream)
	if a.opt.Filtered {
		x.Stream = Unknown
	}
	x.Client, x.Server = c.Endpoint(client).AddrPort(), c.Endpoint(server).AddrPort()
	x.Start, x.End, x.Midstream = c.Start, c.End, c.Midstream()
	x.PacketsClient, x.PacketsServer = c.Packets(client), c.Packets(server)
	x.BytesClient, x.BytesServer = c.Bytes(client), c.Bytes(server)
	x.RetransmissionsClient, x.RetransmissionsServer = c.Retransmissions(client), c.Retransmissions(server)
	x.MissingClient, x.MissingServer = c.Missing(client), c.Missing(server)
	x.Handshake, x.ConnectTime, x.SYNRetransmissions, x.RTT = c.Handshake(), connectTime(c), c.SYNRetransmissions(), Unknown
	if ns, ok := c.RTT(); ok {
		x.RTT = ns
	}
	probesOf(c, client, &x.ClientProbes)
	probesOf(c, server, &x.ServerProbes)
	a.closeOf(c, t, client, &x.Close)

	x.Protocol, x.HTTPUnknown = protocolOf(t), t.has(opaque)
	x.Requests, x.Responses, x.Interim = int64(t.requests), int64(t.responses), int64(t.interim)
	if x.TLS = a.tlsOf(c, t); x.TLS != nil && (x.Protocol == TLS || x.Protocol == NoProtocol) {
		x.Protocol = TLS
		switch x.TLS.Protocol {
		case "h2":
			x.Protocol = H2
		case "http/1.1":
			x.Protocol = HTTP11
		}
	}
	x.WebSocket = a.socketInfo(t, client)
	if x.HTTP2 = a.h2Info(t, client, x.End); x.HTTP2 != nil && x.TLS != nil {
		x.Protocol = H2
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
	a.idleGaps(c, t, x)
	x.RequestsEstimated = Unknown
	a.turnNumbers(c, t, x)
}

// idleGaps fills the idle gaps, with the last one to the close.
func (a *Analyzer) idleGaps(c *flows.Conn, t *httpState, x *Connection) {
	x.IdleP50, x.IdleMax, x.IdleLast = Unknown, Unknown, Unknown
	if last, ok := a.lastGap(c, t); ok {
		x.IdleLast = last
	}
	if !t.has(opaque) {
		a.measureGaps(t, x)
	}
}

// measureGaps fills the median and the longest of the idle gaps, with the last one.
func (a *Analyzer) measureGaps(t *httpState, x *Connection) {
	gap, last := int64(Unknown), x.IdleLast
	switch {
	case t.gaps.store != 0:
		a.measureSamples(t, x)
		return
	case t.gaps.n == 1:
		gap = t.gaps.last
	}
	if gap == Unknown || last == Unknown {
		x.IdleP50 = max(gap, last)
	} else {
		x.IdleP50 = min(gap, last) // the lower one of two
	}
	x.IdleMax = max(gap, last)
}

// measureSamples is measureGaps of several.
func (a *Analyzer) measureSamples(t *httpState, x *Connection) {
	var buf [maxSamples + 1]int64
	values := append(buf[:0], a.states.gaps.At(t.gaps.store).values...)
	x.IdleMax = t.gaps.max
	if x.IdleLast != Unknown {
		x.IdleMax = max(x.IdleMax, x.IdleLast)
		values = append(values, x.IdleLast)
	}
	slices.Sort(values)
	x.IdleP50 = values[nearestRank(len(values), 50)]
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

func probesOf(c *flows.Conn, s flows.Side, x *Probes) {
	p := c.Probes(s)
	x.Sent, x.Answered, x.Idle, x.Interval = p.Sent, p.Answered, Unknown, Unknown
	if p.Idle > 0 {
		x.Idle = p.Idle
	}
	if p.Interval > 0 {
		x.Interval = p.Interval
	}
}

// idleTolerance is how much shorter a pause may be that counts as long as another, ns:
// programs wake up no more exactly.
const idleTolerance = 2e6

// evidence fills the evidence of a connection, which is empty.
func (a *Analyzer) evidence(c *flows.Conn, t *httpState, client flows.Side, x *Evidence) {
	server := client.Peer()
	x.Pair, x.Server = t.pair, a.pools.pairs.At(t.pair).server
	x.EndReason, x.EndMark, x.EndN, x.PreviousDone = t.end.reason, Mark{t.end.at, t.end.num}, int64(t.end.n), t.end.previousDone
	x.LastDone, x.LastStatus, x.LastHadBody = Unknown, t.lastStatus, t.has(lastHadBody)
	x.EarlyResponse, x.UploadCut, x.Idle408 = t.has(earlyResponse), t.has(uploadCut), t.has(idle408)
	x.UploadOutlasts = t.has(uploadOutlasts)
	x.KeptAfterError, x.Switched, x.Superseded = t.has(keptAfterError), t.has(tunnelled), c.Superseded()
	x.HeadStarted = a.states.headBegun(t, client)
	x.Malformed, x.AlertAnswer, x.HeadCut, x.Surplus = t.has(malformed), t.has(alertAnswer), t.has(headPartial), int64(t.surplus)
	if t.outstanding > 0 {
		x.Lacks = int64(t.current.lacks)
	}
	x.Outstanding, x.RequestDone, x.FirstByteAt = int64(t.outstanding), Unknown, Unknown
	x.IdleBefore, x.IdleOthers, x.Quiet = int64(t.idleBefore), int64(t.idleOthers), c.Quiet()
	x.ServerFINCrossedData = c.FINMissesData(server) || c.SentAcrossFIN(client)
	x.ClientFINCrossedData = c.FINMissesData(client) || c.SentAcrossFIN(server)
	x.ClientSentAfterFIN, x.ServerSentAfterFIN = c.SentAfterFIN(client), c.SentAcrossFIN(server) || c.SentAfterFIN(server)
	x.UnansweredClient, x.UnansweredServer = c.Unanswered(client), c.Unanswered(server)
	x.UnackedClient, x.UnackedServer = c.Unacknowledged(client), c.Unacknowledged(server)
	x.RequestUnacked, x.ResponseUnacked = c.UnacknowledgedData(client), c.UnacknowledgedData(server)
	x.Challenged, x.SYNACKRetransmissions, x.SYNACKAfterACK = c.Challenged(), c.SYNACKRetransmissions(), c.SYNACKAfterACK()
	if t.responses > 0 {
		x.LastDone = t.lastDone
	}
	if t.has(earlyResponse) {
		x.EarlyStatus = t.current.status
	}
	if last, ok := a.lastGap(c, t); ok {
		x.SurvivedSameIdle = t.gaps.n > 0 && t.gaps.max >= last-idleTolerance
	}
	if t.requests > 0 {
		x.Request = Mark{t.current.requestAt, t.current.requestNum}
		x.RequestDone, x.FirstByteAt, x.ResponseBegun = t.current.requestDone, t.current.firstByteAt, t.current.answered
		x.EventStream = t.current.answered && t.outstanding > 0 && t.has(lastIsStream)
	}
	x.ClientISN, x.ServerISN = initialSequence(c, client), initialSequence(c, server)
	x.ClientFIN, x.ServerFIN = markOf(c.FINAt(client)), markOf(c.FINAt(server))
	x.ClientRST, x.ServerRST = markOf(c.RSTAt(client)), markOf(c.RSTAt(server))
	x.ClientTimeWait, x.ServerTimeWait = a.timeWaitSpan(c, client), a.timeWaitSpan(c, server)
	x.OnlyFullLost = partyWhere(client, c.OnlyFullUnacknowledged)
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

// initialSequence returns the sequence number of a side's SYN, or Unknown.
func initialSequence(c *flows.Conn, s flows.Side) int64 {
	if seq, ok := c.InitialSequence(s); ok {
		return int64(seq)
	}
	return Unknown
}

func markOf(at int64, num uint64, ok bool) Mark {
	if !ok {
		return Mark{}
	}
	return Mark{at, num}
}
