package flows

import "slices"

// What TCP tells of why a connection ended as it did.

// Quiet returns for how long nothing but probes was sent before the first FIN
// or RST, in ns; 0 without one.
func (c *Conn) Quiet() int64 { return c.quiet }

// InitialSequence returns the sequence number of a side's SYN; ok is false if none was
// captured.
func (c *Conn) InitialSequence(s Side) (seq uint32, ok bool) {
	h := &c.halves[s]
	return h.isn, h.has(seqKnown) && h.has(sentSYN|sentSYNACK)
}

// FINAt returns when a side first sent its FIN, and in which frame; ok is false
// if that was not captured.
func (c *Conn) FINAt(s Side) (at int64, num uint64, ok bool) {
	h := &c.halves[s]
	return h.finAt, h.finNum, h.has(sentFIN)
}

// RSTAt returns the time and frame of the first RST of a side that its receiver
// accepts; ok is false if there is none.
func (c *Conn) RSTAt(s Side) (at int64, num uint64, ok bool) {
	h := &c.halves[s]
	return h.rstAt, h.rstNum, h.has(sentRST)
}

// FINMissesData reports whether a side sent its FIN without having data that
// its peer had already sent: the two crossed.
func (c *Conn) FINMissesData(s Side) bool { return c.halves[s].has(finMissesData) }

// SentAcrossFIN reports whether a side sent new payload that was captured after
// its peer's FIN, but does not acknowledge that FIN: the two crossed.
func (c *Conn) SentAcrossFIN(s Side) bool { return c.halves[s].has(sentAcrossFIN) }

// SentAfterFIN reports whether a side sent new payload though it had its peer's
// FIN, which that payload acknowledges.
func (c *Conn) SentAfterFIN(s Side) bool { return c.halves[s].has(sentAfterFIN) }

// Unanswered returns how many probes and retransmissions of a side its peer has
// answered, to the end, by nothing but retransmissions of its own, or by a FIN
// that does not acknowledge all that the side sent.
func (c *Conn) Unanswered(s Side) uint32 { return c.halves[s].unanswered }

// Unacknowledged reports whether payload or a FIN of a side is not
// acknowledged by its peer at the end.
func (c *Conn) Unacknowledged(s Side) bool {
	h, peer := &c.halves[s], &c.halves[s.Peer()]
	return h.has(seqKnown) && peer.has(ackKnown) && h.next != h.isn && after(h.next, peer.acked)
}

// FINAcknowledged reports whether the peer of a side acknowledged its FIN.
func (c *Conn) FINAcknowledged(s Side) bool {
	h, peer := &c.halves[s], &c.halves[s.Peer()]
	return h.has(sentFIN) && peer.has(ackKnown) && after(peer.acked, h.fin)
}

// Acked returns the highest raw acknowledgement number that a side sent, and whether it
// sent one.
func (c *Conn) Acked(s Side) (uint32, bool) { return c.halves[s].acked, c.halves[s].has(ackKnown) }

// UnacknowledgedData is Unacknowledged for payload alone.
func (c *Conn) UnacknowledgedData(s Side) bool {
	if !c.Unacknowledged(s) {
		return false
	}
	h := &c.halves[s]
	return !h.has(sentFIN) || after(h.next-1, c.halves[s.Peer()].acked)
}

// fullSegment is how many bytes a segment has at least that may be too large for a path:
// each one that carries IPv6 takes packets of 1,280 bytes (RFC 8200, 5).
const fullSegment = 1200

// OnlyFullUnacknowledged reports whether a side sent as much as fills a segment without an
// acknowledgement, though less than that was acknowledged: no full segment of it arrived.
func (c *Conn) OnlyFullUnacknowledged(s Side) bool {
	h, peer := &c.halves[s], &c.halves[s.Peer()]
	return c.UnacknowledgedData(s) && !c.Midstream() && h.next-peer.acked > fullSegment && peer.acked-h.isn <= fullSegment
}

// ProbeAnswersLost reports whether the timestamps of a side show that answers
// to its probes, though captured, did not reach it.
func (c *Conn) ProbeAnswersLost(s Side) bool { return c.halves[s].has(probeAnswersLost) }

// Remote returns the side that is not the capturing host, if the TTLs show it:
// its packets have come over routers, and those of its peer have not.
func (c *Conn) Remote() Sides {
	var s Sides
	for side := range Side(2) {
		if c.halves[side].routed() && !c.halves[side.Peer()].routed() {
			s |= side.Set()
		}
	}
	return s
}

// routed reports whether the last packet of a side came over routers: its TTL
// is not one that systems begin with.
func (h *half) routed() bool {
	switch h.ttl {
	case 0, 64, 128, 255:
		return false
	}
	return true
}

