package diagnose

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// record is what is kept of a connection for its group: no pointer, 104 bytes.
type record struct {
	fact   fact
	start  int64
	ended  int64  // first FIN or RST
	packet uint64 // of that, else of the message that ended the persistence
	done   int64  // last byte of the last response; Unknown without
	asked  uint64 // first packet of the last request
	times  [2]int64

	id         uint32
	stream     uint32 // noStream if it is not known
	pair       uint32
	requests   uint32
	connect    uint32 // time that the connection took to open, in µs and rounded up; 0 if not known
	port       uint16 // of the client
	idleOthers uint16 // capped
	idleBefore uint16 // others that were idle when it was opened, capped
	class      class
	cause      Cause
	by         analyze.Party
	confidence Confidence
	facts      recordFacts
	holder     analyze.TimeWait
}

// recordFacts are what else was seen of a connection.
type recordFacts uint8

const (
	isBodied   recordFacts = 1 << iota // its last response has a body
	isReset                            // it ended by an RST
	isOpen                             // it did not end
	isHalf                             // one side closed, the other did not, though it had time
	isOutlived                         // it was used again after a pause as long as the last
)

func (r *record) has(f recordFacts) bool { return r.facts&f != 0 }

// is returns the judgement.
func (r *record) is() NotReused { return NotReused{r.cause, r.by, r.confidence, r.fact} }

// connectTime returns how long the connection took to open, in ns; 0 if that is
// not known.
func (r *record) connectTime() int64 { return int64(r.connect) * 1e3 }

const noStream = math.MaxUint32

// saidAt is when a response said that it ended the persistence, and usedAt the
// time of the last byte of the response before it; Unknown without. Those of
// class saidInResponse have these two.
func (r *record) saidAt() int64 { return r.times[0] }
func (r *record) usedAt() int64 { return r.times[1] }

// askedAt is the time of the first packet of the last request, and firstByte
// that of the response to it that was under way; Unknown without. All others
// have these two.
func (r *record) askedAt() int64   { return r.times[0] }
func (r *record) firstByte() int64 { return r.times[1] }

// unanswered reports whether the last request got no whole response.
func (r *record) unanswered() bool {
	return r.class != saidInResponse && r.asked != 0 && (r.done == analyze.Unknown || r.askedAt() > r.done)
}

// Collector takes the connections of one analysis. It is not safe for
// concurrent use.
type Collector struct {
	records compact.Vault[record]
	byID    []*record // all of them, once the analysis is over
	traits  traits
	workers int
}

// traits are sums over connections that only some rules look at.
type traits struct {
	midstream, oneDirection, lossy, withRequests, withMessages int64

	opaque           int64 // connections whose requests cannot be read
	encrypted, http2 int64 // of these

	marks compact.Vault[marked]
}

// marked is a connection with something unusual besides its cause.
type marked struct {
	id     uint32
	what   oddity
	by     analyze.Party
	d      int64 // ns
	packet uint64
}

// oddity is the unusual thing.
type oddity uint8

const (
	oddChallenged oddity = iota // the SYN was answered by a bare ACK
	oddRecycled                 // a TIME_WAIT was taken over
	oddStall                    // a closed window
	odd408                      // a 408 without a request
	oddProbes                   // keep-alive probes; d is the idle time before the first
	oddProbing                  // keep-alive probes in a row; d is the time between them
	oddCloseWait                // the server closed, the client did not; d is since when
	oddFINWait2                 // the client closed, the server did not
	oddStarved                  // data acknowledged, never answered
	oddLateOpen                 // the handshake took d, for a SYN was sent again
)

// NewCollector returns an empty Collector, which uses so many goroutines at the
// end.
func NewCollector(workers int) *Collector { return &Collector{workers: max(1, workers)} }

// minStarved is how long data that was acknowledged must stay unanswered for the
// program not to have accepted the connection.
const minStarved = 1e9

// minStall is the shortest closed window that counts as a stall.
const minStall = 500e6

// minLateOpen is how long a handshake takes at least whose SYN was sent again: a
// second (RFC 6298, 2.1), and what timers are early.
const minLateOpen = 900e6

// Add takes a connection that is final, and returns its judgement: with cause
// Undecided if only its group can tell. last is the time of the latest packet
// so far.
func (d *Collector) Add(c *analyze.Connection, last int64) NotReused {
	var r record
	is := d.traits.add(&r, c, last)
	d.records.Put(&r)
	return is
}

// add fills r with c, and adds it up.
func (t *traits) add(r *record, c *analyze.Connection, last int64) NotReused {
	is, k := judge(c, last)
	e := &c.Evidence
	end := endingOf(e)
	*r = record{
		id: uint32(c.ID), stream: noStream, fact: is.fact, class: k, cause: is.Cause, by: is.By, confidence: is.Confidence, holder: c.Close.TimeWait,
		pair: e.Pair, port: c.Client.Port(), idleOthers: uint16(min(e.IdleOthers, 1<<16-1)), idleBefore: uint16(min(e.IdleBefore, 1<<16-1)),
		requests: uint32(max(c.Requests, 0)), start: c.Start, ended: end.at, packet: end.packet, done: e.LastDone,
		asked: e.Request.Packet, times: [2]int64{e.Request.At, e.FirstByteAt},
		connect: uint32(min((max(c.ConnectTime, 0)+999)/1e3, math.MaxUint32)),
	}
	for _, x := range [...]struct {
		is   bool
		fact recordFacts
	}{
		{e.LastHadBody, isBodied},
		{end.rst, isReset},
		{end.by == analyze.Nobody, isOpen},
		{c.Close.Kind == flows.CloseHalf && last-end.at >= longHalfClosed, isHalf},
		{e.SurvivedSameIdle, isOutlived},
	} {
		if x.is {
			r.facts |= x.fact
		}
	}
	if c.Stream != analyze.Unknown {
		r.stream = uint32(c.Stream)
	}
	if k == saidInResponse {
		r.times = [2]int64{e.EndMark.At, e.PreviousDone}
	}
	if e.EndReason != analyze.NotEnded {
		r.packet = e.EndMark.Packet
	}
	t.notice(c, e, last)
	return is
}

