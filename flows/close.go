package flows

// CloseKind is how a connection ended.
type CloseKind uint8

// The kinds.
const (
	CloseOpen         CloseKind = iota // it did not, before the capture did
	CloseFIN                           // one side closed, then the other
	CloseSimultaneous                  // FINs that do not acknowledge each other
	CloseHalf                          // one side closed, the other is still open
	CloseReset                         // an RST, no FIN before it
	CloseFINReset                      // an RST after a FIN
	CloseSilent                        // data, probes or SYNs unanswered to the end
	CloseKinds                         // how many kinds there are
)

// String returns the name that reports use.
func (k CloseKind) String() string {
	return [...]string{"open", "fin", "simultaneous", "half_closed", "reset", "fin_then_reset", "silent"}[k]
}

// ResetShape is what an RST looks like, which tells the socket behind it
// (measured on Linux; RFC 9293, 3.5.2).
type ResetShape uint8

// The shapes.
const (
	NoReset       ResetShape = iota
	ResetAbort               // RST with ACK, by a live socket
	ResetNoSocket            // bare RST: the kernel knows no such connection
	ResetRefused             // the answer to a SYN
)

// String returns the name that reports use; "" for NoReset.
func (r ResetShape) String() string {
	return [...]string{"", "abort", "no_socket", "refused"}[r]
}

// silentAfter is how many probes and retransmissions in a row must stay
// unanswered before a connection counts as silent.
const silentAfter = 2

// CloseKind derives how the connection ended, or stands at the end.
func (c *Conn) CloseKind() CloseKind {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	fins := c.FINs()
	switch {
	case i.has(sentRST) || r.has(sentRST):
		if fins != NoSide {
			return CloseFINReset
		}
		return CloseReset
	case fins == BothSides && c.ActiveClosers() == BothSides:
		return CloseSimultaneous
	case fins == BothSides:
		return CloseFIN
	case i.unanswered >= silentAfter || r.unanswered >= silentAfter || c.Handshake() == HandshakeUnanswered:
		return CloseSilent
	case fins != NoSide:
		return CloseHalf
	}
	return CloseOpen
}

// FINs returns the sides whose FIN was captured or is proved.
func (c *Conn) FINs() Sides {
	var s Sides
	for side := range Side(2) {
		if c.halves[side].has(sentFIN | finInferred) {
			s |= side.Set()
		}
	}
	return s
}

// Inferred reports whether a FIN is proved only by its acknowledgement.
func (c *Conn) Inferred() bool {
	return (c.halves[Initiator].facts|c.halves[Responder].facts)&finInferred != 0
}

// ActiveClosers returns the sides whose first FIN does not acknowledge the
// peer's. It looks at sequence numbers only: times depend on where the capture
// was made (RFC 9293, 3.6).
func (c *Conn) ActiveClosers() Sides {
	var s Sides
	for side := range Side(2) {
		x, y := &c.halves[side], &c.halves[side.Peer()]
		switch {
		case !x.has(sentFIN | finInferred):
		case !y.has(sentFIN | finInferred):
			s |= side.Set()
		case x.has(finInferred):
			// x's own FIN was not seen: y's tells whether it came before.
			if !y.has(finHasACK) || after(y.finAck, x.fin) {
				s |= side.Set()
			}
		case !x.has(finHasACK) || beforeEq(x.finAck, y.fin):
			s |= side.Set()
		}
	}
	return s
}

// TimeWait is where a close leaves TIME_WAIT.
type TimeWait uint8

// The outcomes.
const (
	TimeWaitNull    TimeWait = iota // not closed, or never opened
	TimeWaitHeld                    // by the sides that Holders returns
	TimeWaitNone                    // an RST removed it or kept it from coming
	TimeWaitPending                 // one FIN so far, or one that is not acknowledged yet
	TimeWaitUnknown                 // a FIN was not captured and is not proved
)

