package flows

import (
	"cmp"
	"slices"
)

// Consumer is told what an Engine finds, in the order of the capture. It must
// not keep a *Conn, a *Data or a payload beyond the call.
type Consumer interface {
	// Open is called for the first packet of a connection.
	Open(c *Conn)
	// Data hands over payload of one side, in sequence and each byte once.
	Data(c *Conn, from Side, d *Data)
	// Gap says that n bytes of one side are missing from the capture.
	Gap(c *Conn, from Side, n uint64)
	// End says that nothing more comes from one side, and the time and frame
	// of the segment that ended it: its FIN, once all before it was handed
	// over, or the ACK that proves it, or the RST that ended both sides; num is
	// 0 if only the next life of the tuple shows that it has ended, or if it
	// is evicted.
	End(c *Conn, from Side, at int64, num uint64)
	// Evict is the last call for c, whose memory is then used again.
	Evict(c *Conn)
}

// Data is a run of payload. Cut bytes after Payload belong to it too, but the
// capture has cut them off.
type Data struct {
	Payload []byte
	Cut     uint32
	Seq     uint32 // of the first byte
	Time    int64  // of the packet that brought it
	Num     uint64 // its frame number
	Now     int64  // when it is in sequence: later than Time if it had to wait
	Note    Note   // as in Segment, if Payload is that of a whole segment
}

// Options are the limits of an Engine; zero values are replaced.
type Options struct {
	// TimeWait is how long TIME_WAIT lasts, in ns; 60 s.
	TimeWait int64
	// MaxHeld and MaxHeldConn bound the memory of payload that waits out of
	// order, in all and of one side; 32 MiB and 8 MiB: a receive window of Linux
	// grows to 6 MiB, and what follows a lost segment fills what is left of it.
	MaxHeld, MaxHeldConn int
	// Evict makes the Engine forget a closed connection when its TIME_WAIT is
	// over, and one whose SYN nobody answers: for streams without end. Else
	// all are kept until Finish.
	Evict bool
}

// Counts are of packets.
type Counts struct {
	Copies     uint64 // of packets captured before
	IgnoredRST uint64 // RSTs that their receiver does not accept: forged or stray
	Back       int64  // ns, the most that one was captured earlier than one before it
}

// Engine follows the TCP connections of one capture.
type Engine struct {
	opt      Options
	consumer Consumer
	counts   Counts

	table   table
	slabs   slabs
	last    *Conn // of the segment before, or under way
	ids     uint64
	streams uint32
	now     int64 // latest time seen
	at      int64 // of the segment under way

	copies  copies
	held    holding
	gone    evictions
	cooling [cooling]handle // those that were over last
	cooled  uint64
	data    Data // the one that Consumer.Data sees
}

// NewEngine returns an Engine that reports to consumer.
func NewEngine(opt Options, consumer Consumer) *Engine {
	if opt.TimeWait == 0 {
		opt.TimeWait = 60e9
	}
	if opt.MaxHeld == 0 {
		opt.MaxHeld = 32 << 20
	}
	if opt.MaxHeldConn == 0 {
		opt.MaxHeldConn = 8 << 20
	}
	return &Engine{opt: opt, consumer: consumer}
}

// Counts returns what was counted so far.
func (e *Engine) Counts() Counts { return e.counts }

// Segment takes the next segment of the capture and returns its connection,
// nil for a copy of a packet that was captured before.
func (e *Engine) Segment(s *Segment) *Conn {
	if e.copies.seen(s) {
		e.counts.Copies++
		return nil
	}
	e.now, e.at = max(e.now, s.Time), s.Time
	if back := e.now - s.Time; back > e.counts.Back {
		e.counts.Back = back
	}
	c := e.lookup(s)
	d := c.sender(s)
	e.apply(c, d, s)
	return c
}

// lookup returns the connection of s, a new one if it begins a life.
func (e *Engine) lookup(s *Segment) *Conn {
	if c := e.last; c != nil && s.Flags&SYN == 0 && c.hash == s.Hash && c.owns(s) {
		return c
	}
	at, found := e.table.find(&e.slabs, s)
	if !found {
		c := e.open(s, 0)
		e.streams++
		c.Stream = e.streams - 1
		e.table.insert(at, s.Hash, c.self)
		return c
	}
	h := e.table.slots[at].conn
	c := e.conn(h)
	if s.Flags&(SYN|ACK|RST) == SYN {
		if fresh, stream := c.newLife(s); fresh {
			old := c
			c = e.open(s, h)
			c.Stream = old.Stream
			if stream {
				e.streams++
				c.Stream = e.streams - 1
			}
			old.next = c.self
			c.recycledByClient(old, s)
			e.table.slots[at].conn = c.self
			e.supersede(old)
		}
	}
	e.last = c
	return c
}

// supersede ends a life whose tuple is used anew.
func (e *Engine) supersede(old *Conn) {
	e.complete(old)
	for side := range Side(2) {
		e.endData(old, side, old.End, 0)
	}
	e.leave(old)
}