// notice notes what is unusual besides the cause.
func (t *traits) notice(c *analyze.Connection, e *analyze.Evidence, last int64) {
	mark := func(what oddity, by analyze.Party, ns int64, packet uint64) {
		t.marks.Put(&marked{uint32(c.ID), what, by, ns, packet})
	}
	if c.Midstream {
		t.midstream++
	}
	if c.Requests > 0 {
		t.withRequests++
	}
	if c.Requests > 0 || c.Responses > 0 {
		t.withMessages++
	}
	if c.HTTPUnknown {
		t.opaque++
		switch c.Protocol {
		case analyze.TLS:
			t.encrypted++
		case analyze.H2C:
			t.http2++
		}
	}
	unopened := c.Handshake == flows.HandshakeUnanswered || c.Handshake == flows.HandshakeIncomplete && e.SYNACKRetransmissions > 0
	if (c.PacketsClient == 0) != (c.PacketsServer == 0) && !unopened {
		t.oneDirection++
	}
	if missing := c.MissingClient + c.MissingServer; missing*20 > missing+c.BytesClient+c.BytesServer {
		t.lossy++
	}
	if e.Challenged {
		mark(oddChallenged, analyze.Server, c.ConnectTime, 0)
	}
	if c.ConnectTime >= minLateOpen && c.Handshake == flows.HandshakeComplete && !e.Challenged && c.SYNRetransmissions+e.SYNACKRetransmissions > 0 {
		mark(oddLateOpen, analyze.Server, c.ConnectTime, 0)
	}
	if e.Recycled != analyze.Nobody {
		mark(oddRecycled, e.Recycled, 0, 0)
	}
	if e.Stall >= minStall {
		mark(oddStall, e.StallBy, e.Stall, 0)
	}
	if e.Idle408 {
		mark(odd408, analyze.Server, 0, 0)
	}
	t.noticeEnd(c, e, last, mark)
}

func (t *traits) noticeEnd(c *analyze.Connection, e *analyze.Evidence, last int64, mark func(oddity, analyze.Party, int64, uint64)) {
	for _, x := range [...]struct {
		by analyze.Party
		*analyze.Probes
	}{{analyze.Client, &c.ClientProbes}, {analyze.Server, &c.ServerProbes}} {
		if x.Sent > 0 && x.Idle != analyze.Unknown {
			mark(oddProbes, x.by, x.Idle, 0)
		}
		if x.Sent > 1 && x.Interval != analyze.Unknown {
			mark(oddProbing, x.by, x.Interval, 0)
		}
	}
	until := last
	if end := endingOf(e); end.by != analyze.Nobody {
		until = end.at
	}
	if e.Outstanding > 0 && !e.ResponseBegun && c.BytesServer == 0 && !e.UnackedClient && !e.ServerFIN.OK() && until-e.Request.At >= minStarved {
		mark(oddStarved, analyze.Server, until-e.Request.At, e.Request.Packet)
	}
	if e.ClientRST.OK() || e.ServerRST.OK() || c.Midstream || c.PacketsClient == 0 || c.PacketsServer == 0 {
		return
	}
	switch {
	case e.ServerFIN.OK() && !e.ClientFIN.OK() && !e.UnackedServer && !c.Close.Inferred && c.MissingClient == 0:
		mark(oddCloseWait, analyze.Client, last-e.ServerFIN.At, e.ServerFIN.Packet)
	case e.ClientFIN.OK() && !e.ServerFIN.OK() && !e.UnackedClient && !c.Close.Inferred && c.MissingServer == 0:
		mark(oddFINWait2, analyze.Server, last-e.ClientFIN.At, e.ClientFIN.Packet)
	}
}

// join adds what other sums up.
func (t *traits) join(other *traits) {
	t.midstream += other.midstream
	t.oneDirection += other.oneDirection
	t.opaque += other.opaque
	t.encrypted += other.encrypted
	t.http2 += other.http2
	t.lossy += other.lossy
	t.withRequests += other.withRequests
	t.withMessages += other.withMessages
	other.marks.Drain(func(m *marked) { t.marks.Put(m) })
}

// sort puts the records in order of ID.
func (d *Collector) sort() {
	d.byID = make([]*record, 0, d.records.Len())
	var room []record
	d.records.Drain(func(r *record) {
		if len(room) == 0 {
			room = make([]record, 1<<10)
		}
		room[0] = *r
		d.byID = append(d.byID, &room[0])
		room = room[1:]
	})
	slices.SortFunc(d.byID, byID)
}

// find returns the record of a connection. Where all are kept it is at the
// place that its ID says.
func (d *Collector) find(id uint64) *record {
	if i := id - 1; i < uint64(len(d.byID)) && uint64(d.byID[i].id) == id {
		return d.byID[i]
	}
	i, ok := slices.BinarySearchFunc(d.byID, id, func(r *record, id uint64) int { return cmp.Compare(uint64(r.id), id) })
	if !ok {
		return nil
	}
	return d.byID[i]
}
