package flows

// Handshake is how a connection was opened.
type Handshake uint8

// The ways.
const (
	HandshakeMidstream    Handshake = iota // the opening was not captured
	HandshakeComplete                      // SYN, SYN-ACK, ACK
	HandshakeRefused                       // the SYN was answered by an RST
	HandshakeUnanswered                    // by nothing
	HandshakeIncomplete                    // the last ACK did not come
	HandshakeSimultaneous                  // both sent SYN, and both SYN-ACK (RFC 9293, 3.5)
	HandshakeSplit                         // both sent SYN, one SYN-ACK
)

// String returns the name that reports use.
func (h Handshake) String() string {
	return [...]string{"midstream", "complete", "refused", "unanswered", "incomplete", "simultaneous", "split"}[h]
}

// Handshake derives how the connection was opened.
func (c *Conn) Handshake() Handshake {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	switch {
	case c.Midstream():
		return HandshakeMidstream
	case i.has(sentSYN) && r.has(sentSYN):
		if i.has(sentSYNACK) && r.has(sentSYNACK) {
			return HandshakeSimultaneous
		}
		return HandshakeSplit
	case c.facts&factEstablished != 0:
		return HandshakeComplete
	case r.has(sentSYNACK):
		return HandshakeIncomplete
	case r.has(sentRST):
		return HandshakeRefused
	default:
		return HandshakeUnanswered
	}
}

// Opened reports whether the connection came to be, as far as was captured.
func (c *Conn) Opened() bool {
	switch c.Handshake() {
	case HandshakeRefused, HandshakeUnanswered:
		return false
	}
	return true
}

// RTT returns the time from the initiator's last SYN to its ACK of the
// SYN-ACK, as tshark's initial_rtt, in ns; and false if it is not known.
func (c *Conn) RTT() (int64, bool) {
	if !c.timed() {
		return 0, false
	}
	return max(0, c.established-c.lastSYN), true
}

// ConnectTime is [Conn.RTT] measured from the first SYN.
func (c *Conn) ConnectTime() (int64, bool) {
	if !c.timed() {
		return 0, false
	}
	return max(0, c.established-c.Start), true
}

func (c *Conn) timed() bool {
	return c.facts&factEstablished != 0 && c.halves[Initiator].has(sentSYN) && !c.halves[Responder].has(sentSYN)
}

// SYNRetransmissions returns how often the initiator sent its SYN again.
func (c *Conn) SYNRetransmissions() uint32 { return c.halves[Initiator].synRetransmissions }

// opening notes what a segment of side d says of the handshake.
func (c *Conn) opening(d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch s.Flags & (SYN | ACK | RST) {
	case SYN:
		if h.has(sentSYN) && s.Seq == h.isn {
			h.synRetransmissions++
		}
		h.facts |= sentSYN
		if d == Initiator {
			c.lastSYN = s.Time
		}
	case SYN | ACK:
		if h.has(sentSYNACK) && s.Seq == h.isn {
			h.synRetransmissions++
		}
		h.facts |= sentSYNACK
	case ACK:
		if d == Responder && peer.has(sentSYN) && !h.has(sentSYNACK|sentSYN) && c.facts&factEstablished == 0 {
			c.facts |= factBareACK
		}
		if c.facts&factEstablished == 0 && d == Initiator && h.has(sentSYN) && s.Seq-h.isn > 0 {
			if !peer.has(seqKnown) || peer.has(sentSYNACK|sentSYN) && after(s.Ack, peer.isn) {
				c.facts |= factEstablished
				c.established = s.Time
			}
		}
	}
	if s.Flags&SYN != 0 && s.WindowScale != NoScale {
		h.scale = s.WindowScale
	}
}
