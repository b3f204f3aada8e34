package analyze

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// h2Frame takes a frame of one side that is whole.
func (a *Analyzer) h2Frame(c *flows.Conn, t *httpState, x *h2State, from flows.Side, now int64) {
	a.takeFrame(c, t, x, from, now)
	if a.story.of(c) {
		a.tellFrame(c, x.readers[from].Frame(), x.readers[from].Fields(), from == t.requestSide(c))
	}
}

// takeFrame is h2Frame without the story.
func (a *Analyzer) takeFrame(c *flows.Conn, t *httpState, x *h2State, from flows.Side, now int64) {
	t.facts &^= opaque
	r := &x.readers[from]
	f, fields := r.Frame(), r.Fields()
	if f.Type == http2.Headers && !t.has(sawRequest) && (c.Midstream() || from == clientSide(c, t)) && (fields.Request() || fields.Status != 0) {
		t.requester = from
		if fields.Status != 0 {
			t.requester = from.Peer()
		}
		t.facts |= sawRequest
	}
	x.noteOdd(from, f, fields)
	if f.Type == http2.Ping {
		a.h2Ping(c, x, from, f)
		return
	}
	x.lastAt = max(x.lastAt, now)
	x.pings[0].last, x.pings[1].last = 0, 0
	byClient := from == t.requestSide(c)
	switch f.Type {
	case http2.Headers, http2.Continuation:
		if byClient {
			a.h2FromClient(c, t, x, f, fields, now)
		} else {
			a.h2FromServer(c, t, x, f, fields, now)
		}
	case http2.Data:
		x.dataAt[from] = f.At
		a.h2Body(c, t, x, from, f, now)
	case http2.WindowUpdate:
		a.h2Update(c, x, from, f, now)
	case http2.RSTStream:
		x.resetAt[from] = f.At
		a.h2Reset(t, x, f, byClient, now)
	case http2.Settings:
		a.h2Settings(t, x, from, byClient, &f.Set, now)
	case http2.GoAway:
		a.h2GoAway(t, x, from, byClient, f, now)
	}
}

// noteOdd counts a frame of one side if RFC 9113 does not allow it: it is longer than the
// other side takes (4.2), or its header block cannot be decoded (4.3) or is longer than is
// looked at.
func (x *h2State) noteOdd(from flows.Side, f *http2.Frame, fields *http2.Fields) {
	block := f.Type == http2.Headers || f.Type == http2.PushPromise
	if int64(f.Most) > x.maxFrame[from] || block && fields.Unknown && !x.blind {
		x.odd += min(1, math.MaxUint32-x.odd)
	}
}

// h2FromClient takes a header block of the client: a request, or the trailers of one.
func (a *Analyzer) h2FromClient(c *flows.Conn, t *httpState, x *h2State, f *http2.Frame, fields *http2.Fields, now int64) {
	ends := f.Has(http2.EndStream)
	if f.Stream > x.highest && f.Stream%2 == 1 {
		a.openStream(c, t, x, f, fields)
		if i, ok := x.find(f.Stream); ok && (ends || f.Type == http2.Continuation) {
			x.streams[i].requestDone = now
		}
	} else if ends {
		a.h2EndOfData(t, x, f.Stream, true, now)
	}
	a.mirror(t, x)
}

// openStream takes a request (RFC 9113, 5.1.1).
func (a *Analyzer) openStream(c *flows.Conn, t *httpState, x *h2State, f *http2.Frame, fields *http2.Fields) {
	x.highest = f.Stream
	x.opened++
	if g := &x.away; g.some && g.from != t.requester {
		g.after++
		if f.Stream > g.last {
			if rtt, _ := c.RTT(); f.At-g.at > rtt+onItsWay {
				g.unheeded++
			}
			x.refused++ // nobody looks at it (RFC 9113, 6.8)
			return
		}
	}
	a.countStream(c, t, x, f)
	a.addRequest(c, t, x, f, fields)
}

