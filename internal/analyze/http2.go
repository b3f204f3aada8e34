package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Connections that speak HTTP/2. What is kept of one hangs off its reader. Its httpState
// has the sums, as of HTTP/1, and the oldest open stream as its current exchange.

const (
	// maxStreams and maxStreamsAll bound how many open streams are remembered one by one,
	// of one connection and in all: 18 MiB. More are only counted.
	maxStreams    = 1 << 12
	maxStreamsAll = 1 << 17
	// minQuiet is how long, in ns, nothing but PING comes before one that is to keep the
	// connection alive: others follow a message, or the end of one.
	minQuiet = 900e6
	// lasting is from how long on, in ns, a response whose messages come as they happen is
	// told as one that lasts: a call with one answer has its head together with it.
	lasting = 1e9
	// firstMaxFrame is how long a frame may be until SETTINGS say otherwise (RFC 9113, 6.5.2).
	firstMaxFrame = 1 << 14
	// sameWrite is how long, in ns, a PING comes at most after the frame that it belongs to:
	// both are sent at once, or one as soon as the other has come, which may be a round trip
	// later where the packets are captured.
	sameWrite = 5e6
)

// onItsWay is how long, in ns and besides a round trip, a client may go on to send requests
// after a GOAWAY of its server: what it takes to read it, or had in its queue.
const onItsWay = 100e6

// h2States hold what is kept of connections that speak HTTP/2, by number.
type h2States struct {
	compact.Slab[h2State]
	listed int // open streams that are remembered

	tableBytes int64 // about, of header blocks of connections under way
	raw        []byte
}

// h2State is what is kept of one connection.
type h2State struct {
	readers  *[2]http2.Reader // by flows.Side; nil when both sides have ended
	lostThen bool             // the place was lost then
	streams  []h2Stream       // that are open, in order of their numbers
	unlisted uint32           // how many more are open
	highest  uint32           // stream of the client so far

	before                uint32 // requests before the connection went over to HTTP/2, but for the one that did it
	opened, refused, most uint32
	failed, abandoned     uint32 // streams that were reset while the connection went on, by the server and the client
	grpcCalls, grpcFailed uint32
	lasting               uint32 // streams that have ended and lasted
	limit                 int64  // SETTINGS_MAX_CONCURRENT_STREAMS of the server; Unknown without
	away                  goAway
	pings                 [2]pings // by flows.Side
	lastAt                int64    // when the last frame but PING came
	resetAt               [2]int64 // when a side last reset a stream
	dataAt                [2]int64 // when a side last sent DATA

	socket   uint32     // the first stream that is or was a WebSocket, or asks to be one; 0 without
	settings uint32     // SETTINGS frames of both sides, without answers
	odd      uint32     // frames that RFC 9113 does not allow, or that cannot be decoded
	maxFrame [2]int64   // how long a frame of a side may be: SETTINGS_MAX_FRAME_SIZE of the other
	sending  [2]sending // what each side may send, by flows.Side
	begun    bool       // frames were read from the beginning on
	blind    bool       // some were missed: windows are not known any more
}

// h2Stream is a stream that is open: a request without the end of its response.
type h2Stream struct {
	id    uint32
	flows bool // its response is one of messages that come as they happen: events, or of gRPC
	exchange
	windows [2]window // of what each side sends, by flows.Side
}

// goAway is the first GOAWAY of a connection, with what later ones of the same side say
// more exactly.
type goAway struct {
	some     bool
	from     flows.Side
	drains   bool // the first one left open which stream is the last
	last     uint32
	code     http2.ErrCode
	at       int64
	num      uint64
	open     uint32 // streams that were open then
	requests uint32 // that had been sent until then
	done     int64  // last byte of the last response before it; Unknown without
	debug    string
	after    uint32 // streams that were opened in spite of it
	unheeded uint32 // of them those above the last one, when the client must have had it
}