// newLife reports whether a SYN on the tuple of c begins its next life, and
// whether tshark gives that a new stream: it does when the sender's sequence
// number is known and differs, or a FIN or RST was seen.
func (c *Conn) newLife(s *Segment) (fresh, stream bool) {
	h, peer := &c.halves[c.sender(s)], &c.halves[c.sender(s).Peer()]
	if h.has(seqKnown) {
		ended := (c.halves[0].facts|c.halves[1].facts)&(sentFIN|sentRST) != 0
		fresh = s.Seq != h.isn || ended
		return fresh, fresh
	}
	switch {
	case h.has(sentRST): // it refused the peer's SYN before
		return true, true
	case peer.has(sentSYNACK) && peer.acked == s.Seq+1: // the SYN of the answer seen before
	case peer.has(sentSYN) && !peer.has(sentData): // simultaneous open
	default:
		return true, false
	}
	return false, false
}

// open makes the Conn that s begins; prev is the life before on its tuple.
func (e *Engine) open(s *Segment, prev handle) *Conn {
	h, c := e.slabs.take()
	e.ids++
	c.ID = e.ids
	c.self, c.prev, c.hash = h, prev, s.Hash
	c.Start, c.End, c.lastReal = s.Time, s.Time, s.Time
	src, dst := 0, 1
	if s.Flags&(SYN|ACK) == SYN|ACK {
		src, dst = 1, 0
	}
	c.ip[src], c.port[src] = s.SrcIP, s.SrcPort
	c.ip[dst], c.port[dst] = s.DstIP, s.DstPort
	if s.Flags&SYN == 0 {
		c.facts |= factMidstream
	} else if e.opt.Evict && s.Flags&ACK == 0 {
		e.gone.unanswered.Push(evictionOf(c, e.now))
	}
	e.last = c
	e.consumer.Open(c)
	return c
}

// apply brings a segment of side d into c.
func (e *Engine) apply(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	h.packets++
	h.bytes += uint64(s.Len)
	c.End = max(c.End, s.Time)
	if c.prev != 0 {
		e.takeOver(c, d, s)
	}
	if s.Flags&(FIN|RST) != 0 && !c.ending() {
		c.quiet = s.Time - c.lastReal
	}
	if s.Flags&RST != 0 {
		e.reset(c, d, s)
		return
	}
	if peer.has(sentRST) && c.disproveReset(d, s) {
		e.counts.IgnoredRST++
	}
	if s.Flags&SYN != 0 && !h.has(sentSYN|sentSYNACK|sentData) {
		c.reopen(h)
	}
	if !h.has(seqKnown) {
		h.learn(s)
	}
	if s.Flags&(SYN|ACK) != ACK || c.facts&factEstablished == 0 {
		c.opening(d, s)
	}
	isProbe, isAnswer := c.judgeProbe(d, s)
	acked, again := h.acked, h.retransmissions
	if s.Flags&ACK != 0 {
		e.acknowledge(c, d, s)
	}
	if !isProbe && !isAnswer {
		c.lastReal = s.Time
	}
	if !isProbe {
		e.sequence(c, d, s)
	}
	if s.Window == 0 || h.has(windowShut) {
		c.windowMoved(d, s)
	}
	h.window, h.ttl = s.Window, s.TTL
	switch {
	case h.acked == acked && h.retransmissions != again && s.Len > 0: // both sides send again what neither hears
	case h.acked == acked && s.Flags&FIN != 0 && before(h.acked, peer.next): // it gives up waiting
	default:
		peer.unanswered = 0
	}
	if (h.facts|peer.facts)&(sentFIN|finInferred) != 0 {
		e.closing(c, d, s)
		if c.over() {
			e.leave(c)
		}
	}
}

// reopen forgets, at the first SYN of side h, what came before it: the bare
// ACK of an old life, or an RST or FIN that did not keep the peer from going on
// with the handshake, so that its sender was not the peer.
func (c *Conn) reopen(h *half) {
	h.facts &^= seqKnown | sentFIN | finHasACK
	for side := range Side(2) {
		c.halves[side].facts &^= sentRST | rstProvisional | rstHasACK | dataEnded
	}
}

// learn takes the first sequence number of a side.
func (h *half) learn(s *Segment) {
	h.facts |= seqKnown
	h.isn, h.next, h.want = s.Seq, s.Seq, s.Seq
	if s.Flags&SYN != 0 {
		h.want++
		return
	}
	if s.Len <= 1 && s.Flags&(FIN|PSH) == 0 {
		h.facts |= lowStart
		h.want += s.Len // the byte of a probe is not data
	}
}

// closing follows a connection with a FIN after a segment of side d.
func (e *Engine) closing(c *Conn, d Side, s *Segment) {
	if c.inferFIN(d.Peer()) {
		e.gap(c, d.Peer(), c.halves[d.Peer()].fin)
		e.endData(c, d.Peer(), s.Time, s.Num)
	}
	c.enterTimeWait(d, s)
}

// acknowledge takes the acknowledgement of side d.
func (e *Engine) acknowledge(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if !h.has(ackKnown) || after(s.Ack, h.acked) {
		h.acked = s.Ack
		h.facts |= ackKnown
		if peer.has(lowStart) {
			peer.raise(s.Ack)
		}
		if peer.queue != 0 {
			e.acknowledged(c, d.Peer())
		}
	}
}