// countStream counts a request, as request does for HTTP/1.
func (a *Analyzer) countStream(c *flows.Conn, t *httpState, x *h2State, f *http2.Frame) {
	if t.pair == 0 {
		a.takePair(c, t, clientSide(c, t))
	}
	if x.limit != Unknown {
		a.pools.noteLimit(t.pair, x.limit)
	}
	if t.outstanding == 0 && t.responses > 0 && t.lastDone != Unknown {
		a.states.addGap(c.ID, t, max(0, f.At-t.lastDone))
	}
	t.requests++
	if t.requests == 1 {
		if ns, ok := c.RTT(); ok {
			a.pools.pairs.At(t.pair).rtt = ns
		}
	}
	a.pools.noteRequest(t)
	if !t.has(answersOver) {
		a.pools.changeStreams(t.pair, f.At, 1)
	}
	if a.wanted(c) {
		a.totals.countRequest(f.At, t.requests > 1)
	}
}

// addRequest adds the stream of a request that was counted.
func (a *Analyzer) addRequest(c *flows.Conn, t *httpState, x *h2State, f *http2.Frame, fields *http2.Fields) {
	raw := a.requestHead(fields)
	h, ok := httpparse.ScanHead(raw)
	if ok != httpparse.Complete {
		h = httpparse.Head{}
	}
	if a.opt.Rewrite != nil {
		raw = a.opt.Rewrite(raw)
	}
	s := h2Stream{id: f.Stream, exchange: unremembered}
	s.requestAt, s.requestNum, s.method, s.print = f.At, f.Num, h.Method(), fingerprint(h)
	if a.opt.Exchanges && a.wanted(c) || a.story.of(c) {
		s.record = a.beginStreamRecord(c, t, x, h, raw, f)
	}
	if f.At <= a.repeats.until && a.repeats.noteRequest(c, t, &s.exchange) {
		t.facts |= isRepeat
	}
	if t.requests <= maxAgents && !fields.Unknown {
		a.pools.recognize(t.pair, h, raw, f.At)
	}
	a.addStream(t, x, s)
	if x.socket == 0 && fields.Method == "CONNECT" && fields.Protocol == "websocket" { // RFC 8441
		x.socket = f.Stream
	}
}

// addStream adds an open stream, which need not be remembered.
func (a *Analyzer) addStream(t *httpState, x *h2State, s h2Stream) {
	if most := a.mostStreams(); len(x.streams) >= most || a.states.h2.listed >= maxStreamsAll {
		x.unlisted++
		a.GiveUp(GaveUpStreams, 1)
	} else {
		x.streams = append(x.streams, s)
		a.states.h2.listed++
	}
	a.countOpen(t, x)
}

// mostStreams is how many open streams of a connection are remembered.
func (a *Analyzer) mostStreams() int {
	if a.states.few {
		return fewSamples
	}
	return maxStreams
}

// countOpen counts the streams that are open.
func (a *Analyzer) countOpen(t *httpState, x *h2State) {
	t.outstanding = uint32(len(x.streams)) + x.unlisted
	x.most = max(x.most, t.outstanding)
	a.mirror(t, x)
}

// mirror makes the oldest open stream the current exchange.
func (a *Analyzer) mirror(t *httpState, x *h2State) {
	if len(x.streams) > 0 {
		t.current = x.streams[0].exchange
	}
}

// find returns where a stream is that is open, and whether it is.
func (x *h2State) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(x.streams, id, func(s h2Stream, id uint32) int { return cmp.Compare(s.id, id) })
}

