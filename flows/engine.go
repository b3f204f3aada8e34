package flows

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Options are the limits of an Engine; zero values are replaced by the defaults
// given here.
type Options struct {
	// TimeWait is how long TIME_WAIT lasts, in ns: 60 s, as on Linux.
	TimeWait int64
	// MaxHeld and MaxHeldConn bound the memory, in bytes, of payload that waits
	// out of order, in all and of one side: 32 MiB and 8 MiB. A receive window of
	// Linux grows to 6 MiB, and what follows a lost segment fills what is left of
	// it. Beyond the bound a hole counts as a gap at once.
	MaxHeld, MaxHeldConn int
	// Evict makes [Engine.Sweep] forget a connection once it has ended and its
	// TIME_WAIT is over, or nobody answers its SYN: for streams without end.
	// Without it all are kept until the end.
	Evict bool
	// Applied, if set, is called when a segment has been brought into its
	// connection. That is before [Engine.Segment] returns, or later if the segment
	// had to wait for others: see [Engine.Segment].
	Applied func(c *Conn, from Side, s *Segment)
	// IgnoredRST, if set, is called where Counts.IgnoredRST goes up.
	IgnoredRST func(c *Conn)
}

// Counts are what an Engine counts beside the connections.
type Counts struct {
	// Duplicates are packets that the capture holds twice. Two packets with the
	// same Print are one if they were captured within 1 ms of each other, or
	// within 100 ms where Link or TTL differ. An RST, or an acknowledgement without
	// identification, counts only where other packets are captured twice, too.
	Duplicates uint64
	// IgnoredRST are RSTs that their receiver does not accept: forged or stray.
	IgnoredRST uint64
	// TimeBack is how far time went back at most, in ns: how much earlier a packet
	// was captured than one that comes before it.
	TimeBack int64
}

// Engine follows the TCP connections of one capture. Create it with
// [NewEngine], give it each [Engine.Segment] in the order of the capture, call
// [Engine.Finish], and read the connections with [Engine.Each]. It is not safe
// for concurrent use.
type Engine struct {
	opt      Options
	consumer Consumer
	counts   Counts

	table   table
	store   store
	last    *Conn // of the segment before, or of the one under way
	ids     uint64
	streams uint32
	quoted  map[tuple]uint32 // the stream numbers of tuples that were only quoted
	now     int64            // latest time seen
	at      int64            // time of the segment under way

	duplicates duplicates
	early      early
	aside      aside
	unheard    compact.Queue[unanswered] // those whose SYN carried data, while nobody answers it
	held       holding
	evictions  evictions
	data       Data // the one that Consumer.Data sees
	peeked     Conn // the one that oldestEnded returns
	peekedSYN  Conn // the one that waiting returns
}

// NewEngine returns an Engine that reports to consumer, which may be nil.
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
	if consumer == nil {
		consumer = discard{}
	}
	return &Engine{opt: opt, consumer: consumer}
}

// Segment takes the next segment of the capture and returns its connection, or
// nil for a duplicate of a packet that was captured before, or a header that is only
// quoted. The Engine keeps no reference to s. With [Options.Evict] the Conn is valid
// until the next call.
//
// A segment that acknowledges what was not captured yet waits for that, for a
// millisecond of the capture's time at most: its connection is as before until
// then.
func (e *Engine) Segment(s *Segment) *Conn {
	if s.Quoted {
		e.quote(s)
		return nil
	}
	c, at := e.find(s)
	if e.duplicates.seen(s, c != nil && c.isFresh(s)) {
		e.counts.Duplicates++
		return nil
	}
	if e.early.head < len(e.early.waiting) {
		e.expire(s.Time)
	}
	e.now, e.at = max(e.now, s.Time), s.Time
	if back := e.now - s.Time; back > e.counts.TimeBack {
		e.counts.TimeBack = back
	}
	if e.unheard.Len() > 0 {
		e.endUnheard()
	}
	c = e.owner(s, c, at)
	d := c.sender(s)
	if (after(s.Ack, c.halves[d.Peer()].next) || s.Time-c.lastActivity >= minProbeIdle || c.facts&factEstablished == 0 || s.Flags&(SYN|RST) != 0) && c.isEarly(d, s) {
		e.wait(c, d, s)
		return c
	}
	e.apply(c, d, s)
	if e.opt.Applied != nil {
		e.opt.Applied(c, d, s)
	}
	if c.facts&(factEarly|factAside|factQuoted) != 0 {
		e.later(c, d, s)
	}
	return c
}

// later does what a segment of side d of c, which has been applied, lets others do.
func (e *Engine) later(c *Conn, d Side, s *Segment) {
	e.letGo(c)
	if c.facts&factAside != 0 {
		e.judgeAside(c, d, s)
	}
	if c.facts&factQuoted != 0 {
		e.endQuoted(c, s)
	}
}