// raise moves the start of a midstream side whose first segment was a probe:
// the peer acknowledges the byte above it, which was sent before the capture.
func (h *half) raise(ack uint32) {
	if ack == h.isn+1 && !h.has(sentData) && h.next-h.isn <= 1 {
		h.isn, h.next, h.want = ack, ack, ack
	}
	h.facts &^= lowStart
}

// reset takes an RST of side d.
func (e *Engine) reset(c *Conn, d Side, s *Segment) {
	h := &c.halves[d]
	again := h.has(sentRST)
	if c.answersChallenge(d, s) {
		c.facts |= factChallenged
		return
	}
	if !c.reset(d, s) {
		if !again { // a dead socket answers every late packet
			e.counts.IgnoredRST++
		}
		return
	}
	if !h.has(seqKnown) && s.Flags&ACK == 0 {
		h.learn(s)
		h.facts &^= lowStart
	}
	if h.has(rstProvisional) {
		return
	}
	for side := range Side(2) {
		e.flush(c, side)
		e.endData(c, side, s.Time, s.Num)
	}
	e.leave(c)
}

// takeOver watches the TIME_WAIT of the life before. It ends when its holder
// accepts the new life, by sending the SYN or answering with SYN-ACK, or when
// an RST hits it that answers a challenge (RFC 9293, 3.10.7.4; RFC 1337).
func (e *Engine) takeOver(c *Conn, d Side, s *Segment) {
	old := e.conn(c.prev)
	was := old.sender(s)
	switch {
	case old.End+e.opt.TimeWait+lingering <= s.Time: // it may have been evicted
		old.next, c.prev = 0, 0
		e.cool(old)
	case s.Flags&SYN != 0:
		if s.Flags&ACK != 0 && s.Seq-old.halves[was].next == recycledStep {
			c.facts |= factRecycledByServer
		}
		old.endTimeWait(was, s.Time)
	case s.Flags&RST != 0 && !c.halves[d.Peer()].has(sentSYNACK):
		if victim := &old.halves[was.Peer()]; victim.has(ackKnown) && s.Seq == victim.acked {
			old.endTimeWait(was.Peer(), s.Time)
			if !old.over() {
				old.reset(was, s)
			}
		}
	case c.facts&factEstablished != 0:
		old.next, c.prev = 0, 0
		e.cool(old)
	}
}

// Len returns how many connections there have been.
func (e *Engine) Len() int { return int(e.ids) }

// Kept returns how many of them are kept.
func (e *Engine) Kept() int { return e.slabs.count() }

// Conn returns the connection with that ID, without Options.Evict.
func (e *Engine) Conn(id uint64) *Conn { return e.slabs.at(handle(id)) }

// Each calls f with every connection that is kept, in order of ID. Those that
// are dormant are only lent.
func (e *Engine) Each(f func(*Conn)) {
	var scratch Conn
	e.each(func(h handle) { f(e.slabs.peek(h, &scratch)) })
}

// Drain is Each for the last time: each connection is forgotten after its call,
// so that what f makes of them takes their memory. The Engine has none then.
func (e *Engine) Drain(f func(*Conn)) {
	var scratch Conn
	e.table, e.gone, e.last = table{}, evictions{}, nil
	e.each(func(h handle) {
		f(e.slabs.peek(h, &scratch))
		e.slabs.drop(h)
	})
	e.slabs = slabs{}
}

// each calls f with the handles of all connections, in order of ID.
func (e *Engine) each(f func(handle)) {
	if e.Kept() == e.Len() {
		for h := 1; h < len(e.slabs.places); h++ {
			f(handle(h))
		}
		return
	}
	type kept struct {
		id uint64
		h  handle
	}
	all := make([]kept, 0, e.Kept()) // some were evicted, and their handles used again
	for h := range handle(len(e.slabs.places)) {
		if id := e.slabs.id(h); id != 0 {
			all = append(all, kept{id, h})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.id, b.id) })
	for _, k := range all {
		f(k.h)
	}
}

// Finish says that the capture is over: payload that waits for a gap is
// handed over, and with it the end of what was not closed stays open.
func (e *Engine) Finish() {
	e.each(func(h handle) {
		if !e.slabs.sleeps(h) { // those that do are complete
			e.complete(e.slabs.at(h))
		}
	})
}

// complete hands over all that waits, as of the last packet: when it is called
// depends on whether connections are evicted.
func (e *Engine) complete(c *Conn) {
	at := e.at
	e.at = c.End
	for side := range Side(2) {
		e.flush(c, side)
		if h := &c.halves[side]; h.has(sentFIN) {
			e.gap(c, side, h.fin)
			e.endData(c, side, h.finAt, h.finNum)
		} else if c.ackedUnseen(side) {
			e.gap(c, side, c.halves[side.Peer()].acked)
		}
	}
	e.at = at
}

// Now returns the latest time seen, ns since the epoch.
func (e *Engine) Now() int64 { return e.now }