// pings are the PINGs of a side, but for answers.
type pings struct {
	keepAlive, other uint32
	cancel, bdp      uint32 // of the other ones
	last             int64  // when the last one came that keeps the connection alive, 0 when something else came since
	idle, interval   int64  // ns before the first of a run, and between two; 0 without
}

// tableCost is what is counted as memory of the readers of a connection: both tables, as
// large as they are at first.
const tableCost = 2*4096 + 2*1024

// begin returns the number of a new state.
func (s *h2States) begin(client flows.Side, midstream [2]bool) uint32 {
	n, x := s.Take()
	x.limit = Unknown
	x.begun = midstream == [2]bool{}
	x.blind = !x.begun
	for side := range x.sending {
		x.sending[side].initial = firstWindow
		x.maxFrame[side] = firstMaxFrame
	}
	x.readers = new([2]http2.Reader)
	s.tableBytes += tableCost
	for side := range x.readers {
		x.readers[side].Begin(flows.Side(side) == client, midstream[side])
	}
	return n
}

// close gives back what it takes to read on.
func (s *h2States) close(x *h2State) {
	if x.readers != nil {
		x.lostThen = x.lost()
		x.readers = nil
		s.tableBytes -= tableCost
	}
}

// forget takes a state back.
func (s *h2States) forget(n uint32) {
	x := s.At(n)
	s.close(x)
	s.listed -= len(x.streams)
	*x = h2State{}
	s.Give(n)
}

// h2 returns what is kept of a connection that speaks HTTP/2, nil if it does not.
func (s *httpStates) h2Of(t *httpState) *h2State {
	if !t.has(multiplexed) {
		return nil
	}
	return s.h2.At(s.readers.At(t.reader).h2)
}

// beginH2 makes a connection one that speaks HTTP/2 from here on. midstream says of which
// sides frames are still to be found.
func (a *Analyzer) beginH2(t *httpState, client flows.Side, midstream [2]bool) *h2State {
	r := a.states.reader(t)
	r.h2 = a.states.h2.begin(client, midstream)
	t.facts = t.facts&^(opaque|tunnelled) | multiplexed | sawData
	t.minor = 1
	return a.states.h2.At(r.h2)
}

// mayBeH2 begins HTTP/2 on a connection whose opening was not captured, if a segment of it
// begins with frames.
func (a *Analyzer) mayBeH2(c *flows.Conn, t *httpState, b []byte) bool {
	if !c.Midstream() || t.facts&(sawRequest|sawResponse|looksHTTP|opaque|tunnelled) != 0 || !http2.MayBegin(b) {
		return false
	}
	a.beginH2(t, clientSide(c, t), [2]bool{true, true})
	t.proto = H2C
	return true
}

// upgradeH2 takes the 101 by which a connection goes over to HTTP/2 (RFC 7540, 3.2): the
// request is stream 1, and its response follows there.
func (a *Analyzer) upgradeH2(t *httpState) {
	x := a.beginH2(t, t.requester, [2]bool{})
	t.responses--
	t.interim++
	t.facts &^= sawResponse
	x.before, x.opened, x.most, x.highest = t.requests-1, 1, 1, 1
	if t.outstanding == 0 || t.pair == 0 {
		return
	}
	s := h2Stream{id: 1, exchange: t.current}
	s.answered, s.status, s.firstByteAt, s.responseNum = false, 0, Unknown, 0
	if !t.has(answersOver) {
		a.pools.change(t.pair, s.requestAt, -1)
		a.pools.changeStreams(t.pair, s.requestAt, 1)
	}
	x.streams = append(x.streams, s)
	a.states.h2.listed++
	t.current = s.exchange
	if s.record > a.firstExchange {
		a.exchanges[s.record-1-a.firstExchange].Stream = 1
		a.updateRecord(&s.exchange, Unknown)
	}
}

// piece is bytes of one side as they come: of a segment in clear, or of a record that was
// encrypted.
type piece struct {
	at, now int64  // when they came, and when those before them had; ns since the epoch
	num     uint64 // packet
	cut     uint32 // bytes that follow them and were cut off
}

