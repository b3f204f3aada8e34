package flows

// CloseKind is how a connection ended, or how it stood when the capture ended.
type CloseKind uint8

// The kinds.
const (
	CloseOpen         CloseKind = iota // still open
	CloseFIN                           // one side closed, then the other
	CloseSimultaneous                  // FINs that do not acknowledge each other
	CloseHalf                          // one side closed, the other is still open
	CloseReset                         // an RST, no FIN before it
	CloseFINReset                      // an RST after a FIN
	CloseSilent                        // data, probes or SYNs unanswered to the end
	CloseUnknown                       // one side closed, and of the other nothing was captured
	CloseKinds                         // the number of kinds, for arrays
)

// String returns the name that reports use.
func (k CloseKind) String() string {
	return [...]string{"open", "fin", "simultaneous", "half_closed", "reset", "fin_then_reset", "silent", "unknown"}[k]
}

// silentAfter is how many probes and retransmissions of a side must stay
// unanswered, to the end, for a connection to count as silent.
const silentAfter = 2

// CloseKind derives how the connection ended, or stands now.
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
	case c.finLost(fins):
		return CloseUnknown
	case c.isSilent(Initiator) || c.isSilent(Responder) || c.Handshake() == HandshakeUnanswered:
		return CloseSilent
	case fins != NoSide:
		return CloseHalf
	}
	return CloseOpen
}

// isSilent reports whether nothing answers side d. What was answered with nothing but
// what was not captured, as the handshake shows, is not known to be silent.
func (c *Conn) isSilent(d Side) bool {
	return c.halves[d].unanswered >= silentAfter && (c.halves[d.Peer()].packets != 0 || c.facts&factEstablished == 0)
}

// FINs returns the sides whose FIN was captured or is proved by its
// acknowledgement.
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
// peer's: none, one, or both if they closed at the same time. It looks at
// sequence numbers only: times depend on where the capture was made
// (RFC 9293, 3.6).
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

// Began returns the sides that began the close, by what their FINs and RSTs
// acknowledge: one closes without knowing that its peer does. An RST that its
// sender sent without having the peer's FIN begins a close, too, if it was captured
// before that FIN. None is known where nothing was captured of the other side.
func (c *Conn) Began() Sides {
	closers := c.ActiveClosers()
	if c.CloseKind() == CloseUnknown {
		return NoSide
	}
	if !c.isReset() {
		return closers
	}
	for side := range Side(2) {
		x, y := &c.halves[side], &c.halves[side.Peer()]
		if closers == side.Set() && y.has(sentRST) && !y.has(rstKnowsFIN) && (!x.has(sentFIN) || y.rstNum < x.finNum) {
			return side.Peer().Set()
		}
	}
	if closers == NoSide {
		first, _, _, _ := c.firstReset()
		return first
	}
	return closers
}

// TimeWait is where a close leaves the state TIME_WAIT (RFC 9293, 3.3.2).
type TimeWait uint8

// The outcomes.
const (
	TimeWaitNull    TimeWait = iota // not closed, or never opened
	TimeWaitHeld                    // held by the sides that Holders returns
	TimeWaitNone                    // an RST removed it or kept it from coming
	TimeWaitPending                 // one FIN so far, or one that is not acknowledged yet
	TimeWaitUnknown                 // a FIN was not captured and is not proved
)

// String returns "null", "held", "none", "pending" or "unknown".
func (t TimeWait) String() string {
	return [...]string{"null", "held", "none", "pending", "unknown"}[t]
}

// Holders returns where the close leaves TIME_WAIT as Linux does it, and for
// TimeWaitHeld the sides that hold it: usually the one that closed first. An
// entry that the next life of the tuple took over counts; one that an RST of
// this life removed does not.
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

// finLost reports whether one side has sent a FIN and the other is hidden: no packet of
// it was captured, so that its FIN may have been missed, before or after.
func (c *Conn) finLost(fins Sides) bool {
	if fins != InitiatorSide && fins != ResponderSide {
		return false
	}
	other := Initiator
	if fins.Has(Initiator) {
		other = Responder
	}
	return c.halves[other].packets == 0
}

// TimeWaitSpan returns when a side entered TIME_WAIT, when that was last
// restarted, and when it ended early (0 if it did not): by an RST, or because
// the next life of the tuple took it over. ok is false if the side was never in
// it.
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

// FirstFIN returns the side whose FIN was captured first, with its time and
// frame; ok is false if none was captured. Who closed actively is for
// [Conn.ActiveClosers] to say: FINs may be captured in another order than they
// were sent.
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

// noteFIN notes the FIN of side d when it is sent for the first time.
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

// inferFIN reports whether a FIN of side d that was not captured is proved now,
// and notes it: the peer acknowledges one byte more than d was seen to send, and
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

// enterTimeWait notes, after a segment of side d, whether d's peer is in
// TIME_WAIT now: it has d's FIN and the ACK of its own, and sent its own before
// it had d's. Any segment with ACK restarts it (RFC 9293, 3.10.7.4).
func (c *Conn) enterTimeWait(d Side, s *Segment) {
	if s.Flags&(ACK|RST) != ACK || c.FINs() != BothSides || (c.halves[0].facts|c.halves[1].facts)&sentRST != 0 {
		return
	}
	holder := d.Peer()
	if c.halves[holder].has(finInferred) && c.ActiveClosers() == d.Set() {
		holder = d // its ACK is the only trace of the peer's FIN
	}
	if own := &c.halves[d]; s.Flags&FIN != 0 && !own.has(inTimeWait) && after(c.halves[d.Peer()].acked, own.fin) && c.ActiveClosers().Has(d) {
		holder = d // this FIN comes after the ACK of it
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

// endTimeWait ends the TIME_WAIT of side d early, at time t.
func (c *Conn) endTimeWait(d Side, t int64) {
	if h := &c.halves[d]; h.has(inTimeWait) && !h.has(timeWaitOver) {
		h.facts |= timeWaitOver
		h.timeWaitEnd = t
	}
}

// ended reports whether nothing but stray packets can follow.
func (c *Conn) ended() bool {
	i, r := &c.halves[Initiator], &c.halves[Responder]
	return i.has(sentRST) || r.has(sentRST) || i.has(sentFIN|finInferred) && r.has(sentFIN|finInferred)
}

// EndBegun reports whether a FIN was seen, or an RST that its receiver accepts.
func (c *Conn) EndBegun() bool {
	return (c.halves[0].facts|c.halves[1].facts)&(sentFIN|finInferred|sentRST) != 0
}
