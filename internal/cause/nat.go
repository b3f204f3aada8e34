package cause

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// What a NAT on the path forgot to translate: connection tracking lets packets pass
// untouched that it takes for invalid, and the client answers the server's true
// address by RST, which goes through.

// isStray reports whether all that is seen of a connection is packets of the server
// to a client that has no such socket.
func isStray(c *analyze.Connection, e *analyze.Evidence) bool {
	return c.Midstream && c.BytesClient == 0 && c.PacketsServer > 0 && e.ClientRST.OK() && !e.ClientFIN.OK() &&
		c.Close.ResetShape == flows.ResetNoSocket && e.ServerAcked != analyze.Unknown
}

// noteStray notes what may be one connection under two addresses of a server.
func (s *Summary) noteStray(c *analyze.Connection) {
	e := &c.Evidence
	switch {
	case isStray(c, e):
		s.note(c, AnomalyStray, analyze.Server, e.ServerAcked, e.ClientRST.Packet)
	case e.ServerRST.OK() && e.ServerAcked != analyze.Unknown:
		s.note(c, AnomalyServerCut, analyze.Server, e.ServerAcked, e.ServerRST.Packet)
	}
}

// untranslated settles connections of which packets came under another address of the
// server, and these packets: the client's port and what they acknowledge are those of
// a connection that the server then reset.
func (d *Decisions) untranslated() {
	type socket struct {
		client netip.Addr
		port   uint16
	}
	type cut struct {
		*Record
		acked uint32
	}
	if !d.all.summary.has(AnomalyStray) {
		return
	}
	cuts := map[socket][]cut{}
	at := func(r *Record) socket { return socket{d.PairOf(r).Client, r.Port} }
	d.EachAnomaly(func(m *Anomaly) {
		r := d.Record(uint64(m.ID))
		cuts[at(r)] = append(cuts[at(r)], cut{r, uint32(m.Duration)})
	}, AnomalyServerCut)
	defer func() { settle(waiting(d.Records(), strayData), NotHTTP, analyze.Both, Medium) }()
	d.EachAnomaly(func(m *Anomaly) {
		r := d.Record(uint64(m.ID))
		for _, c := range cuts[at(r)] {
			within := r.Start >= c.Start && r.Start <= c.Ended+int64(minRest)
			if !within || c.Pair == r.Pair || c.acked-uint32(m.Duration) > oneWindow || r.class == decided {
				continue
			}
			r.observation = observation{kind: observedStray, number: c.ID}
			settle([]*Record{r}, MiddleboxReset, analyze.Network, High)
			if c.class != decided {
				c.observation = observation{kind: observedUntouched, number: r.ID}
				settle([]*Record{c.Record}, MiddleboxReset, analyze.Network, High)
			}
			return
		}
	}, AnomalyStray)
}

// Untranslated reports whether a NAT let packets pass untouched that belong to it, or
// that it is made of.
func (r *Record) Untranslated() bool {
	return r.observation.kind == observedStray || r.observation.kind == observedUntouched
}

// Belongs returns the ID of the connection of which it holds packets under another
// address of the server; 0 if there is none.
func (r *Record) Belongs() uint64 {
	if r.observation.kind == observedStray {
		return uint64(r.observation.number)
	}
	return 0
}
