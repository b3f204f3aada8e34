package analyze

import (
	"bytes"
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// consumer is the Analyzer as the engine sees it.
type consumer struct{ *Analyzer }

// Open begins the HTTP state of a connection.
func (a consumer) Open(c *flows.Conn) {
	var t *httpState
	c.User, t = a.states.Take()
	if c.Midstream() {
		r := a.states.reader(t)
		r.parsers[0].Lose()
		r.parsers[1].Lose()
		return
	}
	t.idleBefore = a.pools.idle(c)
}

// Data takes payload of one side.
func (a consumer) Data(c *flows.Conn, from flows.Side, d *flows.Data) {
	t := a.states.get(c)
	if t.has(bothEnded) && !beginsMessage(d.Payload) {
		return // the rest of one, whose sender has not met the RST yet
	}
	a.watching = a.opt.Observer != nil && a.opt.Observer.Wants(c.ID)
	if t.facts&(sawData|opaque) != sawData {
		if t.has(opaque) || a.firstData(c, t, d) {
			a.show(c, from, d.Seq, d.Payload, httpparse.OtherPart, httpparse.None)
			return
		}
	}
	if t.has(tunnelled) {
		a.show(c, from, d.Seq, d.Payload, httpparse.OtherPart, httpparse.None)
		return
	}
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	b := d.Payload
	switch {
	case d.Note.A != 0 && p.AtStart():
		h := httpparse.Head(d.Note)
		p.TakeHead(h)
		a.show(c, from, d.Seq, b[:h.Len()], httpparse.HeadPart, httpparse.HeadDone)
		a.head(c, t, from, h, b[:h.Len()], d)
		b = b[h.Len():]
	default:
		p.SegmentStart(b)
	}
	a.parse(c, t, from, b, d)
	if d.Cut > 0 {
		was, inBody := p.State(), p.InBody()
		p.Skip(int64(d.Cut))
		a.parse(c, t, from, nil, d)
		if !inBody && p.State() != was {
			t.facts |= cutInitiator << from
		}
	}
}

// beginsMessage reports whether b looks like the beginning of a message.
func beginsMessage(b []byte) bool {
	is := httpparse.Detect(b)
	return is == httpparse.HTTP1Request || is == httpparse.HTTP1Response
}

// firstData looks at the first payload of a connection, and reports whether
// its requests cannot be counted.
func (a consumer) firstData(c *flows.Conn, t *httpState, d *flows.Data) bool {
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
	case httpparse.HTTP1Request, httpparse.HTTP1Response:
		t.facts |= looksHTTP
		t.minor = 1
		return false
	default:
		return false
	}
	t.facts |= opaque
	return true
}

// parse drives the parser of one side over b.
func (a consumer) parse(c *flows.Conn, t *httpState, from flows.Side, b []byte, d *flows.Data) {
	p := &a.reader.parsers[from]
	for {
		n, ev := 0, httpparse.None
		if a.watching {
			n, ev = a.watch(c, from, p, b, d)
		} else {
			n, ev = p.Next(b, &a.bufs)
		}
		taken := b[:n]
		b = b[n:]
		switch ev {
		case httpparse.None:
			if len(b) == 0 {
				return
			}
		case httpparse.HeadStart:
			a.reader.headAt[from], a.reader.headNum[from] = d.Time, d.Num
			a.began(c, t, from, d)
		case httpparse.HeadDone:
			raw := p.RawHead(&a.bufs)
			h := p.Head()
			if raw == nil {
				raw = taken[len(taken)-h.Len():]
			}
			a.head(c, t, from, h, raw, d)
		case httpparse.MessageDone:
			a.done(c, t, from, d.Now)
			if len(b) == 0 && p.AtStart() {
				return
			}
		case httpparse.Lost:
			a.lost(t, from)
		}
	}
}

// show shows bytes to the observer, if it wants this connection.
func (a *Analyzer) show(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event) {
	if a.watching {
		a.opt.Observer.Payload(c, from, seq, b, part, ev)
	}
}

