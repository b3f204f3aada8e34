package cause

import (
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// noteStreams notes what is unusual about the streams of a connection with HTTP/2. last is
// the time of the latest packet so far.
func (s *Summary) noteStreams(c *analyze.Connection, last int64) {
	x := c.HTTP2
	if x == nil {
		return
	}
	for _, n := range [...]struct {
		kind  AnomalyKind
		by    analyze.Party
		count int64
	}{
		{AnomalyCancelled, analyze.Client, x.Abandoned}, {AnomalyStreamsReset, analyze.Server, x.Failed}, {AnomalyRefused, analyze.Server, x.StreamsRefused},
	} {
		refusedLater := n.kind == AnomalyRefused && x.GoAway.By == analyze.Server // as GOAWAY does
		if n.count > 0 && !refusedLater {
			s.note(c, n.kind, n.by, n.count, 0)
		}
	}
	g := &x.GoAway
	if g.By == analyze.Server && g.Unheeded > 0 {
		s.note(c, AnomalyUsedAway, analyze.Client, g.Unheeded, g.Mark.Packet)
	}
	if p := &x.ClientPings; g.By == analyze.Server && g.Code == http2.EnhanceYourCalm && max(p.Interval, p.Idle) > 0 {
		s.note(c, AnomalyPinged, analyze.Client, pingsApart(p), g.Mark.Packet)
	}
	if g.By != analyze.Server || g.Drains && x.GoAway.LastStream == 1<<31-1 {
		return
	}
	until := last
	if end := c.Close.At; end != analyze.Unknown {
		until = end
	}
	if e := &c.Evidence; e.Outstanding == 0 && until-max(g.Mark.At, e.LastDone) >= minKeptAway && !e.ServerFIN.OK() {
		s.note(c, AnomalyKeptAway, analyze.Client, until-g.Mark.At, g.Mark.Packet)
	}
}

// streamLosses counts, by ID, the requests that were lost with their stream while the
// connection went on: those that the server reset, and those that the client cancelled.
func (d *Decisions) streamLosses() {
	d.all.summary.each(func(a *Anomaly) {
		if d.streams == nil {
			d.streams = map[uint32]Lost{}
		}
		x := Lost{Failed: a.Duration}
		if a.Kind == AnomalyCancelled {
			x = Lost{Abandoned: a.Duration}
		}
		d.streams[a.ID] = d.streams[a.ID].plus(x)
	}, AnomalyCancelled, AnomalyStreamsReset)
}

// pingsApart returns the time between two PINGs that keep a connection alive or, where there
// are no two in a row, the silence before one.
func pingsApart(p *analyze.Pings) int64 {
	if p.Interval > 0 {
		return p.Interval
	}
	return p.Idle
}
