package flows

// What a receiver accepts: whether an RST counts is decided here and nowhere
// else. Forged and stray RSTs are common, and so are dead sockets that answer
// each late packet with one.

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

// Resets returns the sides that sent an RST which its receiver accepts, and of
// the first such RST the shape, time and frame.
func (c *Conn) Resets() (by Sides, shape ResetShape, at int64, num uint64) {
	if !c.isReset() {
		return by, shape, at, num
	}
	for side := range Side(2) {
		if c.halves[side].has(sentRST) {
			by |= side.Set()
		}
	}
	_, shape, at, num = c.firstReset()
	return by, shape, at, num
}

// isReset reports whether a side sent an RST that its receiver accepts.
func (c *Conn) isReset() bool {
	return (c.halves[Initiator].facts|c.halves[Responder].facts)&sentRST != 0
}

// firstReset returns whose RST was captured first of those that are accepted, with
// its shape, time and frame.
func (c *Conn) firstReset() (by Sides, shape ResetShape, at int64, num uint64) {
	for side := range Side(2) {
		h := &c.halves[side]
		if !h.has(sentRST) || num != 0 && num < h.rstNum {
			continue
		}
		by, at, num = side.Set(), h.rstAt, h.rstNum
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

// reset takes an RST of side d.
func (e *Engine) reset(c *Conn, d Side, s *Segment) {
	h := &c.halves[d]
	again := h.has(sentRST)
	if c.answersBareACK(d, s) {
		c.facts |= factChallenged
		return
	}
	if !c.noteReset(d, s) {
		if !again { // a dead socket answers every late packet
			e.ignoredRST(c)
		}
		return
	}
	if peer := &c.halves[d.Peer()]; s.Flags&ACK != 0 && !peer.has(seqKnown) {
		peer.isn = s.Ack // see newLife
	}
	if !h.has(seqKnown) && s.Flags&ACK == 0 {
		h.learnStart(s)
		h.facts &^= startUnsure
	}
	if h.has(rstProvisional) {
		return
	}
	if c.facts&factAside != 0 {
		e.endAside(c)
	}
	for side := range Side(2) {
		e.flush(c, side)
		e.endData(c, side, s.Time, s.Num)
	}
	e.evictLater(c)
}

// ignoredRST counts an RST that its receiver did not accept.
func (e *Engine) ignoredRST(c *Conn) {
	e.counts.IgnoredRST++
	if e.opt.IgnoredRST != nil {
		e.opt.IgnoredRST(c)
	}
}

// noteReset reports whether the receiver of an RST of side d accepts it, and
// notes the first such RST.
func (c *Conn) noteReset(d Side, s *Segment) (accepted bool) {
	accepted, provisional := c.acceptsReset(d, s)
	h := &c.halves[d]
	if !accepted {
		return false
	}
	if h.has(sentRST) {
		if s.Flags&ACK != 0 && s.Time-h.rstAt <= lateTime {
			h.facts |= rstHasACK // a socket aborts before it is gone, whatever the order of capture
		}
		return true
	}
	h.facts |= sentRST
	if provisional {
		h.facts |= rstProvisional
	}
	if s.Flags&ACK != 0 {
		h.facts |= rstHasACK
	}
	if peer := &c.halves[d.Peer()]; peer.has(sentFIN|finInferred) && (s.Flags&ACK == 0 || after(s.Ack, peer.fin)) {
		h.facts |= rstKnowsFIN
	}
	if h.isOtherTTL(s.TTL) {
		h.facts |= rstOtherTTL
	}
	h.noteEcho(s)
	h.rst, h.rstAt, h.rstNum = s.Seq, s.Time, s.Num
	c.endTimeWait(Initiator, s.Time)
	c.endTimeWait(Responder, s.Time)
	return true
}

// acceptsReset judges an RST of side d by its sequence number: its receiver
// accepts it only at the next one that it expects, else it challenges the sender
// or drops the RST (RFC 9293, 3.10.7; RFC 5961, 3.2). What the receiver expects
// is what it acknowledged last, or up to what d has sent. It is provisional
// where bytes before the RST may be missing from the capture, or at the receiver.
// testdata/resets/linux.txt is what Linux does in each state.
func (c *Conn) acceptsReset(d Side, s *Segment) (accepted, provisional bool) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	sent, expected := h.has(seqKnown), peer.has(ackKnown)
	switch {
	case c.refusesSYN(d, s):
	case !sent && !expected:
		// Only an RST with an acceptable ACK refuses a SYN (RFC 9293, 3.10.7.3).
		return peer.facts&(sentSYN|sentData) != sentSYN, false
	case expected && s.Seq == peer.acked:
	case sent && s.Seq == h.next:
	case sent && expected && before(s.Seq, h.next) && after(s.Seq, peer.acked):
		return true, true
	case h.has(sentFIN) && s.Seq == h.fin && !c.finAcknowledged(d.Peer()):
		// Linux takes it at the FIN, too, in CLOSE-WAIT, CLOSING and LAST-ACK: macOS resets so.
	case h.has(sentFIN): // nothing comes behind a FIN
		return false, false
	case sent && after(s.Seq, h.next) && c.inWindow(d, s.Seq):
		return true, true
	default:
		return false, false
	}
	return true, false
}

// finAcknowledged reports whether side d has sent a FIN that its peer acknowledges.
func (c *Conn) finAcknowledged(d Side) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return h.has(sentFIN|finInferred) && peer.has(ackKnown) && after(peer.acked, h.fin)
}