// h2FromServer takes a header block of the server: a response, or the trailers of one.
func (a *Analyzer) h2FromServer(c *flows.Conn, t *httpState, x *h2State, f *http2.Frame, fields *http2.Fields, now int64) {
	if f.Stream%2 == 0 {
		return // it was pushed
	}
	i, open := x.find(f.Stream)
	interim := fields.Status >= 100 && fields.Status < 200
	switch {
	case interim:
		t.interim++
		a.noteAnswer(c, t, t.requestSide(c).Peer(), fields.Status, Unknown)
		return
	case open && !x.streams[i].answered && f.Type == http2.Headers:
		s := &x.streams[i]
		s.firstByteAt, s.responseNum, s.status, s.answered = f.At, f.Num, fields.Status, true
		s.flows = fields.GRPC() || fields.EventStream()
		a.h2Response(c, t, fields, !f.Has(http2.EndStream), span(s.requestDone, f.At))
		if s.id == x.socket {
			a.h2BeginSocket(t, x, f, fields)
		}
		if s.record != 0 {
			a.updateRecord(&s.exchange, Unknown)
		}
		if t.has(isRepeat) {
			a.repeats.noteAnswer(s.requestNum, s.status)
		}
	case !open && fields.Status != 0 && f.Stream > x.highest, !open && fields.Status != 0 && x.unlisted > 0:
		a.h2Response(c, t, fields, !f.Has(http2.EndStream), Unknown)
	}
	if open || f.Stream <= x.highest {
		x.countCall(fields)
	}
	if f.Has(http2.EndStream) {
		a.h2EndOfData(t, x, f.Stream, false, now)
	}
	a.mirror(t, x)
}

// countCall counts a call of gRPC, by the fields of a response or its trailers.
func (x *h2State) countCall(fields *http2.Fields) {
	if fields.Status != 0 && fields.GRPC() {
		x.grpcCalls++
	}
	if fields.GRPCFailed() {
		x.grpcFailed++
	}
}

// h2Response notes the head of a final response, and how long it took.
func (a *Analyzer) h2Response(c *flows.Conn, t *httpState, fields *http2.Fields, hasBody bool, took int64) {
	t.facts = t.facts&^(lastIsStream|lastHadBody) | sawResponse
	if hasBody {
		t.facts |= lastHadBody
		if fields.EventStream() {
			t.facts |= lastIsStream
		}
	}
	t.responses++
	a.noteAnswer(c, t, t.requestSide(c).Peer(), fields.Status, took)
	if t.lastStatus >= clientError {
		t.facts |= keptAfterError
	}
	t.lastStatus = fields.Status
	if t.pair != 0 && t.responses <= maxLooks && !fields.Unknown {
		raw := a.responseHead(fields)
		if h, ok := httpparse.ScanHead(raw); ok == httpparse.Complete {
			a.pools.recognize(t.pair, h, raw, a.engine.Now())
		}
	}
}

// h2EndOfData takes the end of what a side sends on a stream.
func (a *Analyzer) h2EndOfData(t *httpState, x *h2State, id uint32, byClient bool, now int64) {
	i, ok := x.find(id)
	switch {
	case ok && byClient:
		x.streams[i].requestDone = now
		x.sentAll(i, t.requester, t.outstanding == 1)
		a.mirror(t, x)
	case ok:
		x.sentAll(i, t.requester.Peer(), t.outstanding == 1)
		a.endStream(t, x, i, now, now)
	case !byClient && id%2 == 1 && id <= x.highest && x.unlisted > 0:
		a.endUnlisted(t, x, now)
	}
}

// endStream ends an open stream, whose response was done at that time, if that is known.
func (a *Analyzer) endStream(t *httpState, x *h2State, i int, done, now int64) {
	s := x.streams[i]
	if s.lasts(now) {
		x.lasting++
	}
	x.stopWaiting(&s, t.outstanding == 1, now)
	if y := a.states.socketOf(t); y != nil && s.id == x.socket {
		y.ended = now
	}
	if s.record != 0 {
		a.updateRecord(&s.exchange, done)
	}
	x.remove(i)
	a.states.h2.listed--
	t.current = s.exchange
	a.streamEnded(t, x, done, now)
}

// remove takes a stream out of the list. Mostly it is one of the oldest.
func (x *h2State) remove(i int) {
	if i >= len(x.streams)/2 {
		x.streams = slices.Delete(x.streams, i, i+1)
		return
	}
	copy(x.streams[1:i+1], x.streams[:i])
	x.streams = x.streams[1:]
}

