package flows

const (
	// minProbeIdle is the shortest silence before a probe, in ns: Linux takes
	// TCP_KEEPIDLE from 1 s, and timers run up to a tick early.
	minProbeIdle = 900e6
	// maxProbeWait is how long after a probe, in ns, an answer belongs to it.
	maxProbeWait = 5e9
)

// judgeProbe reports whether a segment of side d is a keep-alive probe, or the
// answer to one (RFC 9293, 3.8.4), and notes it. A probe has 0 or 1 byte just
// below next, and comes when nothing is outstanding and the connection has been
// silent; a window probe looks the same but meets a closed window.
func (c *Conn) judgeProbe(d Side, s *Segment) (isProbe, isAnswer bool) {
	if s.Len > 1 || s.Flags&(SYN|FIN|RST|ACK) != ACK {
		c.halves[d].facts &^= probeRun
		c.noteAnswer(d, s)
		return false, false
	}
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if s.Seq != h.next-1 {
		return false, s.Len == 0 && c.noteAnswer(d, s)
	}
	if !peer.has(ackKnown) || peer.acked != h.next || peer.has(seqKnown) && peer.window == 0 || s.Time-c.lastActivity < minProbeIdle {
		return false, false
	}
	if h.has(ackKnown) && after(s.Ack, h.acked) {
		return false, false // it acknowledges something new
	}
	h.noteProbe(s.Time, c.lastActivity)
	h.noteEcho(s)
	return true, false
}

// noteProbe counts a probe at time t and measures the settings behind it.
func (h *half) noteProbe(t, lastActivity int64) {
	p := &h.probes
	p.Sent++
	if h.has(probeRun) && h.lastProbe >= lastActivity {
		p.Interval = shorter(p.Interval, t-h.lastProbe)
	} else {
		p.Idle = shorter(p.Idle, t-lastActivity)
	}
	if h.has(probePending) {
		h.unanswered++
	}
	h.facts |= probePending | probeRun
	h.lastProbe = t
}

// shorter returns the shorter of two times of which the first is 0 if unset.
func shorter(a, b int64) int64 {
	if a == 0 || b < a {
		return b
	}
	return a
}

// noteAnswer reports whether a segment of side d answers the peer's last probe,
// and notes it: it acknowledges the byte above the probe, soon enough. Data does
// so too.
func (c *Conn) noteAnswer(d Side, s *Segment) bool {
	peer := &c.halves[d.Peer()]
	if !peer.has(probePending) || s.Flags&ACK == 0 || before(s.Ack, peer.next) {
		return false
	}
	peer.facts &^= probePending
	if s.Time-peer.lastProbe > maxProbeWait {
		return false
	}
	peer.probes.Answered++
	if s.HasTS {
		peer.facts |= answerHasTS
		peer.answerTS = s.TSVal
	}
	return true
}

// noteEcho looks whether a probe of side h, or the RST after its probes, echoes
// the timestamp of the last answer (RFC 7323, 4.3). If not, that answer was
// captured, but something behind the capture point dropped it.
func (h *half) noteEcho(s *Segment) {
	if h.has(answerHasTS) && s.HasTS && before(s.TSEcr, h.answerTS) {
		h.facts |= probeAnswersLost
	}
}
