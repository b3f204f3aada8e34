package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// noteTLS notes of a connection whose TLS handshake was seen to its end what rules count:
// whether it resumed a session and if not, whose doing that was; that it spoke HTTP/2; and
// that it was closed without close_notify.
func (s *Summary) noteTLS(c *analyze.Connection) {
	e := &c.Evidence
	if c.Protocol == analyze.H2 && e.Used || c.Protocol == analyze.H2C && c.BytesClient > 0 {
		atOnce := int64(0)
		if h := c.HTTP2; h != nil && !h.Lost {
			atOnce = h.MostAtOnce
			if h.Limit > 0 && atOnce >= h.Limit {
				s.note(c, AnomalyFull, analyze.Server, h.Limit, 0)
			}
		}
		s.note(c, AnomalyHTTP2, analyze.Client, atOnce, 0)
	}
	x := c.TLS
	if x == nil || x.Begun == 0 || x.Done == 0 || x.Failed {
		return
	}
	switch {
	case x.Resumed.Is():
		s.note(c, AnomalyHandshake, analyze.Both, x.Handshake, 0)
	case x.Resumed.IsNot() && x.ResumptionOffered.IsNot():
		s.note(c, AnomalyHandshake, analyze.Client, x.Handshake, 0)
	case x.Resumed.IsNot() && x.ResumptionOffered.Is():
		s.note(c, AnomalyHandshake, analyze.Server, x.Handshake, 0)
	}
	if by, m := unannounced(c); by != analyze.Nobody {
		s.note(c, AnomalyNoNotify, by, 0, m.Packet)
	}
}

// unannounced returns who began to close by a FIN, with all that it sent captured and no
// close_notify in it, and the FIN; Nobody if that does not hold.
func unannounced(c *analyze.Connection) (analyze.Party, analyze.Mark) {
	e := &c.Evidence
	if c.TLS.Lost || c.MissingClient+c.MissingServer > 0 || e.ClientRST.OK() && e.ClientRST.At == c.Close.At || e.ServerRST.OK() && e.ServerRST.At == c.Close.At {
		return analyze.Nobody, analyze.Mark{}
	}
	switch c.Close.Began {
	case analyze.Client:
		if e.ClientFIN.OK() && e.ClientNotify == 0 {
			return analyze.Client, e.ClientFIN
		}
	case analyze.Server:
		if e.ServerFIN.OK() && e.ServerNotify == 0 {
			return analyze.Server, e.ServerFIN
		}
	}
	return analyze.Nobody, analyze.Mark{}
}
