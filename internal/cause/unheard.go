package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// noteUnheard notes what a path that forgot a connection, or a host that is gone, leaves of
// it: a FIN that gets no answer, which loses nothing; and at the server one that stays
// open, idle, as if its client had forgotten it.
func (s *Summary) noteUnheard(c *analyze.Connection) {
	e := &c.Evidence
	if e.OnlyFullLost&analyze.Client != 0 && e.UnansweredClient >= minLostData || e.OnlyFullLost&analyze.Server != 0 && e.UnansweredServer >= minLostData {
		s.note(c, AnomalyFullLost, e.OnlyFullLost, 0, 0)
	}
	client := e.UnackedClient && !e.RequestUnacked && e.UnansweredClient >= minLostData
	server := e.UnackedServer && !e.ResponseUnacked && e.UnansweredServer >= minLostData
	far := e.Remote == analyze.Client && e.Outstanding == 0 && e.LastDone != analyze.Unknown
	if !client && !server && !far {
		return // as most: who ended it is not worth to be found out then
	}
	switch by := endingOf(c).by; {
	case by == analyze.Client && client:
		s.note(c, AnomalyUnheardFIN, by, e.Quiet, e.ClientFIN.Packet)
	case by == analyze.Server && server:
		s.note(c, AnomalyUnheardFIN, by, e.Quiet, e.ServerFIN.Packet)
	case by == analyze.Nobody && far:
		s.note(c, AnomalyFarIdle, analyze.Client, 0, 0)
	}
}
