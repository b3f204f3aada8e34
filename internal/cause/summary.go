package cause

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Summary adds up what only some rules look at.
type Summary struct {
	Midstream    int64 // connections whose opening was not captured
	WithRequests int64 // with at least one request
	WithMessages int64 // with a request or a response

	Unseen                   // of all servers
	unseen map[uint32]Unseen // by number of the server

	anomalies compact.Vault[Anomaly]
	kinds     uint32 // of anomalies that there are, a bit each
	failures  []failure
	outlived  map[uint32]int64 // the longest silence after which a connection went on, ns, by number of the pair
}

// Anomaly is something unusual about a connection besides its cause.
type Anomaly struct {
	ID       uint32        // of the connection
	Kind     AnomalyKind   // what is unusual
	By       analyze.Party // whose doing it is
	Duration int64         // ns, as Kind says
	Packet   uint64        // that shows it; 0 if several do
}

// AnomalyKind is what is unusual.
type AnomalyKind uint8

// The kinds of anomalies.
const (
	AnomalyChallenged   AnomalyKind = iota // the SYN was answered by a bare ACK (RFC 5961, 4); Duration is that of the handshake
	AnomalyRecycled                        // the SYN took over a TIME_WAIT of the 4-tuple (RFC 6191)
	AnomalyStall                           // a receive window was closed for Duration
	Anomaly408                             // a 408 came that answers no request
	AnomalyProbes                          // keep-alive probes began after Duration of silence
	AnomalyProbing                         // keep-alive probes followed each other after Duration
	AnomalyCloseWait                       // the server closed Duration before the end of the capture, the client did not
	AnomalyFINWait2                        // the client closed Duration before the end of the capture, the server did not
	AnomalyStarved                         // data was acknowledged and not answered for Duration
	AnomalyLateClose                       // the client closed Duration after the server had
	AnomalyStray                           // data of a server that no socket of the client knew; Duration is what it acknowledged
	AnomalyServerCut                       // the server reset it; Duration is what it had acknowledged
	AnomalyLateOpen                        // the handshake took Duration, for a SYN or its answer was sent again
	AnomalyShort                           // the last response lacks Duration bytes of the length that it says
	AnomalyUnheardFIN                      // the FIN was sent again and again without an answer, after Duration of silence; no data was
	AnomalyFullLost                        // data was sent again and again without an answer, all of it in full segments
	AnomalyFarIdle                         // the client, which the capture shows to be far, left it open and idle
	AnomalyPipelined                       // Duration requests, not one alone, had no whole response at the end
	AnomalyCancelled                       // the client cancelled Duration streams of HTTP/2
	AnomalyStreamsReset                    // the server reset Duration of them, whose response was not complete
	AnomalyRefused                         // the server refused Duration of them, without GOAWAY
	AnomalyKeptAway                        // it was kept for Duration after a GOAWAY of the server
	AnomalyUsedAway                        // Duration streams were opened on it though the client had a GOAWAY of the server
	AnomalyPinged                          // the client sent PINGs after Duration of silence, or of each other, and the server had too many of them
	AnomalyHandshake                       // of TLS, done in Duration: in full for By, who offered no session or did not take it; resumed for Both
	AnomalyHTTP2                           // it spoke HTTP/2, and the client sent something; at most Duration streams were open at once, 0 if that is not known
	AnomalyFull                            // as many streams were open as the server allows at once, Duration
	AnomalySocketIdle                      // a WebSocket that By ended without a Close, Duration after its last frame
	AnomalyNoNotify                        // By began to close TLS by a FIN, without close_notify
)

// add adds a connection up and notes its anomalies. last is the time of the latest
// packet so far.
func (s *Summary) add(c *analyze.Connection, last int64) {
	if c.Midstream {
		s.Midstream++
	}
	if c.Carried() > 0 {
		s.WithRequests++
	}
	if c.Carried() > 0 || c.Responses > 0 {
		s.WithMessages++
	}
	var missing Unseen
	if c.Opaque() && !nothingHidden(c) {
		missing.Opaque = 1
		switch {
		case c.TLS != nil || c.Protocol == analyze.TLS:
			missing.Encrypted = 1
		case c.Protocol == analyze.H2C:
			missing.HTTP2 = 1
		}
	}
	unopened := c.Handshake == flows.HandshakeUnanswered || c.Handshake == flows.HandshakeIncomplete && c.Evidence.SYNACKRetransmissions > 0
	if (c.PacketsClient == 0) != (c.PacketsServer == 0) && !unopened {
		missing.OneDirection = 1
	}
	if bytes := c.MissingClient + c.MissingServer; !cutOnly(c) && bytes*lossyShare > bytes+c.BytesClient+c.BytesServer {
		missing.Lossy = 1
	}
	s.noteUnseen(c, missing)
	s.noteAnomalies(c, last)
}

// nothingHidden reports whether TLS hides no request: the handshake failed, or the client sent
// nothing after it.
func nothingHidden(c *analyze.Connection) bool {
	x := c.TLS
	return x != nil && (x.Failed && endingOf(c).by != analyze.Nobody || x.Done != 0 && !c.Evidence.Used) && !c.Midstream && c.MissingClient == 0
}