// h2Data takes payload of a connection that speaks HTTP/2.
func (a *Analyzer) h2Data(c *flows.Conn, t *httpState, from flows.Side, b []byte, p piece) {
	x := a.states.h2Of(t)
	if x.readers == nil {
		return
	}
	r := &x.readers[from]
	for len(b) > 0 {
		wasLost := r.IsLost()
		if x.socket != 0 {
			a.h2SocketData(c, t, x, from, b, p)
		}
		n, whole := r.Next(b, p.at, p.num)
		b = b[n:]
		if whole {
			a.h2Frame(c, t, x, from, p.now)
		}
		if !wasLost && r.IsLost() {
			a.h2Lost(t, x, from)
		}
	}
	if p.cut > 0 {
		a.h2Gap(c, t, from, uint64(p.cut), p.now)
	}
}

// h2Gap takes bytes of one side that were not captured.
func (a *Analyzer) h2Gap(c *flows.Conn, t *httpState, from flows.Side, n uint64, now int64) {
	x := a.states.h2Of(t)
	if x.readers == nil {
		return
	}
	r := &x.readers[from]
	wasLost := r.IsLost()
	if x.socket != 0 {
		a.h2SocketGap(c, t, x, from, n, now)
	}
	if r.Gap(n) {
		a.h2Frame(c, t, x, from, now)
	}
	if !wasLost && r.IsLost() {
		a.h2Lost(t, x, from)
	}
}

// h2Lost notes that the place in what a side sends is lost: responses whose end may have
// been there are over at an unknown time.
func (a *Analyzer) h2Lost(t *httpState, x *h2State, from flows.Side) {
	x.blind = true
	if x.opened == 0 {
		t.facts |= opaque // until frames are found
	}
	if !t.answersFrom(from) {
		t.facts &^= requestPartial
		return
	}
	for i := len(x.streams) - 1; i >= 0; i-- {
		if x.streams[i].answered {
			a.endStream(t, x, i, Unknown, a.engine.Now())
		}
	}
	x.unlisted = 0
	a.countOpen(t, x)
}

// h2End takes the end of both sides.
func (a *Analyzer) h2End(t *httpState) {
	a.states.h2.close(a.states.h2Of(t))
}

// inFlight adds exchanges of a connection that begin at a time, or takes away those that
// end.
func (a *Analyzer) inFlight(t *httpState, at int64, by int32) {
	if t.has(multiplexed) {
		a.pools.changeStreams(t.pair, at, by)
	} else {
		a.pools.change(t.pair, at, by)
	}
}

// changeStreams is change for streams of HTTP/2.
func (p *pools) changeStreams(pair uint32, t int64, by int32) {
	x := &p.pairs.At(pair).streams
	if t > x.at {
		x.peak = max(x.peak, x.open)
		x.at = t
	}
	x.open = max(0, x.open+by)
}

// poolStreams are the open streams of a pair, as poolPair has the exchanges of HTTP/1.
type poolStreams struct {
	open, peak int32
	at         int64
	limit      int64 // the highest SETTINGS_MAX_CONCURRENT_STREAMS of the server; 0 if none was seen
	used       int64 // connections with a request
}

// usualStreams is how many streams a server allows at least where it did not say: that many
// RFC 9113, 6.5.2 recommends.
const usualStreams = 100

// need returns how many connections a perfect pool would have opened for the streams.
func (x *poolStreams) need() int64 {
	if x.used == 0 {
		return 0
	}
	limit := x.limit
	if limit == 0 {
		limit = usualStreams
	}
	peak := int64(max(x.peak, x.open))
	return min(max(1, (peak+limit-1)/limit), x.used)
}

// noteLimit notes how many streams the server allows at once.
func (p *pools) noteLimit(pair uint32, limit int64) {
	x := &p.pairs.At(pair).streams
	x.limit = max(x.limit, min(limit, math.MaxInt32))
}