// Holders returns who holds TIME_WAIT after the close as Linux does it, with
// the sides if that is TimeWaitHeld. An entry that the next life of the tuple
// took over counts; one that an RST of this life removed does not.
func (c *Conn) Holders() (TimeWait, Sides) {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	if !c.Opened() {
		return TimeWaitNull, NoSide
	}
	fins := c.FINs()
	if i.has(sentRST) || r.has(sentRST) {
		return TimeWaitNone, NoSide
	}
	switch fins {
	case NoSide:
		return TimeWaitNull, NoSide
	case BothSides:
	default:
		if c.finLost(fins) {
			return TimeWaitUnknown, NoSide
		}
		return TimeWaitPending, NoSide
	}
	var held Sides
	for side := range Side(2) {
		if c.halves[side].has(inTimeWait) {
			held |= side.Set()
		}
	}
	if held == NoSide {
		return TimeWaitPending, NoSide
	}
	return TimeWaitHeld, held
}

// finLost reports whether the side without a FIN is hidden: no packet of it
// was captured after the handshake, so that its FIN may have been missed.
func (c *Conn) finLost(fins Sides) bool {
	other := Initiator
	if fins.Has(Initiator) {
		other = Responder
	}
	return c.halves[other].packets == 0
}

// TimeWaitSpan returns when a side entered TIME_WAIT, when that was last
// restarted, and when it ended early (0 if it did not). ok is false if the
// side was never in it.
func (c *Conn) TimeWaitSpan(s Side) (from, restarted, ended int64, ok bool) {
	h := &c.halves[s]
	if !h.has(inTimeWait) {
		return 0, 0, 0, false
	}
	if h.has(timeWaitOver) {
		ended = h.timeWaitEnd
	}
	return h.timeWaitFrom, h.timeWait, ended, true
}

// FirstFIN returns the side whose FIN was captured first, by time.
func (c *Conn) FirstFIN() (s Side, at int64, num uint64, ok bool) {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	switch {
	case !i.has(sentFIN) && !r.has(sentFIN):
		return 0, 0, 0, false
	case !r.has(sentFIN), i.has(sentFIN) && i.finNum < r.finNum:
		return Initiator, i.finAt, i.finNum, true
	default:
		return Responder, r.finAt, r.finNum, true
	}
}

// Resets returns the sides that sent an RST which counts, the first of them,
// its shape, time and frame.
func (c *Conn) Resets() (by Sides, shape ResetShape, at int64, num uint64) {
	for side := range Side(2) {
		h := &c.halves[side]
		if !h.has(sentRST) {
			continue
		}
		by |= side.Set()
		if num != 0 && num < h.rstNum {
			continue
		}
		at, num = h.rstAt, h.rstNum
		switch {
		case !c.Midstream() && c.Handshake() == HandshakeRefused:
			shape = ResetRefused
		case h.has(rstHasACK):
			shape = ResetAbort
		default:
			shape = ResetNoSocket
		}
	}
	return by, shape, at, num
}

// noteFIN notes a FIN of side d, and the first time that it is sent.
func (c *Conn) noteFIN(d Side, s *Segment) {
	h := &c.halves[d]
	if h.has(sentFIN) {
		return
	}
	h.facts |= sentFIN
	h.facts &^= finInferred
	h.fin = s.Seq + s.Len
	h.finAt, h.finNum = s.Time, s.Num
	if s.Flags&ACK == 0 {
		return
	}
	h.facts |= finHasACK
	h.finAck = s.Ack
	peer := &c.halves[d.Peer()]
	end := peer.next
	if peer.has(sentFIN) {
		end = peer.fin
	}
	if peer.has(sentData) && after(end, s.Ack) {
		h.facts |= finMissesData
	}
}

// inferFIN looks for a FIN of side d that was not captured, and reports whether
// it is new: the peer acknowledges one byte more than d was seen to send, and
// closes.
func (c *Conn) inferFIN(d Side) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if h.has(sentFIN|finInferred) || !h.has(seqKnown) || !peer.has(sentFIN) || !peer.has(ackKnown) || peer.acked != h.next+1 || h.queue != 0 {
		return false
	}
	h.facts |= finInferred
	h.fin = h.next
	h.next++
	return true
}

// enterTimeWait notes, after a segment of side d at time t, whether d's peer
// is in TIME_WAIT now: it has d's FIN and the ACK of its own, and sent its own
// without having d's. Any segment with ACK restarts it (RFC 9293, 3.10.7.4).
func (c *Conn) enterTimeWait(d Side, s *Segment) {
	if s.Flags&(ACK|RST) != ACK || c.FINs() != BothSides || (c.halves[0].facts|c.halves[1].facts)&sentRST != 0 {
		return
	}
	holder := d.Peer()
	if c.halves[holder].has(finInferred) && c.ActiveClosers() == d.Set() {
		holder = d // its ACK is the only trace of the peer's FIN
	}
	x, y := &c.halves[holder], &c.halves[holder.Peer()]
	if !after(y.acked, x.fin) || x.has(timeWaitOver) || !c.ActiveClosers().Has(holder) {
		return
	}
	if !x.has(inTimeWait) {
		x.facts |= inTimeWait
		x.timeWaitFrom = s.Time
	}
	x.timeWait = s.Time
}