// lasts reports whether messages of a response have come as they happened for long, until
// then.
func (s *h2Stream) lasts(until int64) bool {
	return s.flows && s.answered && until-s.firstByteAt >= lasting
}

// endUnlisted is endStream for one that is not remembered.
func (a *Analyzer) endUnlisted(t *httpState, x *h2State, now int64) {
	x.unlisted--
	a.streamEnded(t, x, now, now)
}

// streamEnded notes that an open stream is none any more.
func (a *Analyzer) streamEnded(t *httpState, x *h2State, done, now int64) {
	if !t.has(answersOver) {
		a.pools.changeStreams(t.pair, now, -1)
	}
	t.lastDone = done
	a.countOpen(t, x)
	if t.outstanding == 0 {
		t.facts &^= isRepeat
		if !t.has(oneEnded) {
			a.pools.becomeIdle(t, now)
		}
	}
}

// h2Reset takes the reset of a stream.
func (a *Analyzer) h2Reset(t *httpState, x *h2State, f *http2.Frame, byClient bool, now int64) {
	i, ok := x.find(f.Stream)
	switch {
	case !ok && !byClient && f.Stream%2 == 1 && f.Stream <= x.highest && x.unlisted > 0, !ok && byClient && x.unlisted > 0 && f.Stream%2 == 1:
		a.endUnlisted(t, x, now)
	case !ok:
	case byClient:
		x.abandoned++
		a.endStream(t, x, i, now, now)
	case f.Code == http2.RefusedStream:
		a.refuse(t, x, i, now)
	default:
		x.failed++
		a.endStream(t, x, i, now, now)
	}
}

// refuse takes back a request that the server did not look at.
func (a *Analyzer) refuse(t *httpState, x *h2State, i int, now int64) {
	s := &x.streams[i]
	x.refused++
	t.requests--
	a.totals.takeBack(s.requestAt, t.requests > 0)
	if s.record > a.firstExchange {
		a.exchanges[s.record-1-a.firstExchange].Refused = true
		a.refusedRecords = true
	}
	done := t.lastDone
	a.endStream(t, x, i, done, now)
	t.lastDone = done
}

// h2Settings takes what a side allows the other.
func (a *Analyzer) h2Settings(t *httpState, x *h2State, from flows.Side, byClient bool, set *http2.Setting, now int64) {
	if x.readers[from].Frame().Has(http2.Ack) {
		return
	}
	x.settings += min(1, math.MaxUint32-x.settings)
	if set.MaxFrame >= firstMaxFrame && set.MaxFrame < 1<<24 {
		x.maxFrame[from.Peer()] = max(x.maxFrame[from.Peer()], set.MaxFrame)
	}
	if set.InitialWindow >= 0 {
		x.setWindow(from, set.InitialWindow, now)
	}
	if set.HeaderTable >= 0 {
		x.readers[from.Peer()].AllowTable(set.HeaderTable)
	}
	if !byClient && set.MaxConcurrent >= 0 {
		x.limit = set.MaxConcurrent
		if t.pair != 0 {
			a.pools.noteLimit(t.pair, x.limit)
		}
	}
}

// h2GoAway takes a GOAWAY (RFC 9113, 6.8).
func (a *Analyzer) h2GoAway(t *httpState, x *h2State, from flows.Side, byClient bool, f *http2.Frame, now int64) {
	g := &x.away
	switch {
	case !g.some:
		*g = goAway{some: true, from: from, drains: f.Last == http2.MaxStream, at: f.At, num: f.Num, open: t.outstanding, requests: t.requests, done: Unknown}
		if t.responses > 0 {
			g.done = t.lastDone
		}
	case g.from != from:
		return
	}
	g.last = f.Last
	if g.code == http2.NoError {
		g.code = f.Code
	}
	if len(f.Debug) > 0 {
		g.debug = a.debugText(f.Debug)
	}
	if byClient {
		return
	}
	for i := len(x.streams) - 1; i >= 0 && x.streams[i].id > g.last; i-- {
		a.refuse(t, x, i, now)
	}
}