// noteAnomalies notes what is unusual besides the cause.
func (s *Summary) noteAnomalies(c *analyze.Connection, last int64) {
	s.noteOpening(c)
	if e := &c.Evidence; e.Stall >= minStall {
		s.note(c, AnomalyStall, e.StallBy, e.Stall, 0)
	}
	if c.Evidence.Idle408 {
		s.note(c, Anomaly408, analyze.Server, 0, 0)
	}
	s.noteProbes(c, analyze.Client, &c.ClientProbes)
	s.noteProbes(c, analyze.Server, &c.ServerProbes)
	s.noteStarved(c, last)
	if lost := lossOf(c, endingOf(c)); lost.failed+lost.dropped > 1 {
		s.note(c, AnomalyPipelined, analyze.Client, lost.failed+lost.dropped, 0)
	}
	s.noteStreams(c, last)
	s.noteSocket(c)
	s.noteHalfClosed(c, last)
	s.noteUnheard(c)
	s.noteSilence(c)
	s.noteStray(c)
	s.noteShort(c)
	s.noteTLS(c)
}

// note notes one anomaly.
func (s *Summary) note(c *analyze.Connection, kind AnomalyKind, by analyze.Party, ns int64, packet uint64) {
	s.anomalies.Put(&Anomaly{uint32(c.ID), kind, by, ns, packet})
	s.kinds |= 1 << kind
}

// has reports whether there is an anomaly of that kind.
func (s *Summary) has(kind AnomalyKind) bool { return s.kinds&(1<<kind) != 0 }

// each calls f with each anomaly of these kinds, in the order in which their connections
// were added.
func (s *Summary) each(f func(*Anomaly), kinds ...AnomalyKind) {
	wanted := uint32(0)
	for _, k := range kinds {
		wanted |= 1 << k
	}
	if s.kinds&wanted == 0 {
		return // looking through all of them takes a while
	}
	s.anomalies.Each(func(m *Anomaly) {
		if wanted&(1<<m.Kind) != 0 {
			f(m)
		}
	})
}

// noteOpening notes what is unusual about a handshake.
func (s *Summary) noteOpening(c *analyze.Connection) {
	e := &c.Evidence
	resent := c.SYNRetransmissions+e.SYNACKRetransmissions > 0
	switch {
	case e.Challenged:
		s.note(c, AnomalyChallenged, analyze.Server, c.ConnectTime, 0)
	case resent && c.Handshake == flows.HandshakeComplete && c.ConnectTime >= minLateOpen:
		s.note(c, AnomalyLateOpen, analyze.Server, c.ConnectTime, 0)
	}
	if e.Recycled != analyze.Nobody {
		s.note(c, AnomalyRecycled, e.Recycled, 0, 0)
	}
}

// noteProbes notes when a side began to send keep-alive probes, and how often it
// did.
func (s *Summary) noteProbes(c *analyze.Connection, by analyze.Party, p *analyze.Probes) {
	if p.Sent > 0 && p.Idle != analyze.Unknown {
		s.note(c, AnomalyProbes, by, p.Idle, 0)
	}
	if p.Sent > 1 && p.Interval != analyze.Unknown {
		s.note(c, AnomalyProbing, by, p.Interval, 0)
	}
}

// noteStarved notes a request that the server's kernel acknowledged and its
// program never answered.
func (s *Summary) noteStarved(c *analyze.Connection, last int64) {
	e := &c.Evidence
	until := last
	if end := endingOf(c); end.by != analyze.Nobody {
		until = end.at
	}
	silent := e.Outstanding > 0 && !e.ResponseBegun && c.BytesServer == 0 && !e.ServerFIN.OK()
	if silent && !e.UnackedClient && until-e.Request.At >= minStarved {
		s.note(c, AnomalyStarved, analyze.Server, until-e.Request.At, e.Request.Packet)
	}
}

// noteHalfClosed notes that one side closed and the other, which acknowledged it,
// did not.
func (s *Summary) noteHalfClosed(c *analyze.Connection, last int64) {
	e := &c.Evidence
	if e.ClientRST.OK() || e.ServerRST.OK() || c.Midstream || c.PacketsClient == 0 || c.PacketsServer == 0 || c.Close.Inferred {
		return
	}
	switch {
	case e.ServerFIN.OK() && e.ClientFIN.OK() && e.ClientFIN.At-e.ServerFIN.At >= LongHalfClosed && !e.ServerSentAfterFIN:
		s.note(c, AnomalyLateClose, analyze.Client, e.ClientFIN.At-e.ServerFIN.At, e.ClientFIN.Packet)
	case e.ServerFIN.OK() && !e.ClientFIN.OK() && !e.UnackedServer && c.MissingClient == 0:
		s.note(c, AnomalyCloseWait, analyze.Client, last-e.ServerFIN.At, e.ServerFIN.Packet)
	case e.ClientFIN.OK() && !e.ServerFIN.OK() && !e.UnackedClient && c.MissingServer == 0:
		s.note(c, AnomalyFINWait2, analyze.Server, last-e.ClientFIN.At, e.ClientFIN.Packet)
	}
}

// join adds what other adds up, and empties it.
func (s *Summary) join(other *Summary) {
	s.Midstream += other.Midstream
	s.OneDirection += other.OneDirection
	s.Lossy += other.Lossy
	s.WithRequests += other.WithRequests
	s.WithMessages += other.WithMessages
	s.Opaque += other.Opaque
	s.Encrypted += other.Encrypted
	s.HTTP2 += other.HTTP2
	for server, x := range other.unseen {
		s.addUnseen(server, x)
	}
	for pair, ns := range other.outlived {
		s.addOutlived(pair, ns)
	}
	s.failures = append(s.failures, other.failures...)
	other.anomalies.Drain(func(a *Anomaly) { s.anomalies.Put(a) })
	s.kinds |= other.kinds
}