// watch is Next, one part after the other, shown to the observer. b is the
// rest of the payload of d.
func (a *Analyzer) watch(c *flows.Conn, from flows.Side, p *httpparse.Parser, b []byte, d *flows.Data) (int, httpparse.Event) {
	part, run := p.Part()
	n, ev := p.Next(b[:min(int64(len(b)), run)], &a.bufs)
	if n > 0 {
		a.show(c, from, d.Seq+uint32(len(d.Payload)-len(b)), b[:n], part, ev)
	}
	return n, ev
}

// began notes the first bytes of a head: if it is a request's, its exchange
// begins now, not when the head is whole.
func (a consumer) began(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	if c.Midstream() && !t.has(sawRequest) || from != clientSide(c, t) || t.has(requestBegun|answersOver) {
		return
	}
	if t.pair == 0 {
		t.pair = a.pools.pair(c, from)
	}
	t.facts |= requestBegun
	a.pools.change(t.pair, d.Time, 1)
}

// head takes a head that is whole. raw are its bytes.
func (a consumer) head(c *flows.Conn, t *httpState, from flows.Side, h httpparse.Head, raw []byte, d *flows.Data) {
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
		a.response(c, t, from, h, at, num)
		if h.Flags()&httpparse.TEChunked != 0 && t.has(bodied) && eventStream(raw) {
			t.facts |= events
		}
	}
	if t.pair != 0 && t.requests+t.responses <= 2 { // later ones say the same
		a.pools.recognize(t.pair, h, raw)
	}
}

// eventStream reports whether a response is a stream of events, which goes on
// until one side ends it.
func eventStream(raw []byte) bool {
	value, _ := httpparse.Field(raw, "Content-Type")
	return bytes.HasPrefix(value, []byte("text/event-stream"))
}