// endTimeWait ends the TIME_WAIT of side d early.
func (c *Conn) endTimeWait(d Side, t int64) {
	if h := &c.halves[d]; h.has(inTimeWait) && !h.has(timeWaitOver) {
		h.facts |= timeWaitOver
		h.timeWaitEnd = t
	}
}

// over reports whether nothing but stray packets can follow.
func (c *Conn) over() bool {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	return i.has(sentRST) || r.has(sentRST) || i.has(sentFIN|finInferred) && r.has(sentFIN|finInferred)
}

// ending reports whether a FIN or RST was seen.
func (c *Conn) ending() bool {
	return (c.halves[0].facts|c.halves[1].facts)&(sentFIN|finInferred|sentRST) != 0
}

// reset judges an RST of side d: it counts if its receiver accepts it, which
// is decided by its place (RFC 9293, 3.10.7; RFC 5961, 3).
func (c *Conn) reset(d Side, s *Segment) (accepted bool) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	provisional := false
	switch {
	case c.answersSYN(d, s):
	case peer.has(ackKnown) && s.Seq == peer.acked:
	case h.has(seqKnown) && s.Seq == h.next:
	case h.has(seqKnown) && peer.has(ackKnown) && before(s.Seq, h.next) && after(s.Seq, peer.acked):
	case !h.has(seqKnown) && !peer.has(ackKnown):
	case h.has(seqKnown) && after(s.Seq, h.next) && s.Seq-h.next <= c.windowOf(d.Peer()):
		provisional = true // bytes before it may be missing from the capture
	default:
		return false
	}
	if h.has(sentRST) {
		return true
	}
	h.facts |= sentRST
	if provisional {
		h.facts |= rstProvisional
	}
	if s.Flags&ACK != 0 {
		h.facts |= rstHasACK
	}
	if h.ttl != 0 && s.TTL != 0 && s.TTL != h.ttl {
		h.facts |= rstOtherTTL
	}
	h.hears(s)
	h.rst, h.rstAt, h.rstNum = s.Seq, s.Time, s.Num
	c.endTimeWait(Initiator, s.Time)
	c.endTimeWait(Responder, s.Time)
	return true
}

// answersChallenge reports whether an RST of side d answers the bare ACK that
// its SYN met: it ends what the peer still had of the tuple, not this life.
func (c *Conn) answersChallenge(d Side, s *Segment) bool {
	peer := &c.halves[d.Peer()]
	return c.facts&factBareACK != 0 && d == Initiator && !peer.has(sentSYNACK) && s.Flags&ACK == 0 && peer.has(ackKnown) && s.Seq == peer.acked
}

// answersSYN reports whether an RST of side d refuses the peer's SYN
// (RFC 9293, 3.10.7.3: its ACK is acceptable).
func (c *Conn) answersSYN(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return !h.has(sentSYNACK) && peer.has(sentSYN) && !peer.has(sentData) && s.Flags&ACK != 0 &&
		after(s.Ack, peer.isn) && beforeEq(s.Ack, peer.next)
}

// windowOf returns the last window that side d announced, in bytes.
func (c *Conn) windowOf(d Side) uint32 {
	h := &c.halves[d]
	return uint32(h.window) << min(h.scale, 14)
}

// disproveReset takes an RST back that its receiver, side d, cannot have
// accepted: d acknowledges what was sent after it.
func (c *Conn) disproveReset(d Side, s *Segment) bool {
	peer := &c.halves[d.Peer()]
	if !peer.has(sentRST) || s.Flags&(ACK|RST|SYN) != ACK || !after(s.Ack, peer.rst) {
		return false
	}
	peer.facts &^= sentRST | rstProvisional | rstHasACK
	for side := range Side(2) {
		c.halves[side].facts &^= timeWaitOver
	}
	return true
}