// refusesSYN reports whether an RST of side d refuses the peer's SYN
// (RFC 9293, 3.10.7.3: its ACK is acceptable).
func (c *Conn) refusesSYN(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return !h.has(sentSYNACK) && peer.has(sentSYN) && !peer.has(sentData) && s.Flags&ACK != 0 &&
		after(s.Ack, peer.isn) && beforeEq(s.Ack, peer.next)
}

// answersBareACK reports whether an RST of side d answers the bare ACK that its
// SYN met: it ends what the peer still had of the tuple, not this life
// (RFC 9293, 3.5.1).
func (c *Conn) answersBareACK(d Side, s *Segment) bool {
	peer := &c.halves[d.Peer()]
	return c.facts&factBareACK != 0 && d == Initiator && !peer.has(sentSYNACK) && s.Flags&ACK == 0 && peer.has(ackKnown) && s.Seq == peer.acked
}

// doubtResets looks whether a segment of side d, which is no RST, shows that an RST
// before it was not accepted.
func (e *Engine) doubtResets(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if peer.has(sentRST) && c.disproveReset(d, s) {
		c.goOn()
		e.ignoredRST(c)
	}
	if (h.facts|peer.facts)&rstProvisional != 0 && c.goesOn(d, s) {
		c.takeBackResets()
		c.goOn()
		e.ignoredRST(c)
	}
}

// goOn notes that a connection goes on without an RST, as where it was taken back: sides
// that have not closed may send more, and their end is to be told again.
func (c *Conn) goOn() {
	if c.isReset() {
		return
	}
	for side := range Side(2) {
		if h := &c.halves[side]; !h.has(sentFIN | finInferred) {
			h.facts &^= dataEnded
		}
	}
}

// goesOn reports whether a segment of side d shows that an RST in the window of its
// receiver, but not at what that expects, was forged: either side goes on. The
// receiver of such an RST answers with a challenge, an ACK of nothing new or of just
// what was captured (RFC 5961, 3.2); and who has reset a connection sends no more
// below the RST.
func (c *Conn) goesOn(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if s.Flags&(ACK|RST|SYN) != ACK {
		return false
	}
	return h.has(rstProvisional) && before(s.Seq, h.rst) ||
		peer.has(rstProvisional) && s.Len == 0 && s.Flags&FIN == 0 && s.Seq == h.next && before(s.Ack, peer.rst) &&
			(h.has(ackKnown) && s.Ack == h.acked || s.Ack == peer.next)
}

// takeBackResets forgets the RSTs that were provisional.
func (c *Conn) takeBackResets() {
	for side := range Side(2) {
		if h := &c.halves[side]; h.has(rstProvisional) {
			h.facts &^= sentRST | rstProvisional | rstHasACK | rstKnowsFIN
		}
		c.halves[side].facts &^= timeWaitOver
	}
}

// disproveReset takes the RST of the peer back if side d cannot have accepted it,
// and reports whether it did: d acknowledges what the peer sent after the RST.
func (c *Conn) disproveReset(d Side, s *Segment) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if s.Flags&(ACK|RST|SYN) != ACK || !after(s.Ack, peer.rst) || h.has(ackKnown) && !after(s.Ack, h.acked) {
		return false // it says what d said before, of an RST in CLOSE-WAIT
	}
	peer.facts &^= sentRST | rstProvisional | rstHasACK | rstKnowsFIN
	for side := range Side(2) {
		c.halves[side].facts &^= timeWaitOver
	}
	return true
}

// inWindow reports whether the peer of side d may take what d sends at seq, by the
// last window that it announced: up to its edge, as Linux has it for an RST.
func (c *Conn) inWindow(d Side, seq uint32) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	from := h.next
	if peer.has(ackKnown) {
		from = peer.acked
	}
	return seq-from <= c.windowOf(d.Peer())
}

// windowOf returns the last window that side d announced, in bytes. It is taken for as
// large as it can be where the opening, and so its scale, was not captured. A shift
// count above 14 means 14 (RFC 7323, 2.3).
func (c *Conn) windowOf(d Side) uint32 {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	switch window := uint32(h.window); {
	case !h.has(sentSYN | sentSYNACK):
		return window << 14
	case h.scale == NoScale, peer.has(sentSYN|sentSYNACK) && peer.scale == NoScale, h.packets <= h.synRetransmissions+1:
		return window // one of them does not scale, or this is of the SYN itself (RFC 7323, 2.2)
	default:
		return window << min(h.scale, 14)
	}
}
