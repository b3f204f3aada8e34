package analyze

import "github.com/kaanalyze/kaanalyze/flows"

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

// closedAt returns the time of the first FIN or RST, or Unknown.
func closedAt(c *flows.Conn) int64 {
	at, _ := closedBy(c)
	return at
}

// closedBy returns the time and the packet of the first FIN or RST, or Unknown.
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
func (a *Analyzer) closeOf(c *flows.Conn, t *httpState, client flows.Side, x *Close) {
	x.Kind, x.TimeWait, x.Inferred, x.Began = c.CloseKind(), timeWaitOf(c, client), c.Inferred(), a.beganClose(c, t, client)
	x.At, x.Packet = closedBy(c)
	if s, _, _, ok := c.FirstFIN(); ok && x.Kind != flows.CloseUnknown {
		x.FirstFIN = party(s.Set(), client)
	}
	by, shape, _, _ := c.Resets()
	x.RSTBy, x.ResetShape = party(by, client), shape
}

// lastGap returns the idle time before the close, if nothing was under way.
func (a *Analyzer) lastGap(c *flows.Conn, t *httpState) (int64, bool) {
	at := closedAt(c)
	if t.has(decrypted) {
		at = a.tlsEnded(c, t)
	}
	if away := a.awayAt(t); away != Unknown && (at == Unknown || away < at) && away >= t.lastDone {
		at = away
	}
	if at == Unknown || t.responses == 0 || t.outstanding > 0 || t.has(tunnelled) || t.lastDone == Unknown {
		return 0, false
	}
	return max(0, at-t.lastDone), true
}

// partyWhere returns who of the two sides does what is says.
func partyWhere(client flows.Side, is func(flows.Side) bool) Party {
	var s flows.Sides
	for side := range flows.Side(2) {
		if is(side) {
			s |= side.Set()
		}
	}
	return party(s, client)
}