// announces notes the window and the TTL of a segment of side h.
func (h *half) announces(s *Segment) {
	h.window = s.Window
	if s.TTL != h.ttl {
		h.noteTTL(s.TTL)
	}
}

// noteTTL notes the TTL of a segment of side h, which is not that of the one before.
func (h *half) noteTTL(ttl uint8) {
	for i, other := range h.otherTTLs {
		if other == 0 {
			h.otherTTLs[i] = h.ttl
		}
		if other == 0 || other == h.ttl {
			break
		}
	}
	h.ttl = ttl
}

// isOtherTTL reports whether no segment of side h had this TTL: they take several paths
// sometimes, each of its own length.
func (h *half) isOtherTTL(ttl uint8) bool {
	return ttl != 0 && h.ttl != 0 && ttl != h.ttl && h.otherTTLs[len(h.otherTTLs)-1] == 0 && !slices.Contains(h.otherTTLs[:], ttl)
}

// ForeignRST reports whether the RST of a side has a TTL that none of its other
// packets had, as if something on the way had sent it.
func (c *Conn) ForeignRST(s Side) bool { return c.halves[s].has(rstOtherTTL) }

// Stall returns the longest time that a side kept its window closed, in ns, and
// which side; 0 if none did. A window that is still closed counts up to the last
// packet.
func (c *Conn) Stall() (ns int64, by Side) {
	ns, by = c.stall, Initiator
	if c.halves[Responder].has(windowWasShut) {
		by = Responder
	}
	for side := range Side(2) {
		if c.halves[side].has(windowShut) && c.End-c.shutAt > ns {
			ns, by = c.End-c.shutAt, side
		}
	}
	return ns, by
}

// Challenged reports whether the SYN was answered by a bare ACK, and that by
// RST: the receiver of the SYN still had the tuple in use, in TIME_WAIT or open
// (RFC 9293, 3.10.7.4).
func (c *Conn) Challenged() bool { return c.facts&factChallenged != 0 }

// Recycled reports which sides took over a TIME_WAIT of the same tuple to open
// this connection, by the sequence numbers that Linux chooses then.
func (c *Conn) Recycled() (client, server bool) {
	return c.facts&factRecycledByClient != 0, c.facts&factRecycledByServer != 0
}

// recycledStep is how far Linux puts the sequence numbers of a new life above
// those of the TIME_WAIT that it takes over: 65535 + 2.
const recycledStep = 65537

// noteRecycledByClient notes, at the SYN of a new life, whether its sender took
// over a TIME_WAIT of its own: a SYN that is not of a recycled port echoes no
// timestamp (RFC 7323, 3.2).
func (c *Conn) noteRecycledByClient(old *Conn, s *Segment) {
	if s.HasTS && s.TSEcr != 0 && s.Seq-old.halves[old.sender(s)].next == recycledStep {
		c.facts |= factRecycledByClient
	}
}

// trackWindow follows when side d closes its window, and opens it again.
func (c *Conn) trackWindow(d Side, s *Segment) {
	h := &c.halves[d]
	switch {
	case s.Flags&(SYN|FIN) != 0 || h.has(sentFIN) && !h.has(windowShut):
	case s.Window == 0 && !h.has(windowShut):
		h.facts |= windowShut
		c.shutAt = s.Time
	case s.Window != 0 && h.has(windowShut):
		h.facts &^= windowShut
		c.noteStall(d, s.Time)
	}
}

// noteStall measures the window of side d that was closed until t.
func (c *Conn) noteStall(d Side, t int64) {
	if t-c.shutAt > c.stall {
		c.stall = t - c.shutAt
		c.halves[d.Peer()].facts &^= windowWasShut
		c.halves[d].facts |= windowWasShut
	}
}

// noteSentAfterFIN notes new payload of side h that was captured after the FIN
// of its peer: whether h had that FIN. What that FIN acknowledges is only out of
// order.
func (h *half) noteSentAfterFIN(peer *half, s *Segment) {
	if peer.has(finHasACK) && beforeEq(s.Seq+s.Len, peer.finAck) {
		return
	}
	if s.Flags&ACK != 0 && after(s.Ack, peer.fin) {
		h.facts |= sentAfterFIN
	} else {
		h.facts |= sentAcrossFIN
	}
}

// unheard reports whether a segment of side h that acknowledges nothing new
// shows that h does not hear its peer either: it is a retransmission with
// payload (again is their count before it), or h gives up with a FIN.
func (h *half) unheard(peer *half, again uint32, s *Segment) bool {
	return h.retransmissions != again && s.Len > 0 || s.Flags&FIN != 0 && before(h.acked, peer.next)
}