// apply brings a segment of side d into c.
func (e *Engine) apply(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	h.packets++
	h.bytes += uint64(s.Len)
	c.End = max(c.End, s.Time)
	if c.prev != 0 {
		e.watchPrevious(c, d, s)
	}
	if s.Flags&(FIN|RST) != 0 && !c.EndBegun() {
		c.quiet = s.Time - c.lastActivity
	}
	if s.Flags&RST != 0 {
		e.reset(c, d, s)
		return
	}
	if (h.facts|peer.facts)&sentRST != 0 {
		e.doubtResets(c, d, s)
	}
	if s.Flags&SYN != 0 || !h.has(seqKnown) || c.facts&factEstablished == 0 {
		c.noteOpening(d, s)
	}
	if after(s.Seq, h.next) && e.isPutAside(c, d, s) {
		return
	}
	isProbe, isAnswer := c.judgeProbe(d, s)
	acked, again := h.acked, h.retransmissions
	if s.Flags&ACK != 0 {
		e.acknowledge(c, d, s)
	}
	if !isProbe && !isAnswer {
		c.lastActivity = s.Time
	}
	if !isProbe {
		e.sequence(c, d, s)
	}
	if s.Window == 0 || h.has(windowShut) {
		c.trackWindow(d, s)
	}
	h.announces(s)
	if h.acked != acked || !h.unheard(peer, again, s) {
		peer.unanswered = 0
	}
	if (h.facts|peer.facts)&(sentFIN|finInferred) != 0 {
		e.afterFIN(c, d, s)
	}
}

// acknowledge takes the acknowledgement of side d.
func (e *Engine) acknowledge(c *Conn, d Side, s *Segment) {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	if !h.has(ackKnown) || after(s.Ack, h.acked) {
		h.acked = s.Ack
		h.facts |= ackKnown
		if peer.has(startUnsure) {
			peer.raiseStart(s.Ack)
		}
		if peer.queue != 0 {
			e.acknowledged(c, d.Peer())
		}
	} else if s.Ack == peer.want && peer.next != peer.want {
		peer.facts |= holeAsked
	}
}

// afterFIN follows a connection in which a FIN was seen, after a segment of side
// d.
func (e *Engine) afterFIN(c *Conn, d Side, s *Segment) {
	if c.inferFIN(d.Peer()) {
		e.gap(c, d.Peer(), c.halves[d.Peer()].fin)
		e.endData(c, d.Peer(), s.Time, s.Num)
	}
	c.enterTimeWait(d, s)
	if c.ended() {
		e.evictLater(c)
	}
}

// Finish says that the capture is over. It delivers the payload that is still
// held, gaps first; open connections stay open.
func (e *Engine) Finish() {
	for e.early.head < len(e.early.waiting) {
		e.goOn(e.early.head)
	}
	e.each(func(h handle) {
		if !e.store.isPacked(h) { // nothing is held of those that are
			e.deliverRest(e.store.at(h))
		}
	})
}

// Counts returns what was counted so far.
func (e *Engine) Counts() Counts { return e.counts }

// Forgotten returns of how many packets, since when, a copy would not have been
// recognized for all of the 100 ms: there were too many at once.
func (e *Engine) Forgotten() (packets uint64, since int64) {
	return e.duplicates.early, e.duplicates.earlySince
}

// Now returns the latest time seen, ns since the epoch.
func (e *Engine) Now() int64 { return e.now }

// Len returns how many connections there have been.
func (e *Engine) Len() int { return int(e.ids) }

// Kept returns how many of them are kept: all, without [Options.Evict].
func (e *Engine) Kept() int { return e.store.count() }

// Conn returns the connection with that ID, which is from 1 to [Engine.Len]. It
// may be called only without [Options.Evict], and not after Drain.
func (e *Engine) Conn(id uint64) *Conn { return e.store.at(handle(id)) }

// Each calls f with every connection that is kept, in order of ID. With
// [Options.Evict] the Conn is only lent for the call; without it, it is valid
// until Drain.
func (e *Engine) Each(f func(*Conn)) {
	var scratch Conn
	e.each(func(h handle) { f(e.store.peek(h, &scratch)) })
}

// Drain is Each for the last time: each connection is forgotten after its call,
// so that what f makes of them can take their memory. The Engine has none then,
// and takes no more segments.
func (e *Engine) Drain(f func(*Conn)) {
	var scratch Conn
	e.table, e.evictions, e.last = table{}, evictions{}, nil
	e.each(func(h handle) {
		f(e.store.peek(h, &scratch))
		e.store.drop(h)
	})
	e.store = store{}
}

// EachUnordered is Each in any order: to put the connections in order takes time and
// memory once some are evicted.
func (e *Engine) EachUnordered(f func(*Conn)) {
	var scratch Conn
	for h := range handle(len(e.store.slots)) {
		if c := e.store.peek(h, &scratch); c != nil {
			f(c)
		}
	}
}

// EachUnfinished is EachUnordered for all connections that have not ended, and some that
// have.
func (e *Engine) EachUnfinished(f func(*Conn)) {
	var scratch Conn
	for h := range handle(len(e.store.slots)) {
		if x := e.store.slots[h]; x != 0 && (!x.packed() || x.isSYN()) {
			f(e.store.peek(h, &scratch))
		}
	}
}

// each calls f with the handles of all connections, in order of ID.
func (e *Engine) each(f func(handle)) {
	if e.Kept() == e.Len() {
		for h := 1; h < len(e.store.slots); h++ {
			f(handle(h))
		}
		return
	}
	type kept struct {
		id uint64
		h  handle
	}
	all := make([]kept, 0, e.Kept()) // some were evicted, and their handles used again
	for h := range handle(len(e.store.slots)) {
		if id := e.store.id(h); id != 0 {
			all = append(all, kept{id, h})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.id, b.id) })
	for _, k := range all {
		f(k.h)
	}
}
