package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// httpState is what is kept of the HTTP messages of one connection while it is
// analyzed. It holds no pointer.
type httpState struct {
	facts     httpFacts
	proto     Protocol
	minor     uint8 // of HTTP/1.minor, of the last response, else the last request
	requester flows.Side

	requests, responses, interim uint32
	outstanding                  uint32 // requests without their final response
	queue                        int32  // where all but the first of them wait, 0 for none
	pair                         uint32
	reader                       uint32 // number of its reader, 0 for one that is new

	gaps     gapStats
	now      exchange // the first outstanding one
	lastDone int64    // last byte of the last response; Unknown until then
	end      persistenceEnd

	lastStatus uint16 // of the last final response
	idleBefore uint16 // other connections of the pair that were idle when this one was opened
	idleOthers uint16 // and when it ended
}

// reader is what it takes to read on: it is given back when both sides have
// ended. The zero reader is new.
type reader struct {
	parsers [2]httpparse.Parser
	headAt  [2]int64 // first byte of a head that straddles segments
	headNum [2]uint64
}

// exchange is a request and what was seen of its response.
type exchange struct {
	requestAt, requestDone, firstByteAt int64
	requestNum, responseNum             uint64
	text                                int32 // where its strings are kept, 0 for nowhere
	status                              uint16
	method                              httpparse.Method
	answered                            bool // the head of the final response is whole
}

// httpFacts are what was seen of the messages.
type httpFacts uint32

const (
	sawRequest httpFacts = 1 << iota
	sawResponse
	sawData
	opaque       // TLS or HTTP/2: requests cannot be counted
	tunnelled    // by CONNECT or an upgrade: what follows is not HTTP/1
	sending      // the last outstanding request is not complete
	pooled       // a request has begun whose head is not whole yet
	looksHTTP    // the first bytes begin a message
	oneEnded     // a side sends nothing more
	bothEnded    // nor does the other
	settledOut   // no response can follow: what is outstanding is in flight no more
	cutInitiator // a head that the initiator sent is not whole in the capture: packets were cut
	cutResponder
	idle    // all is answered, and the pair counts it as idle
	early   // a final response was complete before its request
	idle408 // a 408 that answers no request
	bodied  // the last response has a body
	events  // the last response is a stream of events
)

func (t *httpState) has(f httpFacts) bool { return t.facts&f != 0 }

// unread reports whether the messages of a side cannot be counted: packets
// were cut within heads, or only the other side was captured.
func (t *httpState) unread(c *flows.Conn, side flows.Side) bool {
	return t.has(cutInitiator<<side) || c.Packets(side) == 0 && t.has(sawRequest|sawResponse)
}

// asking returns the side that sends requests, or is to be expected to.
func (t *httpState) asking(c *flows.Conn) flows.Side {
	if t.has(sawRequest) {
		return t.requester
	}
	return clientSide(c, t)
}

// gapStats measure the idle gaps of a connection: the median by samples,
// longest and last exactly.
type gapStats struct {
	n         uint32
	store     int32 // where the values are, 0 while there is only one
	last, max int64
}

const (
	maxQueued = 1024 // pipelined requests remembered one by one; more are only counted
)

// httpStates hold the httpState of each connection, and what hangs off some of them.
type httpStates struct {
	compact.Slab[httpState]

	dormant compact.Vault[dormantState]
	readers compact.Slab[reader]
	queues  compact.Pool[[]exchange]
	gaps    compact.Pool[samples]
	spare   [][]int64 // memory for samples
}

// reader returns the reader of a connection.
func (ts *httpStates) reader(t *httpState) *reader {
	if t.reader == 0 {
		t.reader, _ = ts.readers.Take()
	}
	return ts.readers.At(t.reader)
}

// headBegun reports whether a head of that side is not whole.
func (ts *httpStates) headBegun(t *httpState, side flows.Side) bool {
	return t.reader != 0 && ts.readers.At(t.reader).headNum[side] != 0
}

// rest gives back what a connection needs no more when both sides have ended: its
// reader, if it is as new, and all gaps but those that tell the median.
func (ts *httpStates) rest(t *httpState) {
	if t.gaps.store != 0 {
		if spare := ts.gaps.At(t.gaps.store).middle(); spare != nil {
			ts.spare = append(ts.spare, spare)
		}
	}
	if t.reader != 0 && *ts.readers.At(t.reader) == (reader{}) {
		ts.readers.Give(t.reader)
		t.reader = 0
	}
}

// forget takes the state of c and what hangs off it back.
func (t *httpStates) forget(c *flows.Conn) {
	if c.User&dormant != 0 {
		t.dormant.Drop(c.User &^ dormant)
		return
	}
	x := t.At(c.User)
	if x.reader != 0 {
		t.readers.Give(x.reader)
	}
	if x.queue != 0 {
		*t.queues.At(x.queue) = (*t.queues.At(x.queue))[:0]
		t.queues.Give(x.queue)
	}
	if x.gaps.store != 0 {
		if s := t.gaps.At(x.gaps.store); cap(s.values) > 3 {
			t.spare = append(t.spare, s.values[:0])
			s.values = nil
		}
		t.gaps.Give(x.gaps.store)
	}
	t.Give(c.User)
}

// drop forgets the state of c for good.
func (t *httpStates) drop(c *flows.Conn) {
	if c.User&dormant != 0 {
		t.dormant.Drop(c.User &^ dormant)
	} else {
		t.Drop(c.User)
	}
}

// addGap notes an idle gap of t.
func (ts *httpStates) addGap(t *httpState, ns int64) {
	g := &t.gaps
	g.n++
	if g.n > 1 {
		if g.store == 0 {
			g.store = ts.gaps.Take()
			s := ts.gaps.At(g.store)
			*s = samples{}
			if n := len(ts.spare); n > 0 {
				s.values, ts.spare = ts.spare[n-1], ts.spare[:n-1]
			}
			s.add(g.last)
		}
		ts.gaps.At(g.store).add(ns)
	}
	g.last = ns
	g.max = max(g.max, ns)
}

// push adds an outstanding exchange.
func (ts *httpStates) push(t *httpState, x exchange) {
	t.outstanding++
	if t.outstanding == 1 {
		t.now = x
		return
	}
	if t.queue == 0 {
		t.queue = ts.queues.Take()
	}
	if q := ts.queues.At(t.queue); len(*q) < maxQueued {
		*q = append(*q, x)
	}
}

// last returns the newest outstanding exchange.
func (ts *httpStates) last(t *httpState) *exchange {
	if t.outstanding <= 1 || t.queue == 0 {
		return &t.now
	}
	q := *ts.queues.At(t.queue)
	return &q[len(q)-1]
}

// pop drops the oldest outstanding exchange.
func (ts *httpStates) pop(t *httpState) {
	t.outstanding--
	if t.outstanding == 0 {
		t.facts &^= sending
		return
	}
	if t.queue == 0 { // more than maxQueued
		t.now = exchange{}
		return
	}
	q := ts.queues.At(t.queue)
	t.now = (*q)[0]
	*q = append((*q)[:0], (*q)[1:]...)
	if len(*q) == 0 {
		ts.queues.Give(t.queue)
		t.queue = 0
	}
}
