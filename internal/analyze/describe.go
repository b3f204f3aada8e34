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
	if x.HTTPUnknown || t.unread(c, server) {
		x.Responses, x.Interim = Unknown, Unknown
	}
	if x.HTTPUnknown || t.unread(c, client) {
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

// lastGap returns the idle time before the close, if nothing was under way.
func lastGap(c *flows.Conn, t *httpState) (int64, bool) {
	at := closedAt(c)
	if at == Unknown || t.responses == 0 || t.outstanding > 0 || t.has(tunnelled) || t.lastDone == Unknown {
		return 0, false
	}
	return max(0, at-t.lastDone), true
}

// nearestRank returns the index of the percentile in n sorted values.
func nearestRank(n, percent int) int { return max(1, (n*percent+99)/100) - 1 }

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

// party returns a set of sides as client and server.
func party(s flows.Sides, client flows.Side) Party {
	switch s {
	case flows.NoSide:
		return Nobody
	case flows.BothSides:
		return Both
	case client.Set():
		return Client
	}
	return Server
}

// beganClose returns who began the close: sent the FIN that does not
// acknowledge the other's, or else the first RST.
func beganClose(c *flows.Conn, client flows.Side) Party {
	if closers := c.ActiveClosers(); closers != flows.NoSide {
		return party(closers, client)
	}
	by, _, _, _ := c.Resets()
	return party(by, client)
}

// closedAt returns the time of the first FIN or RST, or Unknown.
func closedAt(c *flows.Conn) int64 {
	at, _ := closedBy(c)
	return at
}

func closedBy(c *flows.Conn) (at int64, num uint64) {
	_, at, num, fin := c.FirstFIN()
	by, _, rstAt, rstNum := c.Resets()
	switch {
	case by != flows.NoSide && (!fin || rstNum < num):
		return rstAt, rstNum
	case fin:
		return at, num
	}
	return Unknown, 0
}

// timeWaitOf returns who holds TIME_WAIT after the close.
func timeWaitOf(c *flows.Conn, client flows.Side) TimeWait {
	tw, sides := c.Holders()
	switch tw {
	case flows.TimeWaitHeld:
		return [...]TimeWait{TimeWaitNull, TimeWaitClient, TimeWaitServer, TimeWaitBoth}[party(sides, client)]
	case flows.TimeWaitNone:
		return TimeWaitNone
	case flows.TimeWaitPending:
		return TimeWaitPending
	case flows.TimeWaitUnknown:
		return TimeWaitUnknown
	}
	return TimeWaitNull
}

// closeOf fills the close of a connection.
func closeOf(c *flows.Conn, client flows.Side) Close {
	x := Close{Kind: c.CloseKind(), TimeWait: timeWaitOf(c, client), Inferred: c.Inferred(), Began: beganClose(c, client)}
	x.At, x.Packet = closedBy(c)
	if s, _, _, ok := c.FirstFIN(); ok {
		x.FirstFIN = party(s.Set(), client)
	}
	by, shape, _, _ := c.Resets()
	x.RSTBy, x.ResetShape = party(by, client), shape
	return x
}