// request takes the head of a request.
func (a consumer) request(c *flows.Conn, t *httpState, from flows.Side, h httpparse.Head, raw []byte, at int64, num uint64) {
	if !t.has(sawRequest) {
		t.facts |= sawRequest
		t.requester = from
		if t.pair == 0 {
			t.pair = a.pools.pair(c, clientSide(c, t))
		}
	}
	if t.outstanding == 0 && t.responses > 0 && t.lastDone != Unknown {
		a.states.addGap(t, max(0, at-t.lastDone))
	}
	t.requests++
	t.facts |= requestPartial
	if ns, ok := c.RTT(); ok && t.requests == 1 {
		a.pools.pairs[t.pair].rtt = ns
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
	x := exchange{requestAt: at, requestNum: num, method: h.Method(), requestDone: Unknown, firstByteAt: Unknown}
	if a.opt.Exchanges && a.wanted(c) || a.story.of(c) {
		x.record = a.beginRecord(c, t, h, raw, at, num)
	}
	a.states.push(t, x)
	a.reader.parsers[from].Frame(httpparse.NoMethod, false)
}

// response takes the head of a response.
func (a consumer) response(c *flows.Conn, t *httpState, from flows.Side, h httpparse.Head, at int64, num uint64) {
	p := &a.reader.parsers[from]
	status := h.Status()
	if status < 200 && status != 101 {
		t.interim++
		p.Frame(httpparse.NoMethod, false)
		return
	}
	t.facts |= sawResponse
	t.responses++
	t.minor = h.Minor()
	t.lastStatus = status
	if !h.Persistent() {
		t.endPersistence(responseEnd(h), t.responses, at, num)
	}
	t.lastDone = Unknown
	if status == 408 && t.outstanding == 0 {
		t.facts |= idle408
	}
	if h.Flags()&httpparse.HasKeepAlive != 0 && t.pair != 0 {
		a.pools.advertise(t.pair, p.Head())
	}
	known := t.outstanding > 0 && !t.current.answered
	if known {
		t.current.firstByteAt, t.current.responseNum = at, num
		t.current.status, t.current.answered = status, true
		if t.current.record != 0 {
			a.updateRecord(&t.current, Unknown)
		}
	}
	t.facts = t.facts&^events | bodied
	switch p.Frame(t.current.method, known) {
	case httpparse.Tunnel:
		a.tunnel(t, from, h)
	case httpparse.NoBody:
		t.facts &^= bodied
	case httpparse.UntilClose:
		t.endPersistence(EndedByCloseDelimited, t.responses, at, num)
	}
}

// tunnel notes that a connection left HTTP/1 (RFC 9110, 7.8 and 9.3.6).
func (a consumer) tunnel(t *httpState, from flows.Side, h httpparse.Head) {
	a.reader.parsers[from.Peer()].Tunnel()
	t.facts |= tunnelled
	switch {
	case h.Status() != 101:
		t.proto = Connect
	case h.Flags()&httpparse.UpgradeWebSocket != 0:
		t.proto = WebSocket
	case h.Flags()&httpparse.UpgradeH2C != 0:
		t.proto = H2C
	}
}

// done takes the end of a message.
func (a consumer) done(c *flows.Conn, t *httpState, from flows.Side, now int64) {
	h := a.reader.parsers[from].Head()
	if h.Kind() == httpparse.Request {
		if t.has(requestPartial) {
			t.facts &^= requestPartial
			a.states.last(t).requestDone = now
		}
		return
	}
	if s := h.Status(); s < 200 && s != 101 {
		return
	}
	t.lastDone = now
	if t.outstanding == 1 && t.has(requestPartial) {
		t.facts |= early
	}
	if t.outstanding > 0 && t.current.answered {
		a.close(c, t, now)
	}
}

// close ends the first outstanding exchange.
func (a consumer) close(c *flows.Conn, t *httpState, now int64) {
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

// lost notes that the place in a direction is lost: a response whose end was
// not seen is over at an unknown time.
func (a consumer) lost(t *httpState, from flows.Side) {
	a.reader.headNum[from] = 0
	switch {
	case from == t.requester || !t.has(sawRequest):
		if t.has(requestBegun) {
			t.facts &^= requestBegun
			a.pools.change(t.pair, a.engine.Now(), -1)
		}
	case t.outstanding > 0 && t.current.answered:
		a.close(nil, t, Unknown)
	}
}

// Gap takes bytes that are missing.
func (a consumer) Gap(c *flows.Conn, from flows.Side, n uint64) {
	t := a.states.get(c)
	if t.facts&(opaque|tunnelled) != 0 {
		return
	}
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	p.Skip(int64(n))
	now := a.engine.Now()
	a.watching = false
	a.parse(c, t, from, nil, &flows.Data{Time: now, Now: now})
}

// End takes the end of what a side sends.
func (a consumer) End(c *flows.Conn, from flows.Side, at int64, num uint64) {
	t := a.states.get(c)
	if t.has(opaque) {
		return
	}
	if num != 0 {
		a.endMessage(c, t, from, at)
	}
	if t.has(requestBegun) && from == clientSide(c, t) {
		t.facts &^= requestBegun
		a.pools.change(t.pair, at, -1)
	}
	if !t.has(answersOver) && (from != t.requestSide(c) || t.has(oneEnded)) {
		t.facts |= answersOver
		a.pools.change(t.pair, at, -int32(t.outstanding))
	}
	if !t.has(oneEnded) {
		a.pools.becomeBusy(t)
		t.idleOthers = uint16(min(a.pools.pairs[t.pair].idle, math.MaxUint16))
		t.facts |= oneEnded
		return
	}
	t.facts |= bothEnded
	a.states.trim(t)
	if a.opt.OnConnection != nil && !a.story.of(c) {
		a.states.pack(c)
	}
}

// endMessage ends the message that a side was requestPartial when it ended.
func (a consumer) endMessage(c *flows.Conn, t *httpState, from flows.Side, at int64) {
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	kind := p.Head().Kind()
	if p.Close(&a.bufs) != httpparse.BodyComplete || kind != httpparse.Response {
		return
	}
	t.lastDone = at
	if t.outstanding > 0 && t.current.answered {
		a.close(c, t, at)
	}
}

// Evict forgets a connection.
func (a consumer) Evict(c *flows.Conn) {
	if a.wanted(c) {
		a.settle(c)
	}
	var scratch httpState
	if t := a.states.read(c, &scratch); t.reader != 0 {
		r := a.states.reader(t)
		r.parsers[0].Close(&a.bufs)
		r.parsers[1].Close(&a.bufs)
	}
	a.states.forget(c)
}
