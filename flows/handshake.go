package flows

// Handshake is how a connection was opened (RFC 9293, 3.5).
type Handshake uint8

// The ways to open a connection, or to fail to.
const (
	HandshakeMidstream    Handshake = iota // the opening was not captured
	HandshakeComplete                      // SYN, SYN-ACK, ACK
	HandshakeRefused                       // the SYN was answered by an RST
	HandshakeUnanswered                    // the SYN was not answered
	HandshakeIncomplete                    // the last ACK did not come
	HandshakeSimultaneous                  // both sent SYN, and both SYN-ACK
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
	case r.has(sentSYNACK) && i.packets == 0 && r.has(sentData|sentFIN):
		return HandshakeComplete // the last ACK has come, but was not captured
	case r.has(sentSYNACK):
		return HandshakeIncomplete
	case r.has(sentRST):
		return HandshakeRefused
	default:
		return HandshakeUnanswered
	}
}

// Opened reports whether the connection came to be, as far as was captured:
// its SYN was neither refused nor left unanswered.
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

// ConnectTime is [Conn.RTT] measured from the first SYN: what the program that
// opened the connection waited for.
func (c *Conn) ConnectTime() (int64, bool) {
	if !c.timed() {
		return 0, false
	}
	return max(0, c.established-c.Start), true
}

// timed reports whether the times of an ordinary handshake are known.
func (c *Conn) timed() bool {
	return c.facts&factEstablished != 0 && c.halves[Initiator].has(sentSYN) && !c.halves[Responder].has(sentSYN)
}

// SYNRetransmissions returns how often the initiator sent its SYN again.
func (c *Conn) SYNRetransmissions() uint32 { return c.halves[Initiator].synRetransmissions }

// SYNACKRetransmissions returns how often the responder sent its SYN-ACK again.
func (c *Conn) SYNACKRetransmissions() uint32 { return c.halves[Responder].synRetransmissions }

// SYNACKAfterACK reports whether the responder sent its SYN-ACK again more than a round
// trip after the initiator had acknowledged it.
func (c *Conn) SYNACKAfterACK() bool { return c.facts&factSYNACKAfterACK != 0 }

// noteOpening takes a segment of side d that may belong to the opening: the
// first of its side, one with a SYN, or any until the handshake is complete.
func (c *Conn) noteOpening(d Side, s *Segment) {
	h := &c.halves[d]
	if s.Flags&SYN != 0 && !h.has(sentSYN|sentSYNACK|sentData) {
		c.reopen(h)
	}
	if !h.has(seqKnown) {
		h.learnStart(s)
	}
	switch s.Flags & (SYN | ACK) {
	case SYN:
		if d == Initiator && c.facts&factEstablished == 0 {
			c.lastSYN = s.Time
		}
		h.noteSYN(sentSYN, s)
	case SYN | ACK:
		if h.has(sentSYNACK) && s.Seq == h.isn && c.facts&factEstablished != 0 && s.Time-c.established > c.established-c.lastSYN {
			c.facts |= factSYNACKAfterACK
		}
		h.noteSYN(sentSYNACK, s)
	case ACK:
		if c.facts&factEstablished == 0 {
			c.noteFirstACK(d, s)
		}
	}
}

// reopen forgets, at the first SYN of side h, what came before it: the bare
// ACK of an old life, or an RST or FIN that did not keep the peer from going on
// with the handshake, so that its sender was not the peer.
func (c *Conn) reopen(h *half) {
	h.facts &^= seqKnown | sentFIN | finHasACK
	for side := range Side(2) {
		c.halves[side].facts &^= sentRST | rstProvisional | rstHasACK | rstKnowsFIN | dataEnded
	}
}

// learnStart takes the first sequence number of a side.
func (h *half) learnStart(s *Segment) {
	h.facts |= seqKnown
	h.isn, h.next, h.want = s.Seq, s.Seq, s.Seq
	if s.Flags&SYN != 0 {
		h.want++
		h.facts &^= startUnsure
		return
	}
	if s.Len <= 1 && s.Flags&(FIN|PSH) == 0 {
		h.facts |= startUnsure
		h.want += s.Len // the byte of a probe is not data
	}
}

// raiseStart moves the start of a midstream side whose first segment was a
// probe: the peer acknowledges the byte above it, which was sent before the
// capture.
func (h *half) raiseStart(ack uint32) {
	if ack == h.isn+1 && !h.has(sentData) && h.next-h.isn <= 1 {
		h.isn, h.next, h.want = ack, ack, ack
	}
	h.facts &^= startUnsure
}

// noteSYN notes a SYN of side h, of which kind is sentSYN or sentSYNACK.
func (h *half) noteSYN(kind halfFacts, s *Segment) {
	if h.has(kind) && s.Seq == h.isn {
		h.synRetransmissions++
	}
	if !h.has(sentSYN|sentSYNACK) && h.isn == s.Seq+1 {
		h.isn = s.Seq // it comes after what follows it
	}
	h.facts |= kind
	h.scale = s.WindowScale
}

// noteFirstACK takes an ACK of side d while the handshake is not complete. From
// the initiator it completes the handshake. From a responder that has sent no SYN
// it belongs to an older connection, which the responder still has (RFC 9293,
// 3.10.7.4).
func (c *Conn) noteFirstACK(d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if d == Responder {
		if peer.has(sentSYN) && !h.has(sentSYNACK|sentSYN) {
			c.facts |= factBareACK
		}
		return
	}
	if h.has(sentSYN) && s.Seq-h.isn > 0 &&
		(!peer.has(seqKnown) || peer.has(sentSYNACK|sentSYN) && after(s.Ack, peer.isn)) {
		c.facts |= factEstablished
		c.established = s.Time
	}
}
