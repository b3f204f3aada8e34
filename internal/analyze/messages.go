package analyze

import (
	"bytes"
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// beginsMessage reports whether b looks like the beginning of a message.
func beginsMessage(b []byte) bool {
	is := httpparse.Detect(b)
	return is == httpparse.HTTP1Request || is == httpparse.HTTP1Response
}

// mayBeginMessage reports whether what was captured of a segment could be the first
// bytes of a message; that is nothing, too.
func mayBeginMessage(b []byte) bool {
	switch httpparse.Detect(b) {
	case httpparse.HTTP1Request, httpparse.HTTP1Response, httpparse.Unknown:
		return true
	}
	return false
}

// firstData looks at the first payload of a connection, and reports whether its
// requests cannot be counted.
func (t *httpState) firstData(d *flows.Data) bool {
	t.facts |= sawData
	is := httpparse.HTTP1Request
	if d.Note.A == 0 { // it does not begin with a whole head
		is = httpparse.Detect(d.Payload)
	}
	switch is {
	case httpparse.TLS:
		t.proto = TLS
	case httpparse.H2Preface:
		t.proto = H2C
		return true
	case httpparse.HTTP1Request, httpparse.HTTP1Response:
		t.facts |= looksHTTP
		t.minor = 1
		return false
	case httpparse.Unknown:
		if !mayBeTLS(d) {
			return false
		}
		t.proto = TLS
		t.facts &^= sawData // until the header of the record is whole, see settleTLS
	default:
		return false
	}
	t.facts |= opaque
	return true
}

// headBegins notes the first bytes of a head: if it is a request's, its exchange
// begins now, not when the head is whole.
func (a *Analyzer) headBegins(c *flows.Conn, t *httpState, from flows.Side, at int64) {
	if t.outstanding > 0 && !t.current.answered && t.answersFrom(from) {
		t.facts |= headPartial
		t.current.firstByteAt = at
	}
	if c.Midstream() && !t.has(sawRequest) || from != clientSide(c, t) || t.has(requestBegun|answersOver) {
		return
	}
	if t.pair == 0 {
		a.takePair(c, t, from)
	}
	t.facts |= requestBegun
	a.pools.change(t.pair, at, 1)
}

// takePair gives a connection the number of its pair.
func (a *Analyzer) takePair(c *flows.Conn, t *httpState, client flows.Side) {
	t.pair = a.pools.pair(c, client)
	if !t.has(paired) {
		t.facts |= paired
		a.unpaired--
	}
}

// headDone takes a head that is whole. raw are its bytes.
func (a *Analyzer) headDone(c *flows.Conn, t *httpState, from flows.Side, h httpparse.Head, raw []byte, d *flows.Data) {
	at, num := d.Time, d.Num
	if r := a.reader; r.headNum[from] != 0 {
		at, num = r.headAt[from], r.headNum[from]
		r.headNum[from] = 0
	}
	if a.opt.Rewrite != nil {
		raw = a.opt.Rewrite(raw)
	}
	if h.Kind() == httpparse.Request {
		a.request(c, t, from, h, raw, at, num)
	} else {
		took := a.response(t, from, h, at, num)
		a.noteAnswer(c, t, from, h.Status(), took)
		if h.Flags()&httpparse.TEChunked != 0 && t.has(lastHadBody) && eventStream(raw) {
			t.facts |= lastIsStream
		}
	}
	if t.pair != 0 && t.requests+t.responses <= 2 { // later ones say the same
		a.pools.recognize(t.pair, h, raw, at)
	}
}

// eventStream reports whether a response is a stream of events, which goes on
// until one side ends it.
func eventStream(raw []byte) bool {
	value, _ := httpparse.Field(raw, "Content-Type")
	return bytes.HasPrefix(value, []byte("text/event-stream"))
}

// request takes the head of a request.
func (a *Analyzer) request(c *flows.Conn, t *httpState, from flows.Side, h httpparse.Head, raw []byte, at int64, num uint64) {
	if !t.has(sawRequest) {
		t.facts |= sawRequest
		t.requester = from
	}
	if t.pair == 0 {
		a.takePair(c, t, clientSide(c, t))
	}
	if t.outstanding == 0 && t.responses > 0 && t.lastDone != Unknown {
		a.states.addGap(c.ID, t, max(0, at-t.lastDone))
	}
	t.requests++
	t.facts = t.facts&^(earlyResponse|uploadCut) | requestPartial
	if t.requests == 1 {
		if ns, ok := c.RTT(); ok {
			a.pools.pairs.At(t.pair).rtt = ns
		}
	}
	if !t.has(sawResponse) {
		t.minor = h.Minor()
	}
	if !h.Persistent() {
		t.endPersistence(requestEnd(h), t.requests, at, num)
	}
	a.pools.noteRequest(t)
	switch t.facts & (requestBegun | answersOver) {
	case 0:
		a.pools.change(t.pair, at, 1)
	case requestBegun | answersOver: // it began before the server's end
		a.pools.change(t.pair, at, -1)
	}
	t.facts &^= requestBegun
	if a.wanted(c) {
		a.totals.countRequest(at, t.requests > 1)
	}
	record := int32(0)
	if a.opt.Exchanges && a.wanted(c) || a.story.of(c) {
		record = a.beginRecord(c, t, h, raw, at, num)
	}
	x := a.states.push(t)
	x.requestAt, x.requestNum, x.method, x.print, x.record = at, num, h.Method(), fingerprint(h), record
	if at <= a.repeats.until && a.repeats.noteRequest(c, t, x) {
		t.facts |= isRepeat
	}
	a.reader.parsers[from].Frame(httpparse.NoMethod)
}

// response takes the head of a response, and returns how long it took; Unknown if that is not
// known, or it is an interim one.
func (a *Analyzer) response(t *httpState, from flows.Side, h httpparse.Head, at int64, num uint64) (took int64) {
	p := &a.reader.parsers[from]
	status := h.Status()
	if status < 200 && status != 101 {
		t.interim++
		p.Frame(httpparse.NoMethod)
		return Unknown
	}
	t.facts = t.facts&^headPartial | sawResponse
	t.responses++
	t.minor = h.Minor()
	if t.lastStatus >= clientError {
		t.facts |= keptAfterError
	}
	t.lastStatus = status
	asked := t.outstanding > 0 && !t.current.answered
	late := !asked && t.has(oneEnded) // as Node's 400 to a client that has closed in its upload
	if !h.Persistent() && !late {
		t.endPersistence(responseEnd(h), t.responses, at, num)
	}
	if !late {
		t.lastDone = Unknown
	}
	if status == 408 && t.outstanding == 0 {
		t.facts |= idle408
	}
	if h.Flags()&httpparse.HasKeepAlive != 0 && t.pair != 0 {
		a.pools.noteAdvertised(t.pair, h, at)
	}
	answers := httpparse.NoMethod // not known
	took = Unknown
	if asked {
		took = span(t.current.requestDone, at)
		answers = t.current.method
		a.answer(t, status, at, num)
	}
	t.facts = t.facts&^lastIsStream | lastHadBody
	switch p.Frame(answers) {
	case httpparse.Tunnel:
		a.tunnel(t, from, h, at)
	case httpparse.NoBody:
		t.facts &^= lastHadBody
	case httpparse.UntilClose:
		if !late {
			t.endPersistence(EndedByCloseDelimited, t.responses, at, num)
		}
	}
	return took
}

// answer notes the head of the response to the first outstanding request.
func (a *Analyzer) answer(t *httpState, status uint16, at int64, num uint64) {
	x := &t.current
	x.firstByteAt, x.responseNum, x.status, x.answered = at, num, status, true
	if t.has(isRepeat) {
		a.repeats.noteAnswer(x.requestNum, status)
		if t.outstanding == 1 {
			t.facts &^= isRepeat
		}
	}
	if x.record != 0 {
		a.updateRecord(x, Unknown)
	}
}

// tunnel notes that a connection left HTTP/1 (RFC 9110, 7.8 and 9.3.6).
func (a *Analyzer) tunnel(t *httpState, from flows.Side, h httpparse.Head, at int64) {
	a.reader.parsers[from.Peer()].Tunnel()
	if h.Status() == 101 && h.Flags()&httpparse.UpgradeH2C != 0 && t.has(sawRequest) {
		t.proto = H2C
		a.upgradeH2(t)
		return
	}
	t.facts |= tunnelled
	switch {
	case h.Status() != 101:
		t.proto = Connect
	case h.Flags()&httpparse.UpgradeWebSocket != 0:
		t.proto = WebSocket
		a.beginSocket(t, at)
	}
}

// messageDone takes the end of a message.
func (a *Analyzer) messageDone(t *httpState, from flows.Side, now int64) {
	h := a.reader.parsers[from].Head()
	if h.Kind() == httpparse.Request {
		if t.has(uploadCut) && t.has(oneEnded) {
			t.facts |= uploadOutlasts
		}
		t.facts &^= uploadCut
		if t.has(requestPartial) {
			t.facts &^= requestPartial
			a.states.last(t).requestDone = now
		}
		return
	}
	if s := h.Status(); s < 200 && s != 101 {
		return
	}
	a.responseDone(t, now)
}

// responseDone takes the end of a final response.
func (a *Analyzer) responseDone(t *httpState, at int64) {
	if t.outstanding == 0 && t.has(oneEnded) && t.lastDone != Unknown {
		return // nobody asked for it
	}
	t.lastDone = at
	if t.outstanding == 1 && t.has(requestPartial) {
		t.facts |= earlyResponse | uploadCut
	}
	if t.outstanding > 0 && t.current.answered {
		a.endExchange(t, at)
	}
}

// endExchange ends the first outstanding exchange.
func (a *Analyzer) endExchange(t *httpState, now int64) {
	if !t.has(answersOver) {
		a.pools.change(t.pair, now, -1)
	}
	if t.current.record != 0 {
		a.updateRecord(&t.current, now)
	}
	a.states.pop(t)
	if t.outstanding == 0 && !t.has(oneEnded) {
		a.pools.becomeIdle(t, now)
	}
}

// placeLost notes that the place in a direction is lost: a response whose end was
// not seen is over at an unknown time.
func (a *Analyzer) placeLost(t *httpState, from flows.Side) {
	a.reader.headNum[from] = 0
	switch {
	case from == t.requester || !t.has(sawRequest):
		if t.has(requestBegun) {
			t.facts &^= requestBegun
			a.pools.change(t.pair, a.engine.Now(), -1)
		}
		t.facts &^= requestPartial // whether it became whole is not known
	case t.outstanding > 0 && t.current.answered:
		a.endExchange(t, Unknown)
	}
}

// endMessage ends the message that a side was sending when it ended.
func (a *Analyzer) endMessage(t *httpState, from flows.Side, at int64) {
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	kind := p.Head().Kind()
	if n, known := p.Remaining(); known && kind == httpparse.Response && t.outstanding > 0 && t.current.answered {
		t.current.lacks = uint32(min(n, math.MaxUint32))
	}
	if p.Close(&a.bufs) != httpparse.BodyComplete || kind != httpparse.Response {
		return
	}
	a.responseDone(t, at)
}
